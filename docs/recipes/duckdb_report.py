"""Prints the tickets of each install by month and status, with DuckDB.

    python duckdb_report.py 'eu-*'
"""

import sys

import duckdb
import gettickets


def main(profiles: str) -> None:
    fleet = gettickets.Fleet.from_profiles(*profiles.split(","))
    # DuckDB finds the table by the name of the variable.
    tickets = fleet.tickets().to_arrow(columns=["install", "status", "date"])
    report = duckdb.sql("""
        SELECT install, strftime(date, '%Y-%m') AS month, status, count(*) AS tickets
        FROM tickets GROUP BY ALL ORDER BY ALL
    """)
    for row in report.fetchall():
        print(*row, sep=",")


if __name__ == "__main__":
    main(*sys.argv[1:])
