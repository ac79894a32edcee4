"""The command line that the package contains."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import gettickets


def ask(program, *arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GETTICKETS")}
    return subprocess.run(
        [*program, *arguments], capture_output=True, text=True, timeout=60, env={**kept, **environment}
    )


SCRIPT = pathlib.Path(sys.executable).with_name("gettickets")
PROGRAMS = [[sys.executable, "-m", "gettickets"], [str(SCRIPT)]]


@pytest.mark.parametrize("program", PROGRAMS, ids=["module", "script"])
def test_it_is_the_same_program(program, sandbox, client):
    if program[0] == str(SCRIPT) and not SCRIPT.exists():
        pytest.skip("the package is not installed")
    result = ask(program, "--version")
    assert (result.returncode, result.stdout.splitlines()[0]) == (0, f"gettickets {gettickets.__version__}")
    secret = sandbox.credentials["secret"]
    arguments = [
        "list",
        "--url",
        sandbox.url,
        "--identifier",
        sandbox.credentials["identifier"],
        "--format",
        "json",
    ]
    listed = ask(program, *arguments, GETTICKETS_SECRET=secret)
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)["tickets"] == json.loads(client.get_tickets().to_json())["tickets"]
    assert ask(program, *arguments, GETTICKETS_SECRET="wrong").returncode == 1
    assert ask(program, "no-such-command").returncode == 2
