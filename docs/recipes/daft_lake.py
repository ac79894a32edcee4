"""Writes the tickets of installs as Parquet files, a directory for each install, with Daft.

    python daft_lake.py 'eu-*' ./tickets

Daft runs on one machine, or on a Ray cluster after `daft.set_runner_ray()`.
"""

import sys

import daft
import gettickets


def main(profiles: str, directory: str) -> None:
    fleet = gettickets.Fleet.from_profiles(*profiles.split(","))
    columns = ["install", *(field.name for field in gettickets.FIELDS if not field.sensitive)]
    tickets = daft.from_arrow(fleet.tickets().to_arrow(columns=columns))
    files = tickets.write_parquet(directory, partition_cols=["install"], write_mode="overwrite")
    print(f"{tickets.count_rows()} tickets in {len(files.to_pydict()['path'])} files")


if __name__ == "__main__":
    main(*sys.argv[1:])
