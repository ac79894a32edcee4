"""A mirror whose disk fails or whose process is killed: each install is unchanged or completely updated."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys

import pytest

import gettickets
from conftest import ROOT, client_of

LIBRARY = ROOT / "crates" / "cli" / "tests" / "it" / "disk" / "faults.c"
FALLIBLE = "cwtsrm"
"""The kinds of calls that can fail: create, write, truncate, sync, rename, make a directory."""
MOMENTS = int(os.environ.get("GETTICKETS_DISK_FAULTS", "12"))

SCRIPT = """
import os, resource, sys, gettickets
if limit := os.environ.get("SIZE_LIMIT"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
client = gettickets.Client(os.environ["URL"], identifier=os.environ["ID"], secret=os.environ["SECRET"])
try:
    with gettickets.Mirror(sys.argv[1]) as mirror:
        mirror.run(client, full=True)
except gettickets.MirrorError as error:
    print(error.code, error, error.hint, file=sys.stderr)
    sys.exit(6)
"""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None,
    reason="the library that lets calls on files fail is for Linux, and needs a C compiler",
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    built = tmp_path_factory.mktemp("faults") / "faults.so"
    command = ["cc", "-std=gnu11", "-O1", "-shared", "-fPIC", "-o", str(built), str(LIBRARY), "-lpthread"]
    subprocess.run(command, check=True)
    return built


@pytest.fixture
def mirrored(tmp_path):
    """An install, a mirror of it that was made before 100 tickets moved, and the content of the mirror's file."""
    folder = tmp_path.resolve() / "mirror"
    folder.mkdir()
    with gettickets.Sandbox(tickets=300) as sandbox:
        with gettickets.Mirror(folder / "tickets.db") as mirror:
            mirror.run(client_of(sandbox))
        for ticket in sandbox.ids()[:100]:
            sandbox.set_department(ticket, 77)
        yield sandbox, folder / "tickets.db", (folder / "tickets.db").read_bytes()


def run(sandbox, file, **variables):
    credentials = sandbox.credentials
    environment = {
        "URL": sandbox.url,
        "ID": credentials["identifier"],
        "SECRET": credentials["secret"],
        **variables,
    }
    command = [sys.executable, "-c", SCRIPT, str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def reset(file, content):
    for path in file.parent.iterdir():
        path.unlink()
    file.write_bytes(content)


def moved(file):
    """The number of moved tickets in the mirror. Checks that the mirror is in one of its two states."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        one = database.execute(
            "SELECT (SELECT count(*) FROM tickets WHERE deptid = 77), (SELECT count(*) FROM runs)"
        )
        state = one.fetchone()
    assert state in [(0, 1), (100, 2)]
    return state[0]


def calls(library, mirrored, tmp_path):
    """The kinds of the file operations of a run."""
    sandbox, file, content = mirrored
    reset(file, content)
    log = tmp_path / "log"
    done = run(sandbox, file, LD_PRELOAD=str(library), FAULTS_UNDER=str(file.parent), FAULTS_LOG=str(log))
    assert done.returncode == 0, done.stderr
    assert moved(file) == 100
    kinds, text = "", log.read_bytes()
    while text:
        line, _, text = text.partition(b"\n")
        kind, _, _, length, *_ = line.split(b"\t")
        kinds += kind.decode()
        if kind == b"w":
            text = text[int(length) :]
    return kinds


def moments(generator, last):
    return range(1, last + 1) if last <= MOMENTS else sorted(generator.sample(range(1, last + 1), MOMENTS))


def test_a_killed_process_leaves_one_of_the_two_states(library, mirrored, tmp_path):
    kinds = calls(library, mirrored, tmp_path)
    sandbox, file, content = mirrored
    for at in moments(random.Random(1), len(kinds)):
        reset(file, content)
        fault = {"LD_PRELOAD": str(library), "FAULTS_UNDER": str(file.parent), "FAULTS_AT": str(at)}
        killed = run(sandbox, file, FAULTS_ACTION="kill", **fault)
        assert killed.returncode == -9, (at, killed)
        moved(file)
        with gettickets.Mirror(file) as mirror:
            assert mirror.run(client_of(sandbox), full=True).complete
        assert os.listdir(file.parent) == ["tickets.db"]


@pytest.mark.parametrize(("action", "number", "code"), [("once", "5", "database"), ("on", "28", "full")])
def test_a_failed_call_raises_and_leaves_one_of_the_two_states(
    library, mirrored, tmp_path, action, number, code
):
    kinds = [kind for kind in calls(library, mirrored, tmp_path) if kind in FALLIBLE]
    sandbox, file, content = mirrored
    failed = 0
    for at in moments(random.Random(2), len(kinds)):
        reset(file, content)
        fault = {"LD_PRELOAD": str(library), "FAULTS_UNDER": str(file.parent), "FAULTS_AT": str(at)}
        done = run(sandbox, file, FAULTS_ACTION=action, FAULTS_ERRNO=number, FAULTS_KINDS=FALLIBLE, **fault)
        assert done.returncode in (0, 6), (at, done)
        changed = moved(file)
        assert changed == 100 or done.returncode == 6
        failed += done.returncode == 6
        if done.returncode == 6:
            assert done.stderr.split()[0] in (code, "read-only", "database"), (at, done)
    assert failed


def test_a_limit_on_the_size_of_files_raises(mirrored):
    sandbox, file, content = mirrored
    done = run(sandbox, file, SIZE_LIMIT=str(len(content) // 4))
    assert done.returncode == 6, done
    assert moved(file) == 0


def test_a_directory_that_is_removed_raises(mirrored):
    sandbox, file, _ = mirrored
    with gettickets.Mirror(file) as mirror:
        shutil.rmtree(file.parent)
        with pytest.raises(gettickets.MirrorError, match=r"tickets\.db"):
            mirror.run(client_of(sandbox), full=True)
