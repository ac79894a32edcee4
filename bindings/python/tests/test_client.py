"""Clients: settings, credentials, parameters, and their sources."""

import copy
import pickle
import signal
import weakref
from unittest import mock

import pytest

import gettickets
from conftest import client_of
from gettickets import Client, Status


def test_every_parameter_reaches_the_server(sandbox, client):
    everything = list(client.tickets())
    some = next(ticket for ticket in everything if ticket.userid == 0 and not ticket.cc)
    for parameters, wanted in [
        ({"status": Status.CLOSED}, lambda ticket: ticket.status == "Closed"),
        ({"status": "Closed", "deptid": 1}, lambda ticket: ticket.status == "Closed" and ticket.deptid == 1),
        ({"status": Status.ALL_ACTIVE}, lambda ticket: ticket.status != "Closed"),
        ({"status": Status.MY_FLAGGED}, lambda ticket: ticket.flag == 1),
        ({"clientid": everything[0].userid}, lambda ticket: ticket.userid == everything[0].userid),
        ({"email": some.email}, lambda ticket: ticket.userid == 0 and ticket.email.lower() == some.email.lower()),
        ({"subject": "invoice"}, lambda ticket: "invoice" in ticket.subject_text.lower()),
        ({"ignore_dept_assignments": True}, lambda ticket: True),
    ]:
        found = client.get_tickets(limitnum=1000, **parameters)
        assert [ticket.id for ticket in found] == [ticket.id for ticket in everything if wanted(ticket)], (
            parameters
        )
        assert found.totalresults == len(found)
        assert {ticket.id for ticket in client.tickets(**parameters)} == {ticket.id for ticket in found}
    part = client.get_tickets(limitstart=10, limitnum=5)
    assert [ticket.id for ticket in part] == [ticket.id for ticket in everything[10:15]] and part.startnumber == 10
    assert len(client.get_tickets()) == 25 == len(client.get_tickets(limitnum=None, status=None))


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"limitnum": -1}, ValueError, "limitnum must be from 0"),
        ({"limitnum": 0}, ValueError, "limitnum must be at least 1"),
        ({"limitnum": 2**64}, ValueError, "limitnum must be from 0"),
        ({"limitnum": "5"}, TypeError, "limitnum must be an int, not str"),
        ({"limitnum": True}, TypeError, "limitnum must be an int, not bool"),
        ({"limitnum": 5.0}, TypeError, "limitnum must be an int, not float"),
        ({"status": 1}, TypeError, "status must be a str( or several of them)?, not int"),
        ({"email": b"x"}, TypeError, "email must be a str, not bytes"),
        ({"ignore_dept_assignments": 1}, TypeError, "ignore_dept_assignments must be a bool, not int"),
        ({"limit": 5}, TypeError, "unexpected keyword argument 'limit'"),
        ({"subject": "\ud800"}, ValueError, "subject has a lone surrogate"),
    ],
)
def test_parameters_are_typed(sandbox, client, parameters, kind, message):
    before = sandbox.request_count
    for ask in (client.get_tickets, client.tickets):
        with pytest.raises(kind, match=message):
            ask(**parameters)
    assert sandbox.request_count == before


def test_parameters_are_keyword_only(client):
    with pytest.raises(TypeError):
        client.get_tickets(0)
    with pytest.raises(TypeError):
        client.tickets(limitstart=5)


def test_all_three_kinds_of_credentials_are_accepted():
    md5 = "5f4dcc3b5aa765d61d8327deb882cf99"
    with gettickets.Sandbox(
        credentials=("me", "hunter2"), admin=("admin", "password"), allow_from=["203.0.113.7"], access_key="k3y!"
    ) as sandbox:
        assert sandbox.credentials == {"identifier": "me", "secret": "hunter2"}
        for credentials in [
            {"identifier": "me", "secret": "hunter2"},
            {"username": "admin", "password": "password"},
            {"username": "admin", "password_md5": md5},
        ]:
            client = Client(sandbox.url, **credentials, access_key="k3y!")
            assert len(client.get_tickets()) == 25
            with pytest.raises(gettickets.IpNotAllowedError) as error:
                Client(sandbox.url, **credentials).get_tickets()
            assert error.value.seen_address == "127.0.0.1" and "127.0.0.1" in error.value.hint


def test_no_secret_is_shown(sandbox):
    client = Client(sandbox.url, identifier="who-am-i", secret="s3cr3t", access_key="k3y")
    for shown in (repr(client), str(client), repr(client._native_client), client.endpoint):
        assert not {"who-am-i", "s3cr3t", "k3y"} & set(shown.replace("'", " ").split())
        assert "s3cr3t" not in shown
    assert repr(client) == f"<gettickets.Client of {sandbox.url}includes/api.php>"
    for save in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match="has credentials"):
            save(client)


