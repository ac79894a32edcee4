"""Scans: every ticket, once, and honest about it."""

import contextlib
import threading
from datetime import timedelta, timezone
from itertools import islice

import pytest

import gettickets
from conftest import client_of


def test_a_scan_tells_every_ticket_once(sandbox, client):
    scan = client.tickets(limitnum=50)
    assert iter(scan) is scan
    ids = [ticket.id for ticket in scan]
    assert ids == sandbox.ids() and next(scan, None) is None
    report = scan.report
    assert report.tickets == 1000 == report.total == scan.total and report.pages >= 20 and not report.holes
    assert report.requests >= report.pages and (report.retries, report.renewed) == (0, ())


def test_a_scan_shows_where_it_is(sandbox, client):
    scan, place = client.tickets(limitnum=100), f"{sandbox.url}includes/api.php"
    before = sandbox.request_count
    assert repr(scan) == f"<gettickets.Scan of {place} at 0>" and sandbox.request_count == before
    first = list(islice(scan, 250))
    assert repr(scan) == f"<gettickets.Scan of {place} at {len(first)} of 1,000>"
    scan.close()
    assert repr(scan) == f"<gettickets.Scan of {place}, closed>"
    with gettickets.Sandbox(tickets=10, quirks=["not-permitted"]) as refusing:
        failed = client_of(refusing).tickets()
        with pytest.raises(gettickets.PermissionDeniedError):
            next(failed)
        assert repr(failed).endswith(", ended in an error>")


def test_a_scan_that_is_read_elsewhere_shows_itself_at_once():
    with gettickets.Sandbox(tickets=10, quirks=["hang"]) as sandbox, client_of(sandbox, timeout=30) as client:
        scan = client.tickets()

        def read():
            with contextlib.suppress(gettickets.Error):
                next(scan)

        thread = threading.Thread(target=read)
        thread.start()
        shown = {repr(scan) for _ in range(1000)}
        assert thread.is_alive()
    thread.join()
    assert {text.rpartition("api.php")[2] for text in shown} <= {" at 0>", ", being read>"}


def test_a_report_shows_what_there_is_to_tell(client):
    assert repr(client.tickets().report) == "<gettickets.Report of nothing yet>"
    whole = dict.fromkeys(gettickets.Report._fields, 0)
    report = gettickets.Report(**{**whole, "tickets": 1000, "renewed": (5, 7), "holes": (), "total": None})
    assert repr(report) == "<gettickets.Report tickets: 1,000, renewed: 2>"


def test_nothing_is_sent_before_the_first_ticket_is_asked_for(sandbox, client):
    before = sandbox.request_count
    scan = client.tickets()
    assert scan.report.requests == 0 and scan.total is None and scan.cursor() and sandbox.request_count == before
    next(scan)
    assert sandbox.request_count > before
    scan.close()


def test_a_scan_comes_page_by_page_too(sandbox, client):
    scan = client.tickets(limitnum=100)
    first = [ticket.id for ticket in islice(scan, 30)]
    pages = list(scan.pages())
    assert all(isinstance(page, gettickets.Page) and len(page) for page in pages)
    assert first + [ticket.id for page in pages for ticket in page] == sandbox.ids()
    assert len(pages[0]) == 70 and pages[0].totalresults is None and pages[0].findings == ()


@pytest.mark.parametrize("told", [0, 1, 99, 100, 101, 999, 1000])
def test_a_scan_goes_on_where_another_stood(sandbox, client, told):
    scan = client.tickets(limitnum=100)
    first = [ticket.id for ticket in islice(scan, told)]
    cursor = scan.cursor()
    assert isinstance(cursor, str) and "sandbox-secret" not in cursor
    rest = [ticket.id for ticket in client.tickets(limitnum=100, resume=cursor)]
    assert len(first) == told and sorted(first + rest) == sorted(sandbox.ids())
    assert [ticket.id for ticket in scan] == rest


def test_a_cursor_of_another_scan_is_refused(client):
    cursor = client.tickets().cursor()
    with pytest.raises(ValueError, match="another server or another request"):
        client.tickets(status="Open", resume=cursor)
    with pytest.raises(ValueError, match="no cursor"):
        client.tickets(resume="{}")
    with pytest.raises(TypeError):
        client.tickets(resume=5)


