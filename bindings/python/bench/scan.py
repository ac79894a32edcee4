"""The Python programs of `cargo xtask bench scan`: whole jobs against a server, by gettickets and by its peers.

Reads one job a line from standard input, as JSON, does it, and writes what it took: the time by the clock, the CPU
time of this process, how often the job was done, and how many tickets one job returned.
"""

import asyncio
import gc
import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import aiohttp
import httpx
import orjson
import polars
import requests
import whmcspy
from peers import DECODER, Reply

import gettickets

PAGES = 100
"""The number of requests for one page in a turn; a single page takes a millisecond or two."""


def main() -> None:
    # whmcspy disables certificate verification, and its HTTP library warns of that at each request.
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        order = json.loads(line)
        job = JOBS[order["run"]](order)
        gc.collect()
        cpu, began = cpu_seconds(), time.perf_counter()
        times, tickets = job()
        seconds = time.perf_counter() - began
        done = {"times": times, "seconds": seconds, "cpu_seconds": cpu_seconds() - cpu, "tickets": tickets}
        print(json.dumps(done), flush=True)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


Job = Callable[[], tuple[int, int]]
"""Does a job; returns how often, and the number of tickets of one job."""


def client(order: dict) -> gettickets.Client:
    return gettickets.Client(order["url"], identifier=order["identifier"], secret=order["secret"])


def ours(order: dict) -> Job:
    def run() -> tuple[int, int]:
        tickets = 0
        for _ticket in client(order).tickets(limitnum=order["page"]):
            tickets += 1
        return 1, tickets

    return run


def ours_polars(order: dict) -> Job:
    return lambda: (1, polars.DataFrame(client(order).tickets(limitnum=order["page"])).height)


def form(order: dict, start: int) -> dict:
    return {
        "action": "GetTickets",
        "identifier": order["identifier"],
        "secret": order["secret"],
        "responsetype": "json",
        "limitstart": start,
        "limitnum": order["page"],
    }


def loop(order: dict) -> Iterator[dict]:
    """The obvious way."""
    with httpx.Client() as http:
        start = 0
        while True:
            reply = http.post(order["url"] + "includes/api.php", data=form(order, start))
            page = orjson.loads(reply.content)["tickets"]["ticket"]
            if not page:
                return
            yield from page
            start += len(page)


def loop_tickets(order: dict) -> Job:
    def run() -> tuple[int, int]:
        tickets = 0
        for _ticket in loop(order):
            tickets += 1
        return 1, tickets

    return run


def loop_polars(order: dict) -> Job:
    return lambda: (1, polars.DataFrame(list(loop(order))).height)


async def aiohttp_page(http: aiohttp.ClientSession, order: dict, start: int) -> Reply:
    async with http.post(order["url"] + "includes/api.php", data=form(order, start)) as reply:
        return DECODER.decode(await reply.read())


def aiohttp_loop(order: dict) -> Job:
    """One request after another."""

    async def run() -> tuple[int, int]:
        tickets = 0
        async with aiohttp.ClientSession() as http:
            while page := (await aiohttp_page(http, order, tickets)).tickets.ticket:
                tickets += len(page)
        return 1, tickets

    return lambda: asyncio.run(run())


AT_ONCE = 4
"""The number of requests that gettickets sends at once by default."""


def aiohttp_at_once(order: dict) -> Job:
    """The number of tickets is taken from the first page; then several pages are requested at once."""

    async def run() -> tuple[int, int]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as http:
            first = await aiohttp_page(http, order, 0)
            size = len(first.tickets.ticket)
            starts = range(size, first.totalresults, size)
            pages = await asyncio.gather(*(aiohttp_page(http, order, start) for start in starts))
        return 1, size + sum(len(page.tickets.ticket) for page in pages)

    return lambda: asyncio.run(run())


def whmcspy_tickets(order: dict) -> Job:
    api = whmcspy.WHMCS(order["url"] + "includes/api.php", order["identifier"], order["secret"])
    return lambda: (1, sum(1 for _ in api.get_tickets()))


def repeated(page: Callable[[], int]) -> Job:
    """A job that opens its connection before the clock starts and then requests many pages."""
    page()

    def run() -> tuple[int, int]:
        for _ in range(PAGES):
            tickets = page()
        return PAGES, tickets

    return run


def ours_page(order: dict) -> Job:
    one = client(order)
    return repeated(lambda: len(one.get_tickets(limitnum=order["page"])))


def requests_page(order: dict) -> Job:
    session = requests.Session()

    def page() -> int:
        reply = session.post(order["url"] + "includes/api.php", data=form(order, 0))
        return len(reply.json()["tickets"]["ticket"])

    return repeated(page)


def httpx_page(order: dict) -> Job:
    http = httpx.Client()

    def page() -> int:
        reply = http.post(order["url"] + "includes/api.php", data=form(order, 0))
        return len(orjson.loads(reply.content)["tickets"]["ticket"])

    return repeated(page)


JOBS: dict[str, Callable[[dict], Job]] = {
    "tickets": ours,
    "loop": loop_tickets,
    "aiohttp": aiohttp_loop,
    "aiohttp-at-once": aiohttp_at_once,
    "whmcspy": whmcspy_tickets,
    "polars": ours_polars,
    "loop-polars": loop_polars,
    "page": ours_page,
    "page-requests": requests_page,
    "page-httpx": httpx_page,
}


if __name__ == "__main__":
    main()
