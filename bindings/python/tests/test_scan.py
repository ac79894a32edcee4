"""Scans: every ticket exactly once, or an error."""

import contextlib
import io
import operator
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from itertools import islice

import pytest

import gettickets
from conftest import SilentServer, client_of


def test_a_scan_returns_every_ticket_once(sandbox, client):
    scan = client.tickets(limitnum=50)
    assert iter(scan) is scan
    ids = [ticket.id for ticket in scan]
    assert ids == sandbox.ids() and next(scan, None) is None
    report = scan.report
    assert report.tickets == 1000 == report.total == scan.total and report.pages >= 20 and not report.unreadable
    assert report.requests >= report.pages and (report.retries, report.updated_ids, report.findings) == (0, (), ())
    assert report.endpoint == client.endpoint and report.page_sizes.max <= 50 and 1 <= report.concurrency <= 4


@pytest.mark.parametrize("kind", [list, tuple, set, iter])
def test_a_scan_of_several_statuses_returns_each_ticket_once(sandbox, client, kind):
    expected = {ticket.id: str(ticket.status) for ticket in client.tickets()}
    wanted = ["Open", gettickets.Status.ANSWERED, "Open", gettickets.Status.AWAITING_REPLY]
    scan = client.tickets(status=kind(wanted), limitnum=50)
    found = [(ticket.id, str(ticket.status)) for ticket in scan]
    statuses = {"Open", "Answered", "Customer-Reply"}
    assert len(found) == len(dict(found))
    assert dict(found) == {id: status for id, status in expected.items() if status in statuses}
    assert scan.report.tickets == len(found)
    first = client.tickets(status=["Open", "Answered"])
    taken = {next(first).id for _ in range(5)}
    rest = [ticket.id for ticket in client.tickets(status=["Open", "Answered"], resume=first.cursor())]
    assert len(rest) + 5 == len({*rest, *taken}) == sum(expected[id] in {"Open", "Answered"} for id in expected)


def test_several_statuses_are_checked(client):
    for status, error, why in [
        ([], ValueError, "is empty"),
        (["Open", ""], ValueError, "does not filter"),
        (["Open", 7], TypeError, "must be a str"),
        (7, TypeError, "must be a str or several of them, not int"),
    ]:
        with pytest.raises(error, match=why):
            client.tickets(status=status)
    with pytest.raises(TypeError, match="must be a str"):
        client.get_tickets(status=["Open", "Answered"])


def test_the_repr_of_a_scan_shows_its_progress(sandbox, client):
    scan, place = client.tickets(limitnum=100), f"{sandbox.url}includes/api.php"
    before = sandbox.request_count
    assert repr(scan) == f"<gettickets.Scan of {place} at 0>" and sandbox.request_count == before
    first = list(islice(scan, 250))
    assert repr(scan) == f"<gettickets.Scan of {place} at {len(first)} of 1,000>"
    scan.close()
    assert repr(scan) == f"<gettickets.Scan of {place} at {len(first)} of 1,000, closed>"
    with gettickets.Sandbox(tickets=10, quirks=["not-permitted"]) as refusing:
        failed = client_of(refusing).tickets()
        with pytest.raises(gettickets.PermissionDeniedError):
            next(failed)
        assert repr(failed).endswith(", ended in an error>")


def test_the_state_of_a_scan_is_readable_while_another_thread_waits():
    with gettickets.Sandbox(tickets=10, quirks=["hang"]) as sandbox, client_of(sandbox, timeout=30) as client:
        scan = client.tickets()

        def read():
            with contextlib.suppress(gettickets.Error):
                next(scan)

        thread = threading.Thread(target=read)
        thread.start()
        while not sandbox.request_count:
            time.sleep(0.001)
        for _ in range(1000):
            shown = repr(scan), scan.report.requests, scan.total, scan.cursor(), scan.error, scan._repr_html_()
        assert thread.is_alive() and shown[0].endswith(" at 0>") and shown[2:3] + shown[4:5] == (None, None)
        scan.close()
        # Closing ends the wait of the other thread.
        thread.join(10)
        assert not thread.is_alive()


