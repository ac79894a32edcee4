"""Synchronizes an Iceberg table with the tickets of installs: upserts new and changed rows, deletes missing ones.

    python iceberg.py 'eu-*' ./lake

The first argument names profiles of gettickets, the second is a directory. The catalog is a SQLite file in that
directory; any other catalog of `pyiceberg` can be used as well. Requires `pyiceberg[sql-sqlite]` and `pyarrow`.
"""

import pathlib
import sys

import gettickets
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import And, EqualTo, In

# Upserts compare values, and lists cannot be compared. The access key `c` opens a ticket without a login.
COLUMNS = ["install", *(field.name for field in gettickets.FIELDS if field.name not in ("attachments", "c"))]


def main(profiles: str, directory: str) -> None:
    lake = pathlib.Path(directory).resolve()
    lake.mkdir(exist_ok=True)
    catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/catalog.db", warehouse=lake.as_uri())
    catalog.create_namespace_if_not_exists("whmcs")

    fleet = gettickets.Fleet.from_profiles(*profiles.split(","))
    # Raises an exception if an install could not be read completely, so nothing is deleted by mistake.
    tickets = fleet.tickets().to_arrow(columns=COLUMNS)
    table = catalog.create_table_if_not_exists("whmcs.tickets", schema=tickets.schema)
    stored = table.scan(selected_fields=("install", "id")).to_arrow().to_pylist()

    done = table.upsert(tickets, join_cols=["install", "id"])
    found = {(row["install"], row["id"]) for row in tickets.select(["install", "id"]).to_pylist()}
    gone = 0
    for install in fleet:
        ids = {row["id"] for row in stored if row["install"] == install and (install, row["id"]) not in found}
        gone += len(ids)
        if ids:
            table.delete(And(EqualTo("install", install), In("id", ids)))
    print(f"{done.rows_inserted} new, {done.rows_updated} changed, {gone} gone")


if __name__ == "__main__":
    main(*sys.argv[1:])
