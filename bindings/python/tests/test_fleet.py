"""Several installs as one source of tickets, and the profiles of the configuration file."""

import collections
import contextlib
import os
import pickle
import sys
import threading

import pytest

import gettickets
from conftest import client_of


@pytest.fixture
def three():
    """Three sandboxes of different sizes."""
    with contextlib.ExitStack() as stack:
        sizes = {"eu": 230, "us": 120, "ap": 60}
        yield {
            name: stack.enter_context(gettickets.Sandbox(tickets=size, seed=size)) for name, size in sizes.items()
        }


def fleet_of(sandboxes, **settings):
    return gettickets.Fleet({name: client_of(sandbox, **settings) for name, sandbox in sandboxes.items()})


def counts(pairs):
    return dict(collections.Counter(install for install, _ in pairs))


def test_every_ticket_of_every_install_is_returned_once(three):
    scan = fleet_of(three).tickets()
    assert [sandbox.request_count for sandbox in three.values()] == [0, 0, 0], "nothing is sent before it is read"
    found = [(install, ticket.id) for install, ticket in scan]
    assert sorted(found) == sorted((name, id) for name, sandbox in three.items() for id in sandbox.ids())
    assert {name: report.tickets for name, report in scan.reports.items()} == {"eu": 230, "us": 120, "ap": 60}
    assert scan.errors == {} and scan.error is None
    assert list(scan) == []


def test_pages_have_the_install_and_its_time_zone(three):
    clients = {
        "eu": client_of(three["eu"], timezone="Europe/Berlin"),
        "us": client_of(three["us"], timezone="America/New_York"),
        "ap": client_of(three["ap"]),
    }
    found = collections.Counter()
    for install, page in gettickets.Fleet(clients).tickets().pages():
        found[install] += len(page)
        zone = page[0].lastreply.tzinfo
        assert str(zone) == {"eu": "Europe/Berlin", "us": "America/New_York", "ap": "None"}[install]
    assert found == {"eu": 230, "us": 120, "ap": 60}


def test_filters_and_limits_apply_to_each_install(three):
    statuses = {ticket.status for _, ticket in fleet_of(three).tickets(status="Open")}
    assert statuses == {gettickets.Status.OPEN}
    # An iterator is read once, for all installs.
    two = fleet_of(three).tickets(status=iter(["Open", gettickets.Status.CLOSED]))
    found = {name: set() for name in three}
    for name, ticket in two:
        assert ticket.id not in found[name]
        found[name].add(ticket.id)
        assert ticket.status in (gettickets.Status.OPEN, gettickets.Status.CLOSED)
    for name, sandbox in three.items():
        tickets = client_of(sandbox).tickets()
        assert found[name] == {ticket.id for ticket in tickets if str(ticket.status) in ("Open", "Closed")}
    scan = fleet_of(three).tickets(max_tickets=100, on_error="report")
    found = counts(scan)
    assert found["ap"] == 60 and set(scan.errors) == {"eu", "us"}
    with pytest.raises(gettickets.ArgumentError):
        fleet_of(three).tickets(concurrency=0)
    with pytest.raises(gettickets.ArgumentError, match="on_error"):
        fleet_of(three).tickets(on_error="ignore")
    with pytest.raises(TypeError, match="deptid"):
        fleet_of(three).tickets(deptid="1")


def test_an_install_that_fails_does_not_stop_the_others(three):
    clients = {name: client_of(sandbox) for name, sandbox in three.items()}
    clients["us"] = gettickets.Client(three["us"].url, identifier="x", secret="hunter2", max_attempts=1)
    scan = gettickets.Fleet(clients).tickets()
    found = collections.Counter()
    with pytest.raises(gettickets.FleetError, match=r"^1 of 3 installs failed: us: ") as raised:
        for install, _ in scan:
            found[install] += 1
    assert found == {"eu": 230, "ap": 60}
    assert isinstance(raised.value.errors["us"], gettickets.AuthenticationError)
    assert raised.value.hint and "hunter2" not in str(raised.value)
    with pytest.raises(gettickets.FleetError):
        next(scan)
    with pytest.raises(gettickets.FleetError):
        next(scan.pages())
    assert isinstance(scan.error, gettickets.FleetError)

    reported = gettickets.Fleet(clients).tickets(on_error="report")
    assert counts(reported) == {"eu": 230, "ap": 60}
    assert isinstance(reported.errors["us"], gettickets.AuthenticationError) and reported.error is None


def test_threads_share_a_scan(three):
    scan = fleet_of(three).tickets()
    found, lock = [], threading.Lock()

    def read():
        for install, ticket in scan:
            with lock:
                found.append((install, ticket.id))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == 410