def test_the_repr_of_a_report_shows_the_entries_that_are_not_empty(client):
    assert repr(client.tickets().report) == "<gettickets.Report, empty>"
    whole = dict.fromkeys(gettickets.Report._fields, 0)
    some = {"tickets": 1000, "updated_ids": (5, 7), "unreadable": (), "total": None, "wait_time": 1.25}
    sizes = gettickets.PageSizes(100, 1000, 400)
    report = gettickets.Report(**{**whole, **some, "page_sizes": sizes})
    assert (
        repr(report)
        == "<gettickets.Report tickets: 1,000, wait_time: 1.2 s, updated_ids: 2, page_sizes: 100 to 1,000>"
    )


def test_nothing_is_sent_before_the_first_ticket_is_requested(sandbox, client):
    before = sandbox.request_count
    scan = client.tickets()
    assert scan.report.requests == 0 and scan.total is None and scan.cursor() and sandbox.request_count == before
    next(scan)
    assert sandbox.request_count > before
    scan.close()


def test_a_scan_yields_pages(sandbox, client):
    scan = client.tickets(limitnum=100)
    first = [ticket.id for ticket in islice(scan, 30)]
    pages = list(scan.pages())
    assert all(isinstance(page, gettickets.Page) and len(page) for page in pages)
    assert first + [ticket.id for page in pages for ticket in page] == sandbox.ids()
    assert len(pages[0]) == 70 and pages[0].totalresults is None and pages[0].findings == ()
    assert max(map(len, pages)) <= 100


@pytest.mark.parametrize("yielded", [0, 1, 99, 100, 101, 999, 1000])
def test_a_scan_continues_where_another_ended(sandbox, client, yielded):
    scan = client.tickets(limitnum=100)
    first = [ticket.id for ticket in islice(scan, yielded)]
    cursor = scan.cursor()
    assert isinstance(cursor, str) and "sandbox-secret" not in cursor
    rest = [ticket.id for ticket in client.tickets(limitnum=100, resume=cursor)]
    assert len(first) == yielded and sorted(first + rest) == sorted(sandbox.ids())
    assert [ticket.id for ticket in scan] == rest


def test_a_cursor_of_another_scan_is_refused(client):
    cursor = client.tickets().cursor()
    for refused in (lambda: client.tickets(status="Open", resume=cursor), lambda: client.tickets(resume="{}")):
        with pytest.raises(gettickets.CursorError) as error:
            refused()
        assert isinstance(error.value, ValueError) and error.value.code == "cursor"
    with pytest.raises(TypeError):
        client.tickets(resume=5)


def test_updated_since_selects_tickets(sandbox, client):
    everything = list(client.tickets())
    moment = everything[200].lastreply
    wanted = [ticket.id for ticket in everything if ticket.lastreply and ticket.lastreply >= moment]
    scan = client.tickets(updated_since=moment)
    assert [ticket.id for ticket in scan] == wanted and scan.report.requests < 16
    with pytest.raises(gettickets.ArgumentError, match="has a time zone"):
        client.tickets(updated_since=moment.replace(tzinfo=timezone.utc))
    for bad in ("2026-01-01", moment.date(), 5):
        with pytest.raises(TypeError, match="updated_since must be a datetime"):
            client.tickets(updated_since=bad)
    aware = gettickets.Client(sandbox.url, **sandbox.credentials, timezone=timezone(timedelta(hours=2)))
    there = (moment - timedelta(hours=2)).replace(tzinfo=timezone.utc)
    for since in (there, moment):
        assert [ticket.id for ticket in aware.tickets(updated_since=since)] == wanted


def test_a_scan_of_a_changing_list_is_complete():
    # Few enough changes that what moves during the first pass fits on one page.
    with gettickets.Sandbox(tickets=300, quirks=["shifting"]) as sandbox:
        before = set(sandbox.ids())
        scan = client_of(sandbox, max_attempts=3).tickets(limitnum=100)
        found = [ticket.id for ticket in scan]
        stayed = before & set(sandbox.ids())
        assert len(found) == len(set(found)) and stayed <= set(found)
        assert scan.report.shifts + scan.report.verification_passes > 0