def test_the_environment_sets_the_endpoint(sandbox, monkeypatch):
    for name in ("URL", "IDENTIFIER", "SECRET", "USERNAME", "PASSWORD", "PASSWORD_MD5", "ACCESS_KEY"):
        monkeypatch.delenv(f"GETTICKETS_{name}", raising=False)

    def code_of(**settings):
        with pytest.raises(gettickets.ConfigError) as error:
            Client.from_env(**settings)
        assert error.value.hint
        return error.value.code

    assert code_of() == "environment"
    monkeypatch.setenv("GETTICKETS_URL", sandbox.url)
    assert code_of() == "no-credentials"
    monkeypatch.setenv("GETTICKETS_IDENTIFIER", sandbox.credentials["identifier"])
    assert code_of() == "environment"
    monkeypatch.setenv("GETTICKETS_SECRET", sandbox.credentials["secret"])
    assert len(Client.from_env().get_tickets()) == 25
    assert Client.from_env(timezone="Europe/Berlin").get_tickets()[0].lastreply.tzinfo is not None
    with pytest.raises(gettickets.AuthenticationError):
        Client.from_env(secret="another", max_attempts=1).get_tickets()
    # Credentials of another kind than those given are not mixed in.
    with pytest.raises(gettickets.AuthenticationError):
        Client.from_env(username="admin", password="x", max_attempts=1).get_tickets()
    assert code_of(username="admin") == "environment"
    monkeypatch.setenv("GETTICKETS_URL", "")
    assert code_of() == "environment"
    assert len(Client.from_env(url=sandbox.url).get_tickets()) == 25
    with gettickets.Sandbox(admin=("admin", "password")) as other:
        monkeypatch.delenv("GETTICKETS_IDENTIFIER")
        monkeypatch.delenv("GETTICKETS_SECRET")
        monkeypatch.setenv("GETTICKETS_URL", other.url)
        monkeypatch.setenv("GETTICKETS_USERNAME", "admin")
        assert code_of() == "environment"
        monkeypatch.setenv("GETTICKETS_PASSWORD", "password")
        assert len(Client.from_env().get_tickets()) == 25


def test_a_client_closes(sandbox):
    with Client(sandbox.url, **sandbox.credentials) as client:
        assert not client.closed and len(client.get_tickets()) == 25
        scan = client.tickets()
    assert client.closed and repr(client) == "<gettickets.Client, closed>"
    client.close()
    for use in (client.get_tickets, client.tickets, lambda: client.endpoint):
        with pytest.raises(RuntimeError, match="the client is closed"):
            use()
    # A scan that was begun continues.
    assert len(list(scan)) == 1000


def test_a_temporary_failure_is_retried():
    for quirk in ("flaky-503", "reset", "truncate"):
        with gettickets.Sandbox(quirks=[quirk]) as sandbox:
            assert len(Client(sandbox.url, **sandbox.credentials).get_tickets()) == 25
            assert sandbox.request_count == 2, quirk
            with pytest.raises(gettickets.Error) as error:
                # The next two of three attempts succeed.
                for _ in range(3):
                    client_of(sandbox).get_tickets()
            assert error.value.attempts == 1 and error.value.is_retryable


def test_a_total_time_limit_ends_the_retries():
    with gettickets.Sandbox(quirks=["maintenance"]) as sandbox:
        waits = {"initial_backoff": 0.2, "max_backoff": 0.2, "max_retry_after": 0.0}
        with pytest.raises(gettickets.Error):
            Client(
                sandbox.url, **sandbox.credentials, max_attempts=100_000, total_timeout=1.5, **waits
            ).get_tickets()
        assert 1 <= sandbox.request_count < 1000
        with pytest.raises(gettickets.ConfigError):
            Client(sandbox.url, **sandbox.credentials, total_timeout=0)


def test_text_after_the_reply_is_a_finding_and_strict_refuses_it():
    with gettickets.Sandbox(quirks=["trailing-text"]) as sandbox:
        assert "trailing-text" in {finding.code for finding in client_of(sandbox).get_tickets().findings}
        with pytest.raises(gettickets.DecodeError):
            client_of(sandbox, strict=True).get_tickets()


def test_xml_states_the_server_version(sandbox):
    page = client_of(sandbox, response_type="xml").get_tickets(limitnum=5)
    assert page.detected_version == (gettickets.Version("8.13.1"), True) and str(page.detected_version) == "8.13.1"


def test_a_page_that_json_cannot_represent_is_requested_as_xml():
    with gettickets.Sandbox(tickets=100, quirks=["malformed-utf8"]) as sandbox:
        page = client_of(sandbox).get_tickets(limitnum=100)
        assert len(page) == 100 and "replaced-bytes" in {finding.code for finding in page.findings}
        assert sandbox.request_count == 2


def test_the_user_agent_is_sent():
    with gettickets.Sandbox(quirks=["wants-user-agent"]) as sandbox:
        assert len(client_of(sandbox, user_agent="Mozilla/5.0").get_tickets()) == 25


