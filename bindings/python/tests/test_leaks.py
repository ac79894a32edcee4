"""Leaks: memory, threads and connections over many rounds."""

import asyncio
import gc
import resource
import sys
import threading

import pytest

import gettickets
from conftest import client_of, reply

BODY = reply(*[{"requestor_name": None, "deptname": "é"}] * 50, note=[1]).encode()


def decode_and_read():
    page = gettickets.decode(BODY, timezone="Europe/Berlin")
    for ticket in page:
        ticket.to_dict(), ticket.to_json(), repr(ticket), hash(ticket), ticket.raw("date"), ticket.extra
        ticket.subject_text, ticket.cc_addresses, ticket.related_service, ticket.fields
    (
        page.to_dict(),
        page.to_json(),
        page.findings,
        page.detected_version,
        page.extra,
        page[3:4],
        page[::-2],
        page.as_of_version("1.0"),
    )
    assert page[0] in page and page == page[:]


def refuse():
    for body in (b"", b"<html>", b"{", reply({"id": "x"}), '{"result":"error","message":"Access Denied"}', 5):
        with pytest.raises((gettickets.Error, TypeError)):
            gettickets.decode(body)


def stream():
    page = gettickets.decode(BODY)
    page.__arrow_c_stream__(), page.__arrow_c_schema__()


def build():
    gettickets.Ticket(id=1, subject="x" * 1000, extra={"a": [1]})


WORK = {work.__name__: work for work in (decode_and_read, refuse, stream, build)}


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("work", WORK)
def test_no_objects_leak(work):
    work = WORK[work]
    for _ in range(30):
        work()
    gc.collect()
    objects, memory = len(gc.get_objects()), resident()
    counts = [sys.getrefcount(thing) for thing in (None, BODY, gettickets.Status.OPEN, gettickets.Ticket)]
    for _ in range(300):
        work()
    grown = len(gc.get_objects()), resident()
    after = [sys.getrefcount(thing) for thing in (None, BODY, gettickets.Status.OPEN, gettickets.Ticket)]
    assert abs(grown[0] - objects) < 100
    assert all(abs(new - old) < 100 for new, old in zip(after, counts))
    assert grown[1] - memory < 8 << 20, f"{(grown[1] - memory) >> 10} KiB"


def test_requests_and_scans_leave_no_threads_and_no_memory(sandbox):
    client = client_of(sandbox)

    def ask():
        client.get_tickets(limitnum=5)
        next(client.tickets(limitnum=10))
        asyncio.run(gettickets.AsyncClient(sandbox.url, **sandbox.credentials).get_tickets(limitnum=5))

    def threads():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Threads:"))

    for _ in range(5):
        ask()
    wait = threading.Event()
    # The threads of the scans above end by themselves.
    wait.wait(1)
    before, running = resident(), threads()
    for _ in range(60):
        ask()
    for _ in range(100):
        if threads() <= running + 2:
            break
        wait.wait(0.1)
    assert threads() <= running + 2 and resident() - before < 16 << 20


def test_a_page_keeps_its_body_and_releases_it():
    body = BODY + b" " * 100
    before = sys.getrefcount(body)
    page = gettickets.decode(body)
    assert sys.getrefcount(body) == before + 1, "it is not copied"
    part, ticket = page[1:2], page[5]
    del page
    assert sys.getrefcount(body) == before + 1 and part[0].id == 2 and ticket.id == 6
    del part, ticket
    assert sys.getrefcount(body) == before