def test_a_scan_that_may_be_incomplete_raises():
    with gettickets.Sandbox(tickets=1500, quirks=["ignore-limitstart"]) as sandbox:
        scan = client_of(sandbox).tickets()
        found = []
        with pytest.raises(gettickets.ScanIncompleteError) as error:
            for ticket in scan:
                found.append(ticket.id)
        assert error.value.problem and error.value.problem in str(error.value)
        assert len(found) == len(set(found)) < 1500
        with pytest.raises(gettickets.ScanIncompleteError):
            list(scan)


def test_a_ticket_that_the_server_cannot_send_is_reported_or_skipped():
    with gettickets.Sandbox(tickets=1000, quirks=["malformed-utf8-deep"]) as sandbox:
        readable = [id for id in range(1, 1001) if id % 40 != 17]
        client = client_of(sandbox)
        for on_unreadable in ("raise", "skip"):
            scan = client.tickets(on_unreadable=on_unreadable)
            found = []
            with (
                pytest.raises(gettickets.ScanIncompleteError)
                if on_unreadable == "raise"
                else contextlib.nullcontext()
            ):
                for ticket in scan:
                    found.append(ticket.id)
            assert sorted(found) == readable
            unreadable = scan.report.unreadable
            assert len(unreadable) == 25 and all(one.after in found and one.nth == 0 for one in unreadable)
            assert isinstance(unreadable[0], gettickets.UnreadableTicket)
        pa = pytest.importorskip("pyarrow")
        assert sorted(pa.table(client.tickets(on_unreadable="skip"))["id"].to_pylist()) == readable
    with pytest.raises(gettickets.ArgumentError, match='on_unreadable must be "raise" or "skip"'):
        client.tickets(on_unreadable="ignore")


def test_findings_of_pages_are_in_the_report():
    with gettickets.Sandbox(tickets=300, quirks=["malformed-utf8"]) as sandbox:
        scan = client_of(sandbox).tickets(limitnum=100)
        assert len(list(scan)) == 300
        findings = {finding.code: finding for finding in scan.report.findings}
        assert findings["replaced-bytes"].count > 0 and findings["replaced-bytes"].meaning
        assert "replaced" in str(findings["replaced-bytes"])


def test_limits_end_a_scan(client):
    with pytest.raises(gettickets.ScanIncompleteError):
        list(client.tickets(limitnum=100, max_tickets=150))
    for name in ("max_tickets", "max_requests", "concurrency"):
        with pytest.raises(gettickets.ArgumentError, match=f"{name} must be at least 1"):
            client.tickets(**{name: 0})
    for concurrency in (65, 2**64 - 1):
        with pytest.raises(gettickets.ArgumentError, match=f"concurrency must be at most 64, not {concurrency}"):
            client.tickets(concurrency=concurrency)
    assert len(list(client.tickets(concurrency=64))) == 1000
    for name in ("full", "allow_count_mismatch"):
        with pytest.raises(TypeError, match=f"{name} must be a bool, not str"):
            client.tickets(**{name: "yes"})


def test_requests_are_concurrent(client, sandbox):
    for concurrency in (1, 2):
        scan = client.tickets(limitnum=50, concurrency=concurrency)
        assert [ticket.id for ticket in scan] == sandbox.ids()
        assert scan.report.concurrency <= concurrency


def test_the_page_size_adapts_up_to_limitnum(client):
    scan = client.tickets()
    assert len(list(scan)) == 1000 and scan.report.page_sizes.max >= 100


def test_full_reads_the_whole_list(sandbox, client):
    moment = next(ticket.lastreply for ticket in client.get_tickets(limitnum=50) if ticket.lastreply)
    few, all_of_it = (client.tickets(updated_since=moment, limitnum=50, full=full) for full in (False, True))
    assert [ticket.id for ticket in few] == [ticket.id for ticket in all_of_it]
    assert few.report.requests < all_of_it.report.requests