def test_a_strict_client_refuses_deviations():
    with gettickets.Sandbox(quirks=["php-notice"]) as sandbox:
        assert client_of(sandbox).get_tickets().findings
        with pytest.raises(gettickets.DecodeError) as error:
            client_of(sandbox, strict=True).get_tickets()
        assert (error.value.code, error.value.http_status) == ("strict", 200)


@pytest.mark.parametrize("version", ["1.0", "7.9", "7.10", "8.0", "8.13.1"])
def test_every_server_version_is_read(version):
    with gettickets.Sandbox(tickets=50, server_version=version) as sandbox:
        page = client_of(sandbox).get_tickets(limitnum=50)
        assert not page.findings and page.missing_fields(version) == ()
        assert (page[0].requestor_type is None) == (version in {"1.0", "7.9", "7.10"})
        assert (page[0].attachments is None) == (version in {"1.0", "7.9"})
        assert str(sandbox.server_version) == version


def test_the_local_api_answers_through_php(tmp_path):
    import json
    import shutil

    if shutil.which("php") is None:
        pytest.skip("there is no PHP")
    (tmp_path / "init.php").write_text(
        "<?php function localAPI($action, $parameters, $admin = null) {"
        " return ['result' => 'success', 'totalresults' => 1, 'startnumber' => 0, 'numreturned' => 1,"
        " 'tickets' => ['ticket' => [['id' => 7, 'tid' => $action, 'subject' => json_encode($parameters),"
        " 'admin' => $admin]]]]; }"
    )
    client = Client.local(tmp_path, admin="robot", timezone="UTC")
    ticket = client.get_tickets(limitnum=3, ignore_dept_assignments=True)[0]
    assert (ticket.id, ticket.tid, ticket.admin) == (7, "GetTickets", "robot")
    assert json.loads(ticket.subject) == {"limitnum": 3, "ignore_dept_assignments": True}
    assert repr(client) == f"<gettickets.Client of {tmp_path}>"


def test_a_time_limit_of_none_is_no_limit():
    with gettickets.Sandbox(quirks=["hang"]) as sandbox:
        # The first of three requests is never answered; without a limit only the signal ends the wait.
        client = client_of(sandbox, timeout=None, connect_timeout=None, total_timeout=None)

        def ring(signum, frame):
            raise TimeoutError("the alarm rings")

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        try:
            with pytest.raises(TimeoutError, match="the alarm rings"):
                client.get_tickets()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert len(client.get_tickets()) == 25
        infinite = client_of(sandbox, timeout=float("inf"), total_timeout=float("inf"), max_backoff=float("inf"))
        assert len(infinite.get_tickets()) == 25


def test_retry_settings_reach_the_client():
    with gettickets.Sandbox(quirks=["maintenance"]) as sandbox:
        waits = {"initial_backoff": 0.0, "max_backoff": 0.0, "max_retry_after": 0.0}
        client = client_of(sandbox, max_attempts=5, **waits)
        with pytest.raises(gettickets.UnexpectedResponseError) as error:
            client.get_tickets()
        assert error.value.attempts == 5 == sandbox.request_count


def test_white_space_around_variables_is_removed(sandbox, monkeypatch):
    monkeypatch.setenv("GETTICKETS_URL", f" {sandbox.url}\n")
    monkeypatch.setenv("GETTICKETS_IDENTIFIER", "\ufeff" + sandbox.credentials["identifier"] + "\r\n")
    monkeypatch.setenv("GETTICKETS_SECRET", sandbox.credentials["secret"] + "\n")
    monkeypatch.delenv("GETTICKETS_ACCESS_KEY", raising=False)
    assert len(Client.from_env(timeout=None).get_tickets()) == 25


def test_clients_can_be_patched_and_weakly_referenced(sandbox, client, page):
    with mock.patch.object(client, "get_tickets", return_value="patched"):
        assert client.get_tickets() == "patched"
    assert len(client.get_tickets(limitnum=1)) == 1
    scan = client.tickets()
    for thing in (
        client,
        gettickets.AsyncClient(sandbox.url, **sandbox.credentials),
        sandbox,
        page,
        page[0],
        scan,
    ):
        assert weakref.ref(thing)() is thing


def test_quotes_around_a_secret_in_the_environment_cause_a_warning(sandbox, monkeypatch):
    monkeypatch.setenv("GETTICKETS_URL", sandbox.url)
    monkeypatch.setenv("GETTICKETS_IDENTIFIER", sandbox.credentials["identifier"])
    monkeypatch.setenv("GETTICKETS_SECRET", f'"{sandbox.credentials["secret"]}"')
    with pytest.warns(UserWarning, match="GETTICKETS_SECRET is in quotes") as caught:
        client = Client.from_env()
    assert sandbox.credentials["secret"] not in str(caught[0].message)
    with pytest.raises(gettickets.AuthenticationError):
        client.get_tickets()