def test_tickets_since_a_moment(sandbox, client):
    everything = list(client.tickets())
    moment = everything[200].lastreply
    wanted = [ticket.id for ticket in everything if ticket.lastreply and ticket.lastreply >= moment]
    scan = client.tickets(updated_since=moment)
    assert [ticket.id for ticket in scan] == wanted and scan.report.requests < 8
    with pytest.raises(ValueError, match="has a time zone"):
        client.tickets(updated_since=moment.replace(tzinfo=timezone.utc))
    for bad in ("2026-01-01", moment.date(), 5):
        with pytest.raises(TypeError, match="updated_since must be a datetime"):
            client.tickets(updated_since=bad)
    aware = gettickets.Client(sandbox.url, **sandbox.credentials, timezone=timezone(timedelta(hours=2)))
    there = (moment - timedelta(hours=2)).replace(tzinfo=timezone.utc)
    for since in (there, moment):
        assert [ticket.id for ticket in aware.tickets(updated_since=since)] == wanted


def test_a_scan_of_a_list_that_moves_is_complete():
    with gettickets.Sandbox(tickets=500, quirks=["shifting"]) as sandbox:
        before = set(sandbox.ids())
        scan = client_of(sandbox, max_attempts=3).tickets(limitnum=50)
        found = [ticket.id for ticket in scan]
        stayed = before & set(sandbox.ids())
        assert len(found) == len(set(found)) and stayed <= set(found)
        assert scan.report.shifts + scan.report.closings > 0


def test_a_scan_that_cannot_be_sure_says_so():
    with gettickets.Sandbox(tickets=500, quirks=["ignore-limitstart"]) as sandbox:
        scan = client_of(sandbox).tickets()
        found = []
        with pytest.raises(gettickets.ScanIncompleteError) as error:
            for ticket in scan:
                found.append(ticket.id)
        assert error.value.problem and error.value.problem in str(error.value)
        assert len(found) == len(set(found)) < 500
        with pytest.raises(gettickets.ScanIncompleteError):
            list(scan)


def test_a_ticket_that_the_server_cannot_send_is_a_hole():
    with gettickets.Sandbox(tickets=1000, quirks=["malformed-utf8-deep"]) as sandbox:
        scan = client_of(sandbox).tickets()
        found = []
        with pytest.raises(gettickets.ScanIncompleteError, match="can't send 25 tickets"):
            for ticket in scan:
                found.append(ticket.id)
        assert sorted(found) == [id for id in range(1, 1001) if id % 40 != 17]
        holes = scan.report.holes
        assert len(holes) == 25 and all(hole.after in found and hole.nth == 0 for hole in holes)


def test_what_was_told_before_an_error_is_good():
    with gettickets.Sandbox(tickets=300) as sandbox:
        client = client_of(sandbox)
        scan = client.tickets(limitnum=100, max_requests=2)
        found = []
        with pytest.raises(gettickets.ScanIncompleteError):
            for ticket in scan:
                found.append(ticket.id)
        rest = [ticket.id for ticket in client.tickets(limitnum=100, resume=scan.cursor())]
        assert found and sorted(found + rest) == sorted(sandbox.ids())


def test_moments_of_a_scan_are_aware_too(sandbox):
    client = gettickets.Client(sandbox.url, **sandbox.credentials, timezone="Europe/Berlin")
    moments = [ticket.lastreply for page in client.tickets().pages() for ticket in page if ticket.lastreply]
    assert len(moments) > 900 and all(moment.tzinfo.key == "Europe/Berlin" for moment in moments)
    assert next(client.tickets()).lastreply.tzinfo is moments[0].tzinfo


def test_a_scan_closes(client):
    with client.tickets() as scan:
        next(scan)
    scan.close()
    for use in (
        lambda: next(scan),
        lambda: next(scan.pages()),
        scan.cursor,
        lambda: scan.report,
        lambda: scan.total,
    ):
        with pytest.raises(RuntimeError, match="the scan is closed"):
            use()


def test_a_scan_that_is_dropped_lets_go_of_its_server():
    for _ in range(20):
        with gettickets.Sandbox(tickets=300) as sandbox:
            next(client_of(sandbox).tickets())


def test_a_ticket_outlives_its_scan(client):
    scan = client.tickets()
    ticket = next(scan)
    wanted = ticket.to_dict()
    scan.close()
    del scan
    assert ticket.to_dict() == wanted and ticket == ticket


def test_an_exception_that_ended_a_scan_is_raised_again_whenever_more_is_asked_for():
    with gettickets.Sandbox(tickets=1000) as sandbox:
        scan = client_of(sandbox).tickets(max_requests=3)
        told = []
        for read in (next, next, lambda scan: next(scan.pages())):
            with pytest.raises(gettickets.ScanIncompleteError):
                told.extend(ticket.id for ticket in scan) if read is next else read(scan)
        assert told and len(set(told)) == len(told)
        rest = [ticket.id for ticket in client_of(sandbox).tickets(resume=scan.cursor())]
        assert sorted(told + rest) == sorted(sandbox.ids())
