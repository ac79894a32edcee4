"""A database that mirrors installs: SQLite, and PostgreSQL if it is installed."""

import contextlib
import getpass
import os
import pathlib
import pickle
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

import gettickets
from conftest import client_of


@pytest.fixture
def install():
    with gettickets.Sandbox(tickets=250) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path):
    return tmp_path / "tickets.db"


def rows(file, query):
    with contextlib.closing(sqlite3.connect(file)) as database:
        return database.execute(query).fetchall()


def test_a_mirror_records_what_changed(install, file):
    client = client_of(install)
    with gettickets.Mirror(file) as mirror:
        first = mirror.run(client)
        assert (first.install, first.full, first.complete, first.new) == ("main", True, True, 250)
        assert (first.error, first.reason, first.warnings) == (None, None, ())
        ids = install.ids()
        install.set_status(ids[10], "Closed by test")
        install.set_department(ids[20], 99)
        install.delete(ids[30])
        install.merge(ids[40], ids[50])
        opened = install.open(subject="New")
        second = mirror.run(client, full=True)
    assert (second.tickets, second.new, second.changed, second.gone) == (249, 1, 3, 2)
    assert second.run == first.run + 1
    changes = rows(file, f"SELECT id, what, new FROM changes WHERE run = {second.run} AND what <> 'lastreply'")
    assert {(ids[10], "status", "Closed by test"), (ids[20], "deptid", "99"), (opened, "opened", "Open")} <= set(
        changes
    )
    assert {id for id, what, _ in changes if what == "gone"} == {ids[30], ids[40]}
    assert rows(file, "SELECT count(*) FROM tickets WHERE c IS NOT NULL") == [(0,)]
    assert str(second).startswith("main: full run, 249 read, 1 new, 3 changed, 2 gone, ")


def test_a_run_is_incremental_until_a_full_one_is_due(install, file):
    client = client_of(install)
    with gettickets.Mirror(str(file)) as mirror:
        assert mirror.run(client, full_every=None).full, "the first run is"
        install.reply(install.ids()[100])
        second = mirror.run(client)
        assert not second.full and second.complete and second.changed == 1 and second.requests <= 2
        assert mirror.run(client, full_every=0).full


def test_several_installs_are_mirrored_together(install, file):
    with gettickets.Sandbox(tickets=40, seed=2) as other, gettickets.Mirror(file) as mirror:
        clients = {"eu": client_of(install), "us": client_of(other, timezone="America/New_York")}
        reports = mirror.run(clients)
        assert {name: report.new for name, report in reports.items()} == {"eu": 250, "us": 40}
        assert rows(
            file, "SELECT install, count(*), count(date_utc) FROM tickets GROUP BY install ORDER BY 1"
        ) == [
            ("eu", 250, 0),
            ("us", 40, 40),
        ]
        again = mirror.run(gettickets.Fleet(clients))
        assert [report.changed for report in again.values()] == [0, 0]


def test_access_keys_are_stored_on_request(install, file):
    with gettickets.Mirror(file) as mirror:
        mirror.run(client_of(install), access_keys=True)
    assert rows(file, "SELECT count(*) FROM tickets WHERE c IS NULL") == [(0,)]


def test_an_install_that_fails_does_not_stop_the_others(install, file):
    with gettickets.Sandbox(tickets=40, seed=2) as other, gettickets.Mirror(file) as mirror:
        wrong = gettickets.Client(other.url, identifier="i", secret="hunter2", max_attempts=1)
        clients = {"eu": client_of(install), "us": wrong}
        with pytest.raises(gettickets.MirrorIncompleteError, match="not complete: us: ") as raised:
            mirror.run(clients)
        error = raised.value
        assert isinstance(error.__cause__, gettickets.AuthenticationError) and error.hint == error.__cause__.hint
        assert error.reports["eu"].complete and error.reports["eu"].new == 250
        assert not error.reports["us"].complete and error.reports["us"].gone == 0
        assert rows(file, "SELECT count(*) FROM tickets") == [(250,)]
        reports = mirror.run(clients, on_incomplete="report")
        assert isinstance(reports["us"].error, gettickets.AuthenticationError)
        with pytest.raises(gettickets.MirrorIncompleteError):
            mirror.run(wrong, name="us")


