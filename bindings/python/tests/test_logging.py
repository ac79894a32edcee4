"""The client's messages in Python's logging."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading

import pytest

import gettickets
from conftest import client_of

LOGGER = logging.getLogger("gettickets")


@pytest.fixture
def records(caplog):
    """Every record of the logger, from DEBUG on."""
    records = []

    class Keeping(logging.Handler):
        def emit(self, record):
            records.append(record)

    handler = Keeping()
    LOGGER.addHandler(handler)
    caplog.set_level(logging.DEBUG, "gettickets")
    yield records
    LOGGER.removeHandler(handler)


def test_an_exchange_is_logged_at_debug(records, sandbox):
    client_of(sandbox).get_tickets(limitnum=3, status="Open", email="who@example.com", subject="a private matter")
    (record,) = records
    assert 'sent json, limitnum 3, status "Open", email given, subject given: HTTP 200' in record.getMessage()
    assert "who@" not in record.getMessage() and "private" not in record.getMessage()
    assert (record.name, record.levelname, record.threadName) == ("gettickets", "DEBUG", "MainThread")
    assert "HTTP 200" in record.getMessage() and record.filename == "call.rs" and record.lineno > 0
    assert 0 <= record.msecs < 1000 and record.relativeCreated > 0
    assert sandbox.credentials["secret"] not in repr(record.__dict__)


def test_a_retry_is_a_warning(records):
    with gettickets.Sandbox(tickets=3, quirks=["flaky-503"]) as sandbox:
        with gettickets.Client(sandbox.url, **sandbox.credentials) as client:
            for _ in range(3):
                client.get_tickets()
    warnings = [record.getMessage() for record in records if record.levelno == logging.WARNING]
    assert warnings and all(message.startswith("retrying in ") for message in warnings)


def test_a_scan_logs_every_exchange(records):
    with gettickets.Sandbox(tickets=250) as sandbox:
        scan = client_of(sandbox).tickets(limitnum=100)
        assert len(list(scan)) == 250
        assert len(records) == scan.report.requests == sandbox.request_count


def test_nothing_is_logged_below_the_level(caplog, sandbox):
    client = client_of(sandbox)
    for level, count in [(logging.INFO, 0), (logging.DEBUG, 1), (logging.CRITICAL, 1)]:
        caplog.set_level(level, "gettickets")
        client.get_tickets(limitnum=1)
        assert len(caplog.records) == count


def test_asyncio_logs_while_the_request_waits(records):
    async def main(sandbox):
        settings = {**sandbox.credentials, "max_attempts": 1000, "total_timeout": 600}
        async with gettickets.AsyncClient(sandbox.url, **settings) as client:
            request = asyncio.create_task(client.get_tickets())
            while not any(record.levelno == logging.WARNING for record in records):
                assert not request.done()
                await asyncio.sleep(0.01)
            request.cancel()

    with gettickets.Sandbox(tickets=3, quirks=["maintenance"]) as sandbox:
        asyncio.run(main(sandbox))


def test_arrow_streams_log_on_any_thread(records):
    pa = pytest.importorskip("pyarrow")
    with gettickets.Sandbox(tickets=300) as sandbox:
        stream = pa.RecordBatchReader.from_stream(client_of(sandbox).tickets())
        rows = []
        reader = threading.Thread(target=lambda: rows.append(stream.read_all().num_rows))
        reader.start()
        reader.join()
        assert rows == [300]
        # Messages that no waiting thread could log are logged a little later.
        while len(records) < sandbox.request_count:
            threading.Event().wait(0.01)


def test_a_handler_may_send_requests_itself(records, sandbox):
    client = client_of(sandbox)
    asked = []

    class Asking(logging.Handler):
        def emit(self, record):
            if not asked:
                asked.append(len(client.get_tickets(limitnum=2)))

    handler = Asking()
    LOGGER.addHandler(handler)
    try:
        client.get_tickets(limitnum=1)
        while len(records) < 2:
            threading.Event().wait(0.01)
    finally:
        LOGGER.removeHandler(handler)
    assert asked == [2]


def test_a_log_filter_that_raises_does_not_fail_the_request(records, sandbox, monkeypatch):
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: raised.append(unraisable.exc_value))

    def refuse(record):
        raise ValueError("no")

    LOGGER.addFilter(refuse)
    try:
        assert len(client_of(sandbox).get_tickets(limitnum=1)) == 1
    finally:
        LOGGER.removeFilter(refuse)
    assert [str(error) for error in raised] == ["no"]


def test_an_interrupt_is_not_treated_as_an_error_of_a_log_handler(records):
    """Ctrl-C while a message is logged ends the request, and a scan loses no ticket."""

    class Interrupted(logging.Handler):
        def emit(self, record):
            signal.raise_signal(signal.SIGINT)

    handler = Interrupted()
    with gettickets.Sandbox(tickets=60) as sandbox:
        client = client_of(sandbox)
        scan, ids, interrupts = client.tickets(limitnum=10), [], 0
        LOGGER.addHandler(handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                client.get_tickets()
            while len(ids) < 60 and interrupts < 100:
                try:
                    ids.append(next(scan).id)
                except KeyboardInterrupt:
                    interrupts += 1
        finally:
            LOGGER.removeHandler(handler)
    assert interrupts and len(set(ids)) == 60


@pytest.mark.skipif(os.name != "posix", reason="POSIX has alarms")
def test_an_alarm_ends_a_request_that_is_being_retried(records):
    class TooLong(Exception):
        pass

    def ring(signum, frame):
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with gettickets.Sandbox(tickets=3, quirks=["maintenance"]) as sandbox:
            client = client_of(sandbox, max_attempts=1000, total_timeout=600)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(TooLong):
                client.get_tickets()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Whether the program imports logging, and what is printed for a request that is retried.
PROGRAM = """
import sys, gettickets
{prepare}
with gettickets.Sandbox(tickets=3, quirks=["maintenance"]) as sandbox:
    try:
        gettickets.Client(sandbox.url, **sandbox.credentials, max_attempts=2).get_tickets()
    except gettickets.UnexpectedResponseError:
        print("logging" in sys.modules)
"""


@pytest.mark.parametrize(
    ("prepare", "imported", "printed"),
    [
        ("", "False", ""),
        ("import logging", "True", ""),
        ("import logging; logging.basicConfig()", "True", "WARNING:gettickets:retrying in "),
    ],
    ids=["not imported", "not set up", "set up"],
)
def test_nothing_is_printed_unless_logging_is_configured(prepare, imported, printed):
    command = [sys.executable, "-c", PROGRAM.format(prepare=prepare)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == imported
    assert done.stderr.startswith(printed) and bool(done.stderr) == bool(printed)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are POSIX's")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_logs_its_own_messages(records, sandbox):
    client_of(sandbox).get_tickets(limitnum=1)
    child = os.fork()
    if child == 0:
        before = len(records)
        client_of(sandbox).get_tickets(limitnum=1)
        os._exit(len(records) - before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
