"""Threads that share pages and clients, the interpreter's lock, and os.fork()."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import gettickets
from conftest import client_of, reply


def in_threads(count, work):
    """Runs a function in this many threads that begin together, and returns the result of each."""
    barrier = threading.Barrier(count)

    def begin(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_a_hundred_threads_read_one_page(page):
    wanted = [ticket.to_dict() for ticket in page]
    for found in in_threads(100, lambda _: [ticket.to_dict() for ticket in page]):
        assert found == wanted


def test_a_hundred_threads_share_an_iterator(page):
    iterator = iter(page)
    found = in_threads(100, lambda _: [ticket.id for ticket in iterator])
    assert sorted(id for ids in found for id in ids) == sorted(ticket.id for ticket in page)


def test_a_hundred_threads_share_a_client(sandbox, client):
    found = in_threads(100, lambda number: client.get_tickets(limitstart=number, limitnum=1)[0].id)
    assert found == sandbox.ids()[:100]


def test_threads_share_a_scan(sandbox, client):
    scan = client.tickets(limitnum=20)
    found = in_threads(20, lambda _: [(ticket.id, ticket.to_dict()["id"], scan.report.tickets) for ticket in scan])
    yielded = sorted(id for some in found for id, same, _ in some if id == same)
    assert yielded == sorted(sandbox.ids())


def test_waiting_releases_the_interpreter_lock():
    with gettickets.Sandbox(quirks=["hang"]) as sandbox:
        waiting = threading.Thread(
            target=lambda: pytest.raises(TimeoutError, client_of(sandbox, timeout=1.5).get_tickets)
        )
        waiting.start()
        turns = 0
        while waiting.is_alive():
            turns += 1
            time.sleep(0.001)
        waiting.join()
    assert turns > 100


def test_decoding_releases_the_interpreter_lock():
    body = reply(*[{}] * 60_000).encode()
    decoding = threading.Thread(target=lambda: [gettickets.decode(body) for _ in range(4)])
    decoding.start()
    turns = 0
    while decoding.is_alive():
        turns += 1
        time.sleep(0.0005)
    decoding.join()
    assert turns > 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_after_a_fork_pages_work_and_everything_else_raises(sandbox, page):
    client = client_of(sandbox)
    asynchronous = gettickets.AsyncClient(sandbox.url, **sandbox.credentials)
    scan, begun = client.tickets(), client.tickets()
    next(begun)
    stream = begun.__arrow_c_stream__()
    uses = [
        client.get_tickets,
        client.tickets,
        lambda: next(scan),
        lambda: next(begun),
        lambda: list(begun),
        lambda: len(begun),
        lambda: begun.pages(),
        lambda: begun.report,
        lambda: begun.total,
        lambda: begun.error,
        begun.cursor,
        begun.__arrow_c_stream__,
        lambda: asynchronous.tickets(),
        lambda: asyncio.run(asynchronous.get_tickets()),
        lambda: sandbox.request_count,
        lambda: len(sandbox),
        sandbox.ids,
        lambda: sandbox.open(subject="x"),
        lambda: sandbox.reply(1),
        lambda: sandbox.churn(1),
    ]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = []
        try:
            said.append(str(len([ticket.to_dict() for ticket in page])))
            said.append(str(len(gettickets.decode(reply()))))
            for use in uses:
                try:
                    use()
                    said.append("worked")
                except gettickets.StateError as error:
                    said.append("refused" if "os.fork()" in str(error) and error.code == "forked" else str(error))
            # These calls have no effect and do not fail.
            begun.close(), sandbox.close(), repr(begun), repr(sandbox), repr(client)
            del stream, scan, begun, uses
            gc.collect()
            said.append(str(len(gettickets.Client(sandbox.url, **sandbox.credentials).get_tickets(limitnum=3))))
            new = gettickets.AsyncClient(sandbox.url, **sandbox.credentials)
            said.append(str(len(asyncio.run(new.get_tickets(limitnum=3)))))
        except BaseException as error:
            said.append(repr(error))
        finally:
            os.write(writing, " ".join(said).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == " ".join(["100", "1", *["refused"] * len(uses), "3", "3"])
    assert os.waitpid(child, 0)[1] == 0
    assert len(client.get_tickets()) == 25 and len(list(begun)) == 999


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_no_forked_child_hangs(sandbox, page):
    """Forks at random times, while other threads read scans, drop pages and log."""
    body = reply(*[{}] * 50).encode()
    over = threading.Event()
    client = client_of(sandbox)

    def busy():
        while not over.is_set():
            # On a busy machine the sandbox may close a connection that waits too long.
            with contextlib.suppress(gettickets.ConnectionFailedError):
                for _ in zip(range(60), client.tickets(limitnum=50)):
                    pass
            gettickets.decode(body).__arrow_c_stream__()

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    hung = []
    try:
        for _ in range(60):
            child = os.fork()
            if child == 0:
                try:
                    [ticket.to_dict() for ticket in gettickets.decode(body)]
                    for use in (lambda: client.get_tickets(), lambda: repr(client), lambda: page[0].subject):
                        try:
                            use()
                        except gettickets.StateError:
                            pass
                    gc.collect()
                finally:
                    os._exit(0)
            deadline = time.monotonic() + 30
            while os.waitpid(child, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    hung.append(child)
                    break
                time.sleep(0.001)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert hung == []