def test_len_gives_a_progress_bar_the_total(client, sandbox):
    scan = client.tickets(limitnum=100)
    before = sandbox.request_count
    assert bool(scan) and sandbox.request_count == before
    assert len(scan) == 1000 and sandbox.request_count > before
    first = [next(scan).id for _ in range(30)]
    assert len(scan) == 970 and operator.length_hint(scan) == 970
    assert first + [ticket.id for ticket in scan] == sandbox.ids() and len(scan) == 0
    changed = client.tickets(updated_since=datetime(2000, 1, 1))
    with pytest.raises(TypeError, match="has no len"):
        len(changed)
    assert len(list(changed)) > 900
    tqdm = pytest.importorskip("tqdm")
    with tqdm.tqdm(client.tickets(), file=io.StringIO()) as bar:
        assert bar.total == 1000 and sum(1 for _ in bar) == 1000


def test_progress_is_shown_on_standard_error(client, capsys, monkeypatch):
    assert len(list(client.tickets(limitnum=100, progress=True))) == 1000
    shown = capsys.readouterr().err
    assert (
        shown.startswith("1,000 of 1,000 tickets, ") and shown.endswith(" requests\n") and shown.count("\n") == 1
    )
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with monkeypatch.context() as patch:
        patch.setattr("gettickets._progress.INTERVAL", 0.0)
        assert len(list(client.tickets(limitnum=100, progress=True))) == 1000
    assert capsys.readouterr().err.count("\r") >= 10
    reports = []
    scan = client.tickets(limitnum=100, progress=reports.append)
    assert len(list(scan.pages())) > 5 and reports[-1] == scan.report and len(reports) >= 1
    with pytest.raises(TypeError, match="progress must be a bool or a function"):
        client.tickets(progress="yes")


def test_an_exception_of_a_progress_function_loses_no_ticket(sandbox, client):
    class Enough(Exception):
        pass

    def progress(report):
        if len(found) % 3 == 0:
            raise Enough

    found, raised = [], 0
    scan = client.tickets(limitnum=10, progress=progress)
    while len(found) < 1000:
        try:
            for ticket in scan:
                found.append(ticket.id)
        except Enough:
            raised += 1
    assert found == sandbox.ids() and raised > 10


def test_tickets_before_an_error_are_valid():
    with gettickets.Sandbox(tickets=300) as sandbox:
        client = client_of(sandbox)
        scan = client.tickets(limitnum=100, max_requests=2)
        found = []
        with pytest.raises(gettickets.ScanIncompleteError):
            for ticket in scan:
                found.append(ticket.id)
        rest = [ticket.id for ticket in client.tickets(limitnum=100, resume=scan.cursor())]
        assert found and sorted(found + rest) == sorted(sandbox.ids())


def test_times_of_a_scan_are_aware(sandbox):
    client = gettickets.Client(sandbox.url, **sandbox.credentials, timezone="Europe/Berlin")
    moments = [ticket.lastreply for page in client.tickets().pages() for ticket in page if ticket.lastreply]
    assert len(moments) > 900 and all(moment.tzinfo.key == "Europe/Berlin" for moment in moments)
    assert next(client.tickets()).lastreply.tzinfo is moments[0].tzinfo


def test_a_scan_closes(client, sandbox):
    with client.tickets(limitnum=20) as scan:
        first = next(scan).id
    scan.close()
    for use in (lambda: next(scan), lambda: next(scan.pages())):
        with pytest.raises(gettickets.StateError, match="the scan is closed") as error:
            use()
        assert error.value.code == "closed"
    # Its state stays readable.
    assert scan.report.requests > 0 and scan.total == 1000 and scan.error is None
    rest = [ticket.id for ticket in client.tickets(resume=scan.cursor())]
    assert [first, *rest] == sandbox.ids()


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_closed_or_dropped_scan_closes_its_connection_and_sends_nothing(end):
    class Alarm(Exception):
        pass

    def ring(signum, frame):
        raise Alarm

    with SilentServer() as server:
        limits = {"timeout": None, "total_timeout": None, "max_attempts": 1000, "initial_backoff": 0}
        scan = gettickets.Client(server.url, identifier="i", secret="s", **limits).tickets()
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        try:
            with pytest.raises(Alarm):
                next(scan)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert (server.connections, server.open) == (1, 1)
        if end == "close":
            scan.close()
        else:
            del scan
        server.sees(lambda: server.open == 0)
        time.sleep(1)
        assert server.connections == 1