def test_a_closed_scan_raises_and_sends_nothing_further(three):
    with fleet_of(three).tickets() as scan:
        next(scan)
    for use in (lambda: next(scan), lambda: next(scan.pages())):
        with pytest.raises(gettickets.StateError, match="closed"):
            use()
    assert "closed" in repr(scan)
    scan.close()


def test_a_fleet_is_a_collection_of_clients(three):
    fleet = fleet_of(three)
    assert list(fleet) == ["eu", "us", "ap"] and len(fleet) == 3 and "eu" in fleet and "de" not in fleet
    assert fleet["us"].endpoint.startswith(three["us"].url)
    assert repr(fleet) == "<gettickets.Fleet of eu, us, ap>"
    assert list(gettickets.Fleet({}).tickets()) == []
    fleet["eu"].close()
    with pytest.raises(gettickets.StateError, match="closed"):
        fleet.tickets()


def test_wrong_fleets_are_refused(three):
    one = client_of(three["eu"])
    with pytest.raises(gettickets.ConfigError, match="a and b are names of the same install") as error:
        gettickets.Fleet({"a": one, "b": client_of(three["eu"])})
    assert error.value.code == "same-install"
    for clients in (
        [one],
        {"a": three["eu"]},
        {1: one},
        {"a": gettickets.AsyncClient(three["eu"].url, **three["eu"].credentials)},
    ):
        with pytest.raises(TypeError):
            gettickets.Fleet(clients)
    with pytest.raises(gettickets.ArgumentError, match="empty"):
        gettickets.Fleet({"": one})


def test_a_table_has_the_install_of_each_ticket(three):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    clients = {name: client_of(sandbox) for name, sandbox in three.items()}
    clients["us"] = client_of(three["us"], timezone="America/New_York")
    fleet = gettickets.Fleet(clients)
    table = fleet.tickets().to_arrow()
    assert table.column_names[:2] == ["install", "id"] and "date_utc" in table.column_names
    found = sorted(zip(table["install"].to_pylist(), table["id"].to_pylist()))
    assert found == sorted((name, id) for name, sandbox in three.items() for id in sandbox.ids())
    utc = polars.DataFrame(fleet.tickets()).group_by("install").agg(polars.col("lastreply_utc").count())
    assert dict(utc.rows()) == {"eu": 0, "us": 120, "ap": 0}
    chosen = fleet.tickets(status="Open").to_polars(columns=["id", "subject_text", "install"])
    assert chosen.columns == ["id", "subject_text", "install"]
    with pytest.raises(gettickets.ArgumentError, match="subjekt"):
        fleet.tickets().to_arrow(columns=["subjekt"])


def test_a_table_of_pandas_has_the_install(three):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = fleet_of(three).tickets().to_pandas(columns=["install", "id"])
    assert frame.groupby("install").size().to_dict() == {"eu": 230, "us": 120, "ap": 60}


def test_a_table_fails_with_an_install_unless_failures_are_reported(three):
    pyarrow = pytest.importorskip("pyarrow")
    clients = {name: client_of(sandbox) for name, sandbox in three.items()}
    clients["us"] = gettickets.Client(three["us"].url, identifier="x", secret="hunter2", max_attempts=1)
    scan = gettickets.Fleet(clients).tickets()
    with pytest.raises(gettickets.FleetError, match="us: "):
        scan.to_arrow()
    with pytest.raises(gettickets.FleetError, match="us: "):
        scan.to_arrow()
    with pytest.raises(Exception, match="us: "):
        pyarrow.table(gettickets.Fleet(clients).tickets())
    reported = gettickets.Fleet(clients).tickets(on_error="report")
    assert set(reported.to_arrow()["install"].to_pylist()) == {"eu", "ap"}
    assert list(reported.errors) == ["us"]


def test_a_table_of_a_finished_scan_is_an_error(three):
    pyarrow = pytest.importorskip("pyarrow")
    scan = fleet_of(three).tickets()
    next(scan)
    assert len(scan.to_arrow()) < 410, "what is left"
    with pytest.raises(gettickets.StateError) as raised:
        scan.to_arrow()
    assert raised.value.code == "finished"
    scan = fleet_of(three).tickets()
    list(scan)
    with pytest.raises(gettickets.StateError):
        pyarrow.table(scan)
    closed = fleet_of(three).tickets()
    closed.close()
    with pytest.raises(gettickets.StateError, match="closed"):
        closed.to_arrow()
    with gettickets.Sandbox(tickets=0) as empty:
        assert len(gettickets.Fleet({"a": client_of(empty)}).tickets().to_arrow()) == 0


