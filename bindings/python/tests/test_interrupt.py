"""Ctrl-C in a separate process: every wait is interrupted promptly."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's here")

CODE = """
import asyncio, sys, gettickets
if {way!r} == "polars":
    import polars
sandbox = gettickets.Sandbox(tickets=2000, quirks=[{quirk!r}])
client = gettickets.Client(sandbox.url, **sandbox.credentials, timeout=60, max_attempts=1000, total_timeout=600)
print("waiting", flush=True)
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sandbox.close()
    sys.exit(7)
"""
# The operation, and the quirk that makes it wait.
WAYS = {
    "request": ("hang", "client.get_tickets()"),
    "retry": ("maintenance", "client.get_tickets()"),
    "scan": ("slow", "list(client.tickets())"),
    "fleet": ("slow", "list(gettickets.Fleet({'main': client}).tickets())"),
    "pages": ("slow", "list(client.tickets().pages())"),
    "async": ("hang", "asyncio.run(gettickets.AsyncClient(sandbox.url, **sandbox.credentials).get_tickets())"),
    # Readers of Arrow streams raise their own exceptions; the test checks only that they end.
    "polars": ("slow", "polars.DataFrame(client.tickets())"),
}


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_interrupts(way):
    if way == "polars":
        pytest.importorskip("polars")
    quirk, wait = WAYS[way]
    code = CODE.format(way=way, quirk=quirk, wait=wait)
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "waiting\n", child.communicate()
    time.sleep(0.4)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    # Far below every time limit of the client.
    said, errors = child.communicate(timeout=30)
    if way == "polars":
        assert child.returncode != 0 and "interrupt" in (said + errors).lower()
    else:
        assert (said, child.returncode) == ("interrupted\n", 7), errors


def test_the_command_ends_on_ctrl_c():
    child = subprocess.Popen(
        [sys.executable, "-m", "gettickets", "sandbox", "--port", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in child.stderr:
        if "Ctrl-C" in line:
            break
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode in {0, 130, -signal.SIGINT}
