"""Synchronizes a Delta Lake table with the tickets of installs: merges new and changed rows, deletes missing ones.

    python delta_lake.py 'eu-*' ./tickets

The first argument names profiles of gettickets, the second is the table. Requires `deltalake` and `pyarrow`.
"""

import sys

import gettickets
from deltalake import DeltaTable, write_deltalake


def main(profiles: str, path: str) -> None:
    fleet = gettickets.Fleet.from_profiles(*profiles.split(","))
    # The access key `c` opens a ticket without a login.
    columns = ["install", *(field.name for field in gettickets.FIELDS if not field.sensitive)]
    # Raises an exception if an install could not be read completely, so nothing is deleted by mistake.
    tickets = fleet.tickets().to_arrow(columns=columns)
    if not DeltaTable.is_deltatable(path):
        write_deltalake(path, tickets)
        print(f"{len(tickets)} tickets in a new table")
        return
    # Only rows that differ are written; IS DISTINCT FROM treats two nulls as equal.
    compared = [name for name in columns if name != "attachments"]
    changed = " OR ".join(f"(target.{name} IS DISTINCT FROM source.{name})" for name in compared)
    installs = ", ".join("'" + name.replace("'", "''") + "'" for name in fleet)
    done = (
        DeltaTable(path)
        .merge(
            tickets,
            predicate="target.install = source.install AND target.id = source.id",
            source_alias="source",
            target_alias="target",
        )
        .when_matched_update_all(changed)
        .when_not_matched_insert_all()
        # Tickets of installs that were not read in this run are kept.
        .when_not_matched_by_source_delete(f"target.install IN ({installs})")
        .execute()
    )
    counts = [done[f"num_target_rows_{what}"] for what in ("inserted", "updated", "deleted")]
    print("{} new, {} changed, {} gone".format(*counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