def test_a_reader_on_another_thread_reads_a_scan(three):
    duckdb = pytest.importorskip("duckdb")
    scan = fleet_of(three).tickets()  # noqa: F841  DuckDB finds it by its name
    counts = duckdb.sql("SELECT install, count(*) FROM scan GROUP BY install").fetchall()
    assert dict(counts) == {"eu": 230, "us": 120, "ap": 60}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_process_is_refused(three):
    fleet = fleet_of(three)
    scan = fleet.tickets()
    next(scan)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = []
        for use in (lambda: next(scan), fleet.tickets, lambda: scan.reports, scan.pages):
            try:
                use()
                said.append("worked")
            except gettickets.StateError as error:
                said.append(error.code)
        scan.close(), repr(scan)
        os.write(writing, " ".join(said).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "forked forked forked forked"
    os.waitpid(child, 0)
    assert len(list(scan)) == 409


@pytest.fixture
def profiles(three, tmp_path, monkeypatch):
    """A configuration file with a profile for each sandbox, and one profile without a secret."""
    folder = tmp_path / "gettickets"
    folder.mkdir()
    text = ""
    for name, sandbox in three.items():
        secret = folder / f"{name}.secret"
        secret.write_text(sandbox.credentials["secret"])
        secret.chmod(0o600)
        text += f"""
[profiles.shop-{name}]
url = "{sandbox.url}"
identifier = "{sandbox.credentials["identifier"]}"
secret-file = "{name}.secret"
time-zone = "Europe/London"
"""
    text += """
[profiles.broken]
url = "https://example.com"
identifier = "i"
secret-env = "NO_SUCH_VARIABLE"
"""
    (folder / "config.toml").write_text(text)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    # Settings of one install, which must not reach the others.
    monkeypatch.setenv("GETTICKETS_URL", "https://other.example.com")
    monkeypatch.setenv("GETTICKETS_SECRET", "hunter2")
    return folder


def test_a_client_is_made_from_a_profile(profiles, three):
    client = gettickets.Client.from_profile("shop-eu")
    assert client.endpoint.startswith(three["eu"].url)
    page = client.get_tickets(limitnum=3)
    assert len(page) == 3 and str(page[0].lastreply.tzinfo) == "Europe/London"


def test_an_asynchronous_client_is_made_from_a_profile(profiles):
    import asyncio

    async def count():
        async with gettickets.AsyncClient.from_profile("shop-ap") as client:
            return len([ticket async for ticket in client.tickets()])

    assert asyncio.run(count()) == 60


def test_a_fleet_is_made_from_patterns(profiles):
    assert counts(gettickets.Fleet.from_profiles("shop-*").tickets()) == {
        "shop-eu": 230,
        "shop-us": 120,
        "shop-ap": 60,
    }
    assert list(gettickets.Fleet.from_profiles("shop-us", "shop-?s")) == ["shop-us"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["none"], 'there is no profile "none"'),
        (["x-*"], "no profile matches"),
        (["broken"], "NO_SUCH_VARIABLE"),
        (["*"], "NO_SUCH_VARIABLE"),
        (["[a"], "not a pattern"),
    ],
)
def test_unusable_profiles_are_named(profiles, names, message):
    with pytest.raises(gettickets.ConfigError, match=message) as error:
        gettickets.Fleet.from_profiles(*names)
    assert error.value.code == "profile" and error.value.hint and "--" not in error.value.hint


def test_wrong_profiles_are_refused(profiles):
    with pytest.raises(gettickets.ArgumentError):
        gettickets.Fleet.from_profiles()
    with pytest.raises(TypeError):
        gettickets.Fleet.from_profiles(7)
    with pytest.raises(TypeError):
        gettickets.Client.from_profile(7)
    with pytest.raises(gettickets.ConfigError, match="no profile"):
        gettickets.Client.from_profile("shop-*")


def test_no_secret_is_in_a_pickle_or_repr(three):
    fleet = fleet_of(three)
    with pytest.raises(TypeError, match="credentials"):
        pickle.dumps(fleet)
    secrets = [sandbox.credentials["secret"] for sandbox in three.values()]
    shown = repr(fleet) + repr(fleet.tickets())
    assert not any(secret in shown for secret in secrets)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's here")
def test_an_exception_of_a_signal_handler_loses_no_ticket(three):
    import signal

    scan = fleet_of(three).tickets()
    found = [next(scan)]
    raised = 0

    def handler(*_):
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        while True:
            try:
                # A C function iterates, so that no Python code runs between taking and keeping a ticket.
                collections.deque(map(found.append, scan), maxlen=0)
                break
            except InterruptedError:
                raised += 1
                if raised == 20:
                    signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len({(install, ticket.id) for install, ticket in found}) == len(found) == 410