def test_reentrant_use_of_a_scan_is_an_error(client, monkeypatch):
    from gettickets import _words

    scan = client.tickets()
    raised = []

    def again(cls, word):
        monkeypatch.undo()
        for use in (lambda: next(scan),):
            with pytest.raises(gettickets.StateError, match="further up the stack") as error:
                use()
            raised.append(error.value.code)
        return str.__new__(cls, word)

    with gettickets.Sandbox(load=[{"id": 1, "status": "Odd"}, {"id": 2, "status": "Odd"}]) as sandbox:
        scan = client_of(sandbox).tickets()
        monkeypatch.setattr(_words.Status, "__new__", again)
        assert [ticket.id for ticket in scan] and raised == ["in-use"]


def test_an_interrupt_while_a_ticket_is_made_loses_none(monkeypatch):
    """If a signal handler raises while a ticket's object is made, the next call returns the ticket."""
    from gettickets import _words

    tickets = [{"id": id, "status": f"Custom {id}"} for id in range(1, 201)]
    make, calls = _words.Status.__new__, 0

    def interrupted(cls, word):
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise KeyboardInterrupt
        return make(cls, word)

    with gettickets.Sandbox(load=tickets) as sandbox:
        client = client_of(sandbox)
        scan, found, interrupts = client.tickets(limitnum=20), [], 0
        monkeypatch.setattr(_words.Status, "__new__", interrupted)
        while True:
            try:
                for ticket in scan:
                    found.append(ticket.id)
                    if len(found) % 50 == 0:
                        middle = scan.cursor()
                break
            except KeyboardInterrupt:
                interrupts += 1
                assert scan.report.tickets >= len(found)
        monkeypatch.undo()
        assert sorted(found) == list(range(1, 201)) and len(found) == 200 and interrupts > 50
        rest = [ticket.id for ticket in client.tickets(limitnum=20, resume=middle)]
        assert rest == []


def test_signals_at_random_times_lose_no_ticket():
    """Signals in a separate process, each of which raises inside the scan once."""
    code = """
import os, signal, sys, threading, gettickets
armed, interrupts, found, over = False, 0, [], False

def interrupt(signum, frame):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt

signal.signal(signal.SIGUSR1, interrupt)
ended = threading.Event()

def shoot():
    while not ended.wait(0.002):
        os.kill(os.getpid(), signal.SIGUSR1)

tickets = [{"id": id, "status": f"Custom {id}"} for id in range(1, 1501)]
with gettickets.Sandbox(load=tickets) as sandbox:
    scan = gettickets.Client(sandbox.url, **sandbox.credentials).tickets(limitnum=25)
    threading.Thread(target=shoot, daemon=True).start()
    while not over:
        try:
            armed = True
            # list() is written in C, so a signal handler raises in the scan, and not between the scan and the list.
            found.extend(scan)
            over = True
        except KeyboardInterrupt:
            interrupts += 1
        armed = False
    ended.set()
ids = [ticket.id for ticket in found]
print(len(ids), len(set(ids)), scan.report.tickets, interrupts > 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180)
    assert done.stdout == "1500 1500 1500 True\n", done.stdout + done.stderr


def test_a_dropped_scan_closes_its_connection():
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


def test_an_exception_that_ended_a_scan_is_raised_again():
    with gettickets.Sandbox(tickets=1000) as sandbox:
        scan = client_of(sandbox).tickets(max_requests=3)
        yielded = []
        for read in (next, next, lambda scan: next(scan.pages())):
            with pytest.raises(gettickets.ScanIncompleteError):
                yielded.extend(ticket.id for ticket in scan) if read is next else read(scan)
        assert yielded and len(set(yielded)) == len(yielded)
        rest = [ticket.id for ticket in client_of(sandbox).tickets(resume=scan.cursor())]
        assert sorted(yielded + rest) == sorted(sandbox.ids())
