"""Examples for type checkers: checked by mypy --strict and by pyright, and run by pytest."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from typing_extensions import assert_type

import gettickets
from gettickets import Page, Report, Scan, Status, Ticket, Version


def read(client: gettickets.Client) -> list[str]:
    page = client.get_tickets(status=Status.ALL_ACTIVE, limitnum=5, ignore_dept_assignments=True)
    assert_type(page, Page)
    assert_type(page[0], Ticket)
    assert_type(page[1:], Page)
    assert_type(page.totalresults, "int | None")
    assert_type(page.detected_version.version, Version)
    assert_type([finding.places for finding in page.findings], "list[tuple[str, ...]]")
    subjects: list[str] = []
    for ticket in page:
        assert_type(ticket.id, int)
        assert_type(ticket.owner_name, "str | None")
        assert_type(ticket.lastreply, "datetime | None")
        assert_type(ticket.attachments, "tuple[gettickets.Attachment, ...] | None")
        subjects.append(ticket.subject)
        match ticket:
            case Ticket(status=Status.OPEN, id=id):
                assert_type(id, int)
            case _:
                pass
    as_sequence: Sequence[Ticket] = page
    assert_type(as_sequence[0], Ticket)
    return subjects


def words() -> list[gettickets.Status]:
    assert_type(len(gettickets.Priority), int)
    return list(gettickets.Status)


def scan(client: gettickets.Client, since: datetime) -> Report:
    scan = client.tickets(updated_since=since, full=True, concurrency=2, on_unreadable="skip", progress=print)
    assert_type(scan, Scan)
    iterator: Iterator[Ticket] = scan
    assert_type(next(iterator), Ticket)
    for page in scan.pages():
        assert_type(page, Page)
    assert_type(scan.cursor(), str)
    return scan.report


async def read_later(sandbox: gettickets.Sandbox) -> int:
    async with gettickets.AsyncClient(sandbox.url, **sandbox.credentials) as client:
        page = await client.get_tickets(limitnum=5)
        assert_type(page, Page)
        async for ticket in client.tickets():
            assert_type(ticket, Ticket)
            break
        async for one in client.tickets().pages():
            assert_type(one, Page)
            break
        return len(page)


def refused(client: gettickets.Client) -> str | None:
    try:
        client.get_tickets()
    except gettickets.IpNotAllowedError as error:
        return error.seen_address
    except gettickets.DecodeError as error:
        assert_type(error.offset, "int | None")
    except gettickets.Error as error:
        return error.hint
    return None


def decode(body: bytes) -> Version:
    for saved in (body, bytearray(body), memoryview(body), body.decode()):
        gettickets.decode(saved, strict=False, timezone="Europe/Berlin")
    return gettickets.decode(body).detected_version.version


def several(fleet: gettickets.Fleet, database: Path) -> dict[str, gettickets.MirrorReport]:
    for install, ticket in fleet.tickets(status=Status.OPEN, on_error="report"):
        assert_type(install, str)
        assert_type(ticket, Ticket)
    for install, page in fleet.tickets().pages():
        assert_type(page, Page)
    scan = fleet.tickets()
    assert_type(scan.reports["eu"], Report)
    assert_type(scan.errors, "dict[str, gettickets.Error]")
    with gettickets.Mirror(database) as mirror:
        assert_type(mirror.run(fleet["eu"], name="eu"), gettickets.MirrorReport)
        try:
            return mirror.run(fleet, full=True)
        except gettickets.MirrorIncompleteError as error:
            assert_type(error.reports["eu"].error, "gettickets.Error | None")
            raise


def main() -> None:
    with gettickets.Sandbox(tickets=50, quirks=["bom"]) as sandbox:
        with gettickets.Client(sandbox.url, **sandbox.credentials) as client:
            assert len(read(client)) == 5
            assert scan(client, datetime(2000, 1, 1)).tickets > 40
            assert refused(client) is None
            with tempfile.TemporaryDirectory() as folder:
                assert several(gettickets.Fleet({"eu": client}), Path(folder) / "tickets.db")["eu"].complete
            assert decode(client.get_tickets().to_wire("7.10")) == Version("7.10")
        assert asyncio.run(read_later(sandbox)) == 5


if __name__ == "__main__":
    main()
