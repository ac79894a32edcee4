"""Prints for each install how many tickets wait for an answer and how long the oldest has waited, with polars.

    python polars_report.py 'eu-*'
"""

import sys

import gettickets
import polars as pl


def main(profiles: str) -> None:
    fleet = gettickets.Fleet.from_profiles(*profiles.split(","))
    scan = fleet.tickets(status=gettickets.Status.AWAITING_REPLY)
    waiting = scan.to_polars(columns=["install", "tid", "lastreply"])
    report = (
        waiting.sort("lastreply")
        .group_by("install", maintain_order=True)
        .agg(
            pl.len().alias("tickets"),
            pl.col("lastreply").first().alias("since"),
            pl.col("tid").first().alias("longest"),
        )
        .sort("install")
    )
    print(report.write_csv(), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
