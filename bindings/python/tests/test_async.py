"""AsyncClient: requests and scans in asyncio, and their cancellation."""

import asyncio
import gc
import subprocess
import sys

import pytest

import gettickets
from conftest import SilentServer
from gettickets import AsyncClient


def run(main):
    return asyncio.run(asyncio.wait_for(main, 60))


def async_client(sandbox, **settings):
    return AsyncClient(sandbox.url, **{**sandbox.credentials, **settings})


def test_a_page_and_a_scan_can_be_awaited(sandbox, client):
    async def main():
        async with async_client(sandbox) as client:
            page = await client.get_tickets(status="Open", limitnum=10)
            scan = client.tickets(limitnum=100)
            assert repr(client) == f"<gettickets.AsyncClient of {sandbox.url}includes/api.php>"
            ids = [ticket.id async for ticket in scan]
            assert scan.report.tickets == 1000 == scan.total and scan.cursor()
            return page, ids

    page, ids = run(main())
    assert page == client.get_tickets(status="Open", limitnum=10) and ids == sandbox.ids()


def test_a_scan_yields_pages(sandbox):
    async def main():
        scan = async_client(sandbox).tickets(limitnum=100)
        assert repr(scan) == f"<gettickets.AsyncScan of {sandbox.url}includes/api.php at 0>"
        first = await scan.__anext__()
        return [first.id] + [ticket.id async for page in scan.pages() for ticket in page]

    assert run(main()) == sandbox.ids()


def test_a_hundred_tasks_share_a_client(sandbox):
    async def main():
        client = async_client(sandbox)
        pages = await asyncio.gather(*(client.get_tickets(limitstart=at, limitnum=1) for at in range(100)))
        return [page[0].id for page in pages]

    assert run(main()) == sandbox.ids()[:100]


def test_exceptions_are_the_same_as_those_of_client(sandbox):
    async def main():
        client = async_client(sandbox, secret="another")
        with pytest.raises(gettickets.AuthenticationError):
            await client.get_tickets()
        scan = client.tickets()
        with pytest.raises(gettickets.AuthenticationError):
            await scan.__anext__()
        with pytest.raises(gettickets.AuthenticationError):
            await scan.__anext__()
        assert isinstance(scan.error, gettickets.AuthenticationError)
        with pytest.raises(TypeError):
            await client.get_tickets(limit=1)
        with pytest.raises(ValueError):
            client.tickets(limitnum=-1)

    run(main())


def test_the_event_loop_runs_while_a_request_waits():
    async def main():
        with gettickets.Sandbox(quirks=["slow"]) as sandbox:
            request = asyncio.ensure_future(async_client(sandbox, timeout=30).get_tickets())
            turns = 0
            while not request.done() and turns < 20:
                await asyncio.sleep(0.01)
                turns += 1
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
            return turns

    assert run(main()) == 20


LIMITS = {"identifier": "i", "secret": "s", "timeout": None, "total_timeout": None, "max_attempts": 1000}


async def sees(server, condition):
    await asyncio.to_thread(server.sees, condition)


