"""Measures memory for each ticket kept, the time of an import, and the size of the package.

usage: python footprint.py WHEEL BODY TICKETS [BODY TICKETS…]    all figures, as one JSON array
       python footprint.py --hold CONTENDER BODY TICKETS         bytes a ticket that one contender keeps

BODY is a file with a reply of TICKETS tickets. Memory is what the kernel counts as resident. Each contender has a
process of its own and keeps so many pages, each from a body of its own, that everything else is negligible.
"""

import ctypes
import gc
import json
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

TICKETS_HELD = 200_000
LEAST_PAGES = 2
IMPORTS = 40
"""How often an interpreter is started with the package, and equally often without it."""

MEGABYTE = 1e6


def main() -> None:
    if sys.argv[1] == "--hold":
        contender, body, tickets = sys.argv[2:]
        print(held(contenders()[contender], body, int(tickets)))
        return
    wheel, *pages = sys.argv[1:]
    figures = []
    for body, tickets in zip(pages[::2], pages[1::2], strict=True):
        figures += memory(body, tickets)
    figures.append(figure("import gettickets, over bare Python", import_time(), "ms", 15))
    figures.append(figure("wheel", Path(wheel).stat().st_size / MEGABYTE, "MB", 8))
    with zipfile.ZipFile(wheel) as files:
        native = sum(file.file_size for file in files.infolist() if file.filename.endswith(".so"))
    figures.append(figure("native library in it", native / MEGABYTE, "MB"))
    json.dump(figures, sys.stdout)


def figure(what: str, value: float, unit: str, at_most: float | None = None) -> dict:
    return {"what": what, "value": value, "unit": unit, "at_most": at_most}


def contenders() -> dict[str, Callable[[bytes], object]]:
    import orjson
    from peers import DECODER

    import gettickets

    return {
        "ours": gettickets.decode,
        "ours, compact": lambda body: gettickets.decode(body).compact(),
        "msgspec": DECODER.decode,
        "orjson, dicts": orjson.loads,
    }


def memory(body: str, tickets: str) -> list[dict]:
    """Each candidate's memory for a ticket; the goal for gettickets is at most half of msgspec's."""
    taken = {}
    for name in contenders():
        command = [sys.executable, __file__, "--hold", name, body, tickets]
        taken[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    goals = {"ours": taken["msgspec"] / 2}
    page = f"{int(tickets):,} a page"
    return [figure(f"a ticket held, {page}: {name}", size, "B", goals.get(name)) for name, size in taken.items()]


def held(decode: Callable[[bytes], object], path: str, tickets: int) -> float:
    def page() -> object:
        return decode(Path(path).read_bytes())

    # Creates the objects that exist once, independent of the number of pages.
    page()
    before = resident()
    count = max(LEAST_PAGES, TICKETS_HELD // tickets)
    pages = [page() for _ in range(count)]
    taken = resident() - before
    return taken / len(pages) / tickets


def resident() -> int:
    """Bytes in memory, without garbage and without free memory of the C library."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def import_time() -> float:
    """Milliseconds: the median of runs, alternating with runs without the package."""
    times: dict[str, list[float]] = {"pass": [], "import gettickets": []}
    for _ in range(IMPORTS):
        for statement, taken in times.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-I", "-c", statement], check=True)
            taken.append((time.perf_counter() - began) * 1e3)
    bare, with_package = (statistics.median(taken) for taken in times.values())
    return with_package - bare


if __name__ == "__main__":
    main()
