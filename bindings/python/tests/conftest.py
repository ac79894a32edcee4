"""Fixtures that the tests share: a sandbox and its client."""

import contextlib
import pathlib
import signal
import socket
import threading
import time

import pytest

import gettickets

ROOT = pathlib.Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
# The replies among the shared vectors.
BODIES = sorted(
    path
    for path in VECTORS.glob("*/*")
    if path.suffix in {".json", ".xml", ".nvp", ".html", ".txt"} and not path.name.endswith(".expected.json")
)

# Shells let background processes ignore Ctrl-C, which tests send to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sandbox():
    with gettickets.Sandbox(tickets=1000) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def client(sandbox):
    return gettickets.Client(sandbox.url, **sandbox.credentials)


@pytest.fixture(scope="session")
def page(client):
    return client.get_tickets(limitnum=100)


def engine(name):
    """Imports an optional library. Without it a file of tests is skipped, unless the environment says that
    it has to be there."""
    import importlib
    import os

    if "GETTICKETS_ENGINES" in os.environ:
        return importlib.import_module(name)
    return pytest.importorskip(name)


def client_of(sandbox, **settings):
    """A client without retries, so that the first failure is visible."""
    return gettickets.Client(sandbox.url, **{"max_attempts": 1, **sandbox.credentials, **settings})


class SilentServer:
    """Accepts connections, reads requests and never replies. `open` are the connections that the client holds."""

    def __enter__(self):
        self.connections = self.open = 0
        self.server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}/"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                self.connections += 1
                self.open += 1
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            while connection.recv(4096):
                pass
        self.open -= 1

    def __exit__(self, *exception):
        self.server.close()

    def sees(self, condition):
        """Waits until the condition holds, with a generous time limit."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)


def reply(*tickets, **top):
    """A reply in wire format with these tickets, completed with default fields."""
    import json

    whole = {
        "id": "1", "tid": "516757", "deptid": "1", "userid": "1", "name": "Cynthia Reilly",
        "owner_name": "Cynthia Reilly", "email": "testuser@example.com", "requestor_name": "Cynthia Reilly",
        "requestor_email": "testuser@example.com", "requestor_type": "Owner", "cc": "", "c": "KPqH7yG3",
        "date": "2016-01-01 06:26:29", "subject": "This is a sample ticket", "status": "Answered",
        "priority": "Medium", "admin": "admin admin", "attachment": "123456_name.png",
        "attachments": [{"filename": "name.png", "index": 0}], "attachments_removed": True,
        "lastreply": "2016-01-01 06:30:16", "flag": "0", "service": "",
    }  # fmt: skip
    tickets = [{**whole, "id": str(place + 1), **ticket} for place, ticket in enumerate(tickets or [{}])]
    counts = {"totalresults": str(len(tickets)), "startnumber": 0, "numreturned": len(tickets)}
    return json.dumps({"result": "success", **counts, "tickets": {"ticket": tickets}, **top})