def test_a_canceled_task_closes_its_connection_and_sends_nothing_further():
    async def main(server):
        request = asyncio.ensure_future(AsyncClient(server.url, **LIMITS).get_tickets())
        await sees(server, lambda: server.open == 1)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await sees(server, lambda: server.open == 0)
        await asyncio.sleep(1)
        assert server.connections == 1

    with SilentServer() as server:
        run(main(server))


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_closed_or_dropped_scan_closes_its_connection_and_sends_nothing(end):
    async def main(server):
        scan = AsyncClient(server.url, **LIMITS).tickets()
        waiting = asyncio.ensure_future(scan.__anext__())
        await sees(server, lambda: server.open == 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if end == "close":
            await scan.aclose()
        del scan, waiting
        gc.collect()
        await sees(server, lambda: server.open == 0)
        await asyncio.sleep(1)
        assert server.connections == 1

    with SilentServer() as server:
        run(main(server))


def test_a_canceled_request_is_not_retried():
    async def main():
        # The server does not reply to the first of three requests.
        with gettickets.Sandbox(quirks=["hang"]) as sandbox:
            client = async_client(sandbox, max_attempts=3, timeout=1)
            with pytest.raises((asyncio.TimeoutError, TimeoutError)):
                await asyncio.wait_for(client.get_tickets(), 0.1)
            await asyncio.sleep(1.5)
            assert sandbox.request_count == 1
            assert len(await client.get_tickets()) == 25

    run(main())


def test_a_thousand_concurrent_calls_use_one_request_thread():
    """Runs in a separate process, whose threads are counted; the server is in this process."""
    code = """
import asyncio, pathlib, sys, gettickets

def threads():
    return sorted((task / "comm").read_text().strip() for task in pathlib.Path("/proc/self/task").iterdir())

async def main():
    limits = {"timeout": None, "total_timeout": None, "connect_timeout": None}
    client = gettickets.AsyncClient(sys.argv[1], identifier="i", secret="s", **limits)
    calls = [asyncio.ensure_future(client.get_tickets()) for _ in range(1000)]
    await asyncio.to_thread(sys.stdin.readline)
    print(threads(), flush=True)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)

asyncio.run(main())
"""
    with SilentServer() as server:
        command = [sys.executable, "-c", code, server.url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            try:
                server.sees(lambda: server.open >= 500)
                child.stdin.write("\n")
                child.stdin.flush()
                found = child.stdout.readline()
            finally:
                child.stdin.close()
        assert child.returncode == 0
    # The main thread, the thread that reads standard input, the runtime, and the thread that notifies event loops.
    assert found.count("gettickets-asyn") == 1 and len(found.split(",")) == 4, found


def test_the_interpreter_can_end_while_calls_complete():
    """A thread of the library that enters Python while the interpreter ends would abort the process."""
    code = """
import asyncio, sys, gettickets

async def main():
    client = gettickets.AsyncClient(sys.argv[1], identifier="i", secret="s")
    calls = [asyncio.ensure_future(client.get_tickets()) for _ in range(300)]
    await asyncio.sleep(0.05)
    for call in calls:
        call.cancel()

asyncio.run(main())
"""
    with SilentServer() as server:
        for _ in range(8):
            child = subprocess.run(
                [sys.executable, "-c", code, server.url], capture_output=True, text=True, timeout=60
            )
            assert (child.returncode, child.stderr) == (0, "")


def test_reading_the_state_of_a_scan_does_not_block_the_event_loop():
    async def main():
        with gettickets.Sandbox(tickets=100, quirks=["hang"]) as sandbox:
            scan = async_client(sandbox, timeout=30).tickets()
            waiting = asyncio.ensure_future(scan.__anext__())
            while not sandbox.request_count:
                await asyncio.sleep(0.001)
            for _ in range(100):
                state = repr(scan), scan.report.requests, scan.total, scan.cursor(), scan.error, scan._repr_html_()
            assert state[2] is None and not waiting.done()
            await scan.aclose()
            with pytest.raises(gettickets.StateError):
                await waiting
            assert scan.report.tickets == 0 and scan.cursor()

    run(main())


def test_canceling_a_wait_for_a_ticket_loses_no_ticket():
    async def main():
        with gettickets.Sandbox(tickets=300, quirks=["flaky-503"]) as sandbox:
            scan = async_client(sandbox).tickets(limitnum=20)
            found, cancelled = [], 0
            while True:
                try:
                    ticket = await asyncio.wait_for(scan.__anext__(), 0.05)
                except (asyncio.TimeoutError, TimeoutError):
                    cancelled += 1
                except StopAsyncIteration:
                    return found, cancelled, sandbox.ids()
                else:
                    found.append(ticket.id)

    found, cancelled, ids = run(main())
    assert found == ids and cancelled > 0


def test_a_closed_event_loop_is_not_notified(sandbox, recwarn):
    async def abandon():
        client = async_client(sandbox)
        asyncio.ensure_future(client.get_tickets())
        await asyncio.sleep(0)

    for _ in range(50):
        asyncio.run(abandon())
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_one_client_serves_many_event_loops(sandbox):
    client = async_client(sandbox)
    assert [len(asyncio.run(client.get_tickets(limitnum=3))) for _ in range(3)] == [3, 3, 3]


def test_a_client_and_a_scan_close(sandbox):
    async def main():
        client = async_client(sandbox)
        async with client.tickets() as scan:
            await scan.__anext__()
        with pytest.raises(gettickets.StateError, match="the scan is closed"):
            await scan.__anext__()
        assert scan.report.requests > 0 and scan.cursor()
        await client.aclose()
        with pytest.raises(RuntimeError, match="the client is closed"):
            await client.get_tickets()

    run(main())


def test_it_has_every_constructor_of_client(sandbox, monkeypatch, tmp_path):
    monkeypatch.setenv("GETTICKETS_URL", sandbox.url)
    client = AsyncClient.from_env(**sandbox.credentials)
    assert type(client) is AsyncClient and len(run(client.get_tickets())) == 25
    local = AsyncClient.local(tmp_path, php="no-such-php")
    assert type(local) is AsyncClient
    with pytest.raises(gettickets.LocalApiError):
        run(local.get_tickets())
