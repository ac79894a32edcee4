"""Sends a request for each fault of the catalog, and reports the outcome: `faults.py sync|async`.

`crates/faults/src/driver.rs` describes the file of faults and the report. `gettickets-faults python` runs this program.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import pickle
import sys
import threading
import time
import traceback

import gettickets

JOBS = 8

_writing = threading.Lock()


def settings(row):
    """The arguments of a client for this row."""
    _, url, proxy, login, timeout, _ = row
    names = ("username", "password") if login == "admin" else ("identifier", "secret")
    return {
        "url": url,
        **{name: os.environ[f"GETTICKETS_{name.upper()}"] for name in (*names, "access_key")},
        "timeout": int(timeout) / 1000,
        "connect_timeout": int(timeout) / 1000,
        "max_attempts": 1,
        "max_response_len": int(os.environ["GETTICKETS_FAULTS_MAX_RESPONSE_LEN"]),
        "root_certificates": os.environ["GETTICKETS_FAULTS_ROOTS"],
        "proxy": proxy or False,
    }


def outcome_of(error):
    words = [error.code]
    if error.http_status is not None:
        words.append(f"HTTP {error.http_status}")
    wait = getattr(error, "retry_after", None)
    if wait is not None:
        words.append(f"wait {int(wait)}")
    words += ["retryable"] * error.is_retryable + ["sent"] * error.may_have_been_sent
    return " ".join(words)


def shown(client, error):
    """Everything that a program can show of an error, and of the client that raised it."""
    parts = [repr(client), repr(vars(client)), str(error), repr(error), repr(vars(error))]
    parts += traceback.format_exception(type(error), error, error.__traceback__)
    parts.append(pickle.dumps(error).decode("utf-8", "backslashreplace"))
    with contextlib.suppress(TypeError, pickle.PicklingError):
        parts.append(pickle.dumps(client).decode("utf-8", "backslashreplace"))
    return "\n".join(parts)


def report(row, start, client, page, error):
    elapsed = int((time.monotonic() - start) * 1000)
    if error is None:
        outcome, kind, text = f"page {len(page)}", "Page", repr(page) + repr(page.findings)
    else:
        outcome, kind, text = outcome_of(error), type(error).__name__, shown(client, error)
    with _writing:
        print(row[0], outcome, kind, elapsed, sep="\t", flush=True)
        print(row[0], text, file=sys.stderr)


def call(row):
    start = time.monotonic()
    with gettickets.Client(**settings(row)) as client:
        page = error = None
        try:
            for _ in range(int(row[5])):
                page = client.get_tickets()
        except gettickets.Error as raised:
            error = raised
        report(row, start, client, page, error)


async def call_async(row, free):
    async with free:
        start = time.monotonic()
        async with gettickets.AsyncClient(**settings(row)) as client:
            page = error = None
            try:
                for _ in range(int(row[5])):
                    page = await client.get_tickets()
            except gettickets.Error as raised:
                error = raised
            report(row, start, client, page, error)


async def call_all(rows):
    free = asyncio.Semaphore(JOBS)
    await asyncio.gather(*(call_async(row, free) for row in rows))


def main():
    logging.basicConfig(level=1, stream=sys.stderr)
    with open(os.environ["GETTICKETS_FAULTS"], encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    if sys.argv[1] == "async":
        asyncio.run(call_all(rows))
    else:
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(call, rows))


if __name__ == "__main__":
    main()
