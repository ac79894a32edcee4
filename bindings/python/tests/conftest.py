"""What the tests share: a sandbox and a client of it."""

import pathlib

import pytest

import gettickets

ROOT = pathlib.Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"


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


def client_of(sandbox, **settings):
    """A client that asks once, so that what goes wrong is seen."""
    return gettickets.Client(sandbox.url, **{"max_attempts": 1, **sandbox.credentials, **settings})


def reply(*tickets, **top):
    """A reply as a server writes it, with these tickets over a whole one."""
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