def test_findings_are_reported(file):
    with gettickets.Sandbox(tickets=20, quirks=["php-notice"]) as sandbox, gettickets.Mirror(file) as mirror:
        report = mirror.run(client_of(sandbox))
    assert report.complete
    assert {finding.code for finding in report.findings} == {"leading-text"}
    assert all(isinstance(finding, gettickets.ScanFinding) for finding in report.findings)


def test_another_name_for_an_install_is_refused(install, file):
    client = client_of(install)
    with gettickets.Mirror(file) as mirror:
        mirror.run(client, name="eu")
        with pytest.raises(gettickets.MirrorError, match="under the name eu, not us") as raised:
            mirror.run(client, name="us")
        assert raised.value.code == "install" and type(raised.value) is gettickets.MirrorError
        report = mirror.run(client, name="us", on_incomplete="report")
        assert report.run is None and not report.complete and report.error.code == "install"


def test_unusable_databases_are_refused(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("This is not a database, but a text that is long enough to be one." * 100)
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE tickets (x)")
    for target, code in [
        (text, "not-a-mirror"),
        (tmp_path / "other.db", "not-a-mirror"),
        (tmp_path / "no" / "folder.db", "read-only"),
        ("mysql://localhost/tickets", "target"),
        ("", "target"),
    ]:
        with pytest.raises(gettickets.MirrorError) as raised:
            gettickets.Mirror(target)
        assert raised.value.code == code and raised.value.hint
    for target in (7, None, b"tickets.db"):
        with pytest.raises(TypeError):
            gettickets.Mirror(target)


def test_wrong_arguments_are_refused(install, file):
    client = client_of(install)
    with gettickets.Mirror(file) as mirror:
        for wrong in (
            {"full": 1},
            {"full_every": "1"},
            {"overlap": None},
            {"access_keys": "yes"},
            {"progress": 5},
            {"name": 5},
        ):
            with pytest.raises(TypeError):
                mirror.run(client, **wrong)
        for wrong in ({"overlap": -1}, {"on_incomplete": "ignore"}, {"name": ""}):
            with pytest.raises(gettickets.ArgumentError):
                mirror.run(client, **wrong)
        with pytest.raises(TypeError):
            mirror.run([client])
        assert mirror.run({}) == {}
    assert install.request_count == 0


def test_a_closed_mirror_is_not_used(install, file):
    mirror = gettickets.Mirror(file)
    assert mirror.database == str(file) and repr(mirror) == f"<gettickets.Mirror in {file}>" and not mirror.closed
    mirror.close()
    mirror.close()
    assert mirror.closed and repr(mirror) == "<gettickets.Mirror, closed>"
    with pytest.raises(gettickets.StateError, match="closed"):
        mirror.run(client_of(install))


def test_progress_is_reported(install, file):
    calls = []
    with gettickets.Mirror(file) as mirror:
        mirror.run(client_of(install), progress=lambda *call: calls.append(call))
        assert calls[-1] == ("main", 250, 250) and all(install == "main" for install, _, _ in calls)

        def fail(*_):
            raise KeyError("mine")

        # The run is canceled and rolled back.
        with pytest.raises(KeyError, match="mine"):
            mirror.run(client_of(install), full=True, progress=fail)
        assert rows(file, "SELECT count(*) FROM runs") == [(1,)]
        assert mirror.run(client_of(install), full=True).complete


def test_runs_exclude_each_other(file):
    with gettickets.Sandbox(tickets=10, quirks=["hang"]) as sandbox:
        mirror = gettickets.Mirror(file)
        reports = []
        # The first request gets no reply, and the scan repeats it.
        thread = threading.Thread(target=lambda: reports.append(mirror.run(client_of(sandbox, timeout=2))))
        thread.start()
        while sandbox.request_count == 0:
            time.sleep(0.01)
        with pytest.raises(gettickets.StateError, match="another run") as error:
            mirror.run(client_of(sandbox))
        assert error.value.code == "in-use"
        with pytest.raises(gettickets.StateError):
            mirror.close()
        with gettickets.Mirror(file) as second, pytest.raises(gettickets.MirrorError) as error:
            second.run(client_of(sandbox))
        assert error.value.code == "locked"
        thread.join()
        assert reports[0].complete
        mirror.close()


INTERRUPTED = """
import sys, gettickets
sandbox = gettickets.Sandbox(tickets=50, quirks=["hang"])
mirror = gettickets.Mirror(sys.argv[1])
client = gettickets.Client(sandbox.url, **sandbox.credentials, timeout=None, total_timeout=None)
print("waiting", flush=True)
try:
    mirror.run(client)
except KeyboardInterrupt:
    mirror.close()
    sandbox.close()
    print("interrupted", flush=True)
    sys.exit(7)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's here")
def test_ctrl_c_rolls_a_run_back(file, install):
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "waiting\n", child.communicate()
    time.sleep(0.4)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    said, errors = child.communicate(timeout=30)
    assert (said, child.returncode) == ("interrupted\n", 7), errors
    assert rows(file, "SELECT count(*) FROM runs") == [(0,)]
    with gettickets.Mirror(file) as mirror:
        assert mirror.run(client_of(install)).complete


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_process_is_refused(install, file):
    client = client_of(install)
    mirror = gettickets.Mirror(file)
    mirror.run(client)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            mirror.run(client)
        except gettickets.StateError as error:
            mirror.close()
            del mirror
            status = 0 if error.code == "forked" else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert mirror.run(client, full=True).complete
    mirror.close()


def test_no_password_is_shown():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for url in (f"postgresql://me:hunter2@127.0.0.1:{port}/tickets", "postgresql://me:hunter2@[x"):
        with pytest.raises(gettickets.MirrorError) as raised:
            gettickets.Mirror(url)
        error = raised.value
        shown = f"{error} {error!r} {error.hint} {error.__dict__} {error.__cause__}"
        assert "hunter2" not in shown and error.code in ("unreachable", "target")


def _postgres(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture
def postgresql(tmp_path_factory):
    """The URL of a new PostgreSQL database with the password `hunter2`, and a function that restarts its server."""
    if _postgres("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    import tempfile

    # PostgreSQL refuses to run as root.
    drop = []
    if getpass.getuser() == "root":
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o777)
        (pathlib.Path(folder) / "password").write_text("hunter2")
        os.chmod(f"{folder}/password", 0o644)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [*drop, _postgres("initdb"), "--username=postgres", "--no-sync", "--encoding=UTF8", "-D"]
        command += [f"{folder}/data", "--auth=scram-sha-256", f"--pwfile={folder}/password"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)

        def start():
            settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
            options = [part for setting in settings for part in ("-c", setting)]
            process = subprocess.Popen(
                [*drop, _postgres("postgres"), "-D", f"{folder}/data", "-p", str(port), *options],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    return process
                time.sleep(0.05)
            raise AssertionError("PostgreSQL did not start")

        servers = [start()]

        def restart():
            servers[-1].send_signal(signal.SIGINT)
            servers[-1].wait(30)
            servers.append(start())

        yield f"postgresql://postgres:hunter2@127.0.0.1:{port}/postgres", restart
        servers[-1].send_signal(signal.SIGINT)
        servers[-1].wait(30)


def opened(url):
    """The mirror of a PostgreSQL server that accepts connections before it can serve them."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return gettickets.Mirror(url)
        except gettickets.MirrorError as error:
            if error.code != "unreachable" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_postgresql(install, postgresql):
    url, restart = postgresql
    client = client_of(install)
    with opened(url) as mirror:
        assert mirror.run(client).new == 250
        install.delete(install.ids()[7])
        assert mirror.run(client, full=True).gone == 1
        assert "hunter2" not in repr(mirror) + mirror.database
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(mirror)
        restart()
        # The run that finds the connection lost fails, and the next run connects again.
        with pytest.raises(gettickets.MirrorError) as raised:
            mirror.run(client, full=True)
        assert raised.value.code == "unreachable" and "hunter2" not in str(raised.value)
        deadline = time.monotonic() + 60
        while True:
            try:
                report = mirror.run(client, full=True)
                break
            except gettickets.MirrorError as error:
                assert error.code == "unreachable" and time.monotonic() < deadline
                time.sleep(0.1)
        assert (report.complete, report.tickets, report.gone) == (True, 249, 0)
