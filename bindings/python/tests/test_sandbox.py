"""The sandbox, and changes to its tickets."""

from datetime import datetime, timezone

import pytest

import gettickets
from conftest import client_of, reply
from gettickets import Sandbox, Status, Ticket


def test_its_tickets_can_be_changed_while_it_runs():
    with Sandbox(tickets=10) as sandbox, client_of(sandbox) as client:

        def ids():
            return [ticket.id for ticket in client.get_tickets(limitnum=100)]

        assert len(sandbox) == 10 and ids() == sandbox.ids()
        new = sandbox.open(subject="Printer on fire", status=Status.OPEN, date=datetime(2026, 1, 2, 3, 4, 5))
        assert new == 11 and ids()[0] == 11
        assert sandbox.get(11).date == datetime(2026, 1, 2, 3, 4, 5) and sandbox.get(99) is None
        assert sandbox.reply(3) and ids()[0] == 3 and sandbox.get(3).status is Status.CUSTOMER_REPLY
        assert sandbox.set_status(4, "Odd") and client.get_tickets(status="Odd")[0].id == 4
        assert sandbox.set_department(4, 77) and client.get_tickets(deptid=77)[0].id == 4
        assert sandbox.delete(5) and 5 not in ids() and not sandbox.delete(5)
        assert sandbox.merge(6, 7) and ids()[0] == 7 and 6 not in ids()
        assert not sandbox.reply(99) and not sandbox.set_status(99, "Open") and not sandbox.merge(1, 1)
        sandbox.churn(3)
        with pytest.raises(gettickets.SandboxError):
            sandbox.open(id=7)
        with pytest.raises(TypeError):
            sandbox.open(color="red")
        with pytest.raises(ValueError, match="lastreply has a time zone"):
            sandbox.open(lastreply=datetime(2026, 1, 2, tzinfo=timezone.utc))
    with pytest.raises(ValueError, match="newest has a time zone, and must be in the install's own time"):
        Sandbox(newest=datetime(2026, 1, 2, tzinfo=timezone.utc))


def test_it_serves_loaded_tickets(tmp_path, page):
    path = tmp_path / "reply.json"
    path.write_text(reply({}, {"subject": "second"}))
    built = Ticket(id=5, subject="built")
    for load, wanted in [
        (page[:7], set(page[:7])),
        ([built, {"id": 6, "subject": "mapping"}, page[0]], {5, 6, page[0].id}),
        (path, {1, 2}),
        (str(path), {1, 2}),
        ([], set()),
    ]:
        with Sandbox(load=load) as sandbox:
            found = set(client_of(sandbox).tickets())
            assert found == wanted or {ticket.id for ticket in found} == wanted


def test_every_setting_has_an_effect():
    statuses = [("Waiting", True, False), ("Done", False, False)]
    tickets = [{"id": 1, "status": "Waiting", "flag": 9, "deptid": 3}, {"id": 2, "status": "Done", "deptid": 4}]
    with Sandbox(load=tickets, statuses=statuses, admin_id=9, departments=[3]) as sandbox:
        client = client_of(sandbox)
        assert [ticket.id for ticket in client.get_tickets(status=Status.ALL_ACTIVE)] == [1]
        assert [ticket.id for ticket in client.get_tickets(status=Status.MY_FLAGGED)] == [1]
        assert [ticket.id for ticket in client.get_tickets()] == [1]
        assert len(client.get_tickets(ignore_dept_assignments=True)) == 2
    with Sandbox(30, seed=5, newest=datetime(2020, 1, 1)) as sandbox:
        assert max(ticket.lastreply for ticket in client_of(sandbox).get_tickets() if ticket.lastreply).year < 2021
    with Sandbox(30, seed=5) as first, Sandbox(30, seed=5) as second, Sandbox(30, seed=6) as other:
        assert (
            list(client_of(first).tickets())
            == list(client_of(second).tickets())
            != list(client_of(other).tickets())
        )


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"tickets": -1}, gettickets.ArgumentError),
        ({"tickets": 2**32}, gettickets.SandboxError),
        ({"tickets": 10**19}, gettickets.SandboxError),
        ({"server_version": "eight"}, ValueError),
        ({"host": "localhost"}, ValueError),
        ({"port": 70000}, gettickets.ArgumentError),
        ({"allow_from": ["here"]}, ValueError),
        ({"credentials": "me"}, TypeError),
        ({"load": 5}, TypeError),
        ({"load": [{"color": "red"}]}, TypeError),
        ({"color": "red"}, TypeError),
    ],
)
def test_an_invalid_setting_is_reported(settings, kind):
    with pytest.raises((kind, ValueError) if kind is TypeError else kind):
        Sandbox(**settings)


def test_every_quirk_has_a_name_and_a_description():
    assert Sandbox.QUIRKS["php-notice"].endswith(".") and len(Sandbox.QUIRKS) > 40
    with Sandbox(quirks="bom") as sandbox:
        assert [finding.code for finding in client_of(sandbox).get_tickets().findings] == ["byte-order-mark"]


def test_it_stops(sandbox):
    other = Sandbox()
    assert other and repr(other) == f"<gettickets.Sandbox at {other.url}, version {other.server_version}>"
    client = client_of(other)
    assert len(client.get_tickets()) == 25 and other.request_count == 1
    other.close()
    other.close()
    assert repr(other) == "<gettickets.Sandbox, closed>" and len(other) == 1000
    with pytest.raises(gettickets.ConnectionFailedError):
        client.get_tickets()
    with pytest.raises(RuntimeError, match="the sandbox is closed"):
        other.request_count


def test_a_server_that_is_far_away_takes_longer():
    with Sandbox(tickets=10, latency=5) as sandbox, client_of(sandbox, timeout=0.2, max_attempts=1) as client:
        with pytest.raises(gettickets.RequestTimeoutError):
            client.get_tickets()
    for latency, error in [(-1, ValueError), ("1", TypeError), (float("inf"), ValueError)]:
        with pytest.raises(error, match="latency"):
            Sandbox(latency=latency)
