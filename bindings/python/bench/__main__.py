"""Compares gettickets with its Python peers, by the rules of `cargo xtask bench`.

usage: python bench TABLE BODY TICKETS SECONDS [ONLY…]

TABLE is `python`, `python-xml` or `python-frames`, BODY a file with a reply of TICKETS tickets. Contenders take turns for
about so many seconds; those whose name contains one of ONLY, if any is given. Rows are printed as one JSON array.
"""

import gc
import json
import sys
import time
from collections.abc import Callable

LEAST_REPETITIONS = 5
MOST_REPETITIONS = 5_000
SHORTEST_TURN = 5_000_000
"""In nanoseconds. Garbage collection empties the caches, which would dominate the time of a single small page."""

Contender = Callable[[bytes], object]


def main() -> None:
    table, path, tickets, seconds, *only = sys.argv[1:]
    # Peers are imported only for their own table: some take a second.
    if table == "python":
        from decoding import CONTENDERS
    elif table == "python-xml":
        from xml_decoding import CONTENDERS
    elif table == "python-frames":
        from frames import CONTENDERS
    else:
        raise SystemExit(f"{table!r} is not a table")
    with open(path, "rb") as file:
        body = file.read()
    contenders = {name: run for name, run in CONTENDERS.items() if not only or any(word in name for word in only)}
    times = round_robin(contenders, body, float(seconds))
    rows = [
        {
            "contender": name,
            "tickets": int(tickets),
            "bytes": len(body),
            "turns_ns": taken,
        }
        for name, taken in times.items()
    ]
    json.dump(rows, sys.stdout)


def round_robin(contenders: dict[str, Contender], body: bytes, seconds: float) -> dict[str, list[int]]:
    """Nanoseconds of each turn. Each round begins with a different candidate; the first round is a warm-up."""
    names = list(contenders)
    times: dict[str, list[int]] = {name: [] for name in names}
    start = time.monotonic()
    for turn in range(-1, MOST_REPETITIONS):
        if turn >= LEAST_REPETITIONS and time.monotonic() - start >= seconds:
            break
        first = turn % max(len(names), 1)
        for name in names[first:] + names[:first]:
            taken = timed(contenders[name], body)
            if turn >= 0:
                times[name].append(taken)
    return times


def timed(run: Contender, body: bytes) -> int:
    """The average time of a decode in one turn, in nanoseconds, over as many decodes as fill a few milliseconds.

    The time includes freeing the result before the next decode, as in timeit, because every program has to free its
    objects. The cycle collector has its default settings: it runs when enough objects were created, within the time,
    and has no garbage from before to find.
    """
    run(body)
    gc.collect()
    count, took = 0, 0
    began = time.perf_counter_ns()
    while took < SHORTEST_TURN:
        run(body)
        count += 1
        took = time.perf_counter_ns() - began
    return took // count


if __name__ == "__main__":
    main()
