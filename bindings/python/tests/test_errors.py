"""Every exception, raised by requests to a real server."""

import copy
import pickle
import socket
import ssl
import subprocess
import sys
import threading
import traceback

import pytest

import gettickets
from conftest import client_of

# The quirk, the class, its code, the HTTP status, and other attributes.
QUIRKS = [
    ("status-403", gettickets.AuthenticationError, "authentication", 403, {"message": "Authentication Failed"}),
    ("account-disabled", gettickets.AuthenticationError, "authentication", 403, {}),
    ("ip-refused", gettickets.IpNotAllowedError, "ip-not-allowed", 403, {"seen_address": "203.0.113.7"}),
    ("not-permitted", gettickets.PermissionDeniedError, "permission", 403, {}),
    ("unknown-action", gettickets.UnknownActionError, "unknown-action", None, {}),
    ("malformed-utf8-deep", gettickets.ReplyEncodingError, "encoding", 200, {}),
    ("no-message", gettickets.ApiError, "other", None, {"message": None}),
    ("status-for-result", gettickets.ApiError, None, None, {}),
    ("echo-request", gettickets.ApiError, "other", None, {}),
    ("html-waf", gettickets.UnexpectedResponseError, "unexpected-response", 403, {}),
    ("maintenance", gettickets.UnexpectedResponseError, "unexpected-response", 503, {"is_retryable": True}),
    ("login-page", gettickets.UnexpectedResponseError, "unexpected-response", 200, {}),
    (
        "empty-body",
        gettickets.UnexpectedResponseError,
        "unexpected-response",
        200,
        {"title": None, "excerpt": None},
    ),
    ("redirect", gettickets.RedirectError, "redirect", 302, {}),
    (
        "rate-limit",
        gettickets.RateLimitedError,
        "rate-limited",
        429,
        {"is_retryable": True, "retry_after": 1.0, "message": "Too Many Requests"},
    ),
    ("deep-nesting", gettickets.DecodeError, "too-deep", 200, {}),
    ("xml-bomb", gettickets.DecodeError, "entity", 200, {}),
    ("truncate", gettickets.DecodeError, "truncated", 200, {"is_retryable": True}),
    ("reset", gettickets.TransportError, None, None, {"is_retryable": True}),
    ("gzip-bomb", gettickets.TooLargeError, "too-large", None, {"limit": 1 << 20}),
    ("huge-body", gettickets.TooLargeError, "too-large", None, {"limit": 1 << 20}),
    ("huge-headers", gettickets.TransportError, "headers-too-large", None, {}),
    ("hang", gettickets.RequestTimeoutError, "timeout", None, {"is_retryable": True}),
]


@pytest.mark.parametrize(("quirk", "kind", "code", "status", "details"), QUIRKS, ids=[row[0] for row in QUIRKS])
def test_every_kind_of_error_has_its_exception(quirk, kind, code, status, details):
    settings = {"max_response_len": 1 << 20, "timeout": 2 if quirk == "hang" else 20}
    # Enough tickets to include one that a server with that quirk cannot send.
    with gettickets.Sandbox(tickets=100, quirks=[quirk]) as sandbox, client_of(sandbox, **settings) as client:
        with pytest.raises(gettickets.Error) as raised:
            client.get_tickets(limitnum=100)
    error = raised.value
    assert isinstance(error, kind), repr(error)
    assert (code or error.code, status or error.http_status) == (error.code, error.http_status)
    for name, value in details.items():
        assert getattr(error, name) == value, name
    assert (
        error.attempts == (2 if quirk == "malformed-utf8-deep" else 1) and error.may_have_been_sent and str(error)
    )
    assert "sandbox-secret" not in f"{error!r}{error}{error.__dict__}"
    if error.hint:
        assert error.__notes__ == [error.hint]


def test_wrong_credentials_are_an_authentication_error(sandbox):
    with pytest.raises(gettickets.AuthenticationError) as error:
        gettickets.Client(sandbox.url, identifier="who", secret="no-such-secret").get_tickets()
    assert error.value.http_status == 403 and "identifier" in error.value.hint


def test_a_missing_server_is_a_connection_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    client = gettickets.Client(url, identifier="i", secret="s", max_attempts=1)
    with pytest.raises(ConnectionError) as error:
        client.get_tickets()
    assert isinstance(error.value, gettickets.ConnectionFailedError)
    assert (error.value.code, error.value.may_have_been_sent, error.value.attempts) == ("connect", False, 1)
    client = gettickets.Client(
        "https://no-such-host.invalid/", identifier="i", secret="s", max_attempts=1, proxy=False
    )
    with pytest.raises(gettickets.ConnectionFailedError):
        client.get_tickets()


def test_a_silent_server_is_a_timeout():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        client = gettickets.Client(url, identifier="i", secret="s", timeout=0.2, max_attempts=1)
        with pytest.raises(TimeoutError) as error:
            client.get_tickets()
    assert isinstance(error.value, gettickets.RequestTimeoutError) and error.value.may_have_been_sent


def test_a_server_without_tls_is_a_tls_error():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(gettickets.TlsError) as error:
            gettickets.Client(url, identifier="i", secret="s", max_attempts=1).get_tickets()
        thread.join()
    assert error.value.code == "tls" and error.value.hint


def test_an_untrusted_certificate_is_a_tls_error(tmp_path):
    trustme = pytest.importorskip("trustme")
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    body = b'{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}'

    def serve(server, times):
        for _ in range(times):
            connection, _ = server.accept()
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secured:
                        request = secured.recv(4096)
                        while b"responsetype" not in request:
                            request += secured.recv(4096)
                        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                        secured.sendall(head + body)
                except ssl.SSLError:
                    continue

    def ask(certificates):
        settings = {"root_certificates": certificates, "identifier": "i", "secret": "s", "max_attempts": 1}
        return gettickets.Client(url, **settings).get_tickets()

    pem = authority.cert_pem.bytes()
    file = tmp_path / "authority.pem"
    file.write_bytes(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        thread = threading.Thread(target=serve, args=(server, 4))
        thread.start()
        for certificates in (pem, pem.decode(), file):
            assert len(ask(certificates)) == 0
        with pytest.raises(gettickets.TlsError) as error:
            ask(stranger.cert_pem.bytes())
        thread.join()
    assert "an authority that is not trusted" in str(error.value) and not error.value.is_retryable


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"url": "https://user:hunter2@example.com"}, "address"),
        ({"url": "http://billing.example.com"}, "address"),
        ({"url": "https://example.com/?x=hunter2"}, "address"),
        ({"url": ""}, "address"),
        ({"identifier": None, "secret": None}, "no-credentials"),
        ({"timeout": 0}, "zero-timeout"),
        ({"max_attempts": 0}, "zero-attempts"),
        ({"response_type": "nvp"}, "no-list-in-nvp"),
        ({"user_agent": "a\nb"}, "user-agent"),
        ({"proxy": "no proxy at all hunter2"}, "proxy"),
        ({"root_certificates": b"nothing"}, "root-certificates"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"secret": None}, "credentials"),
        ({"identifier": None}, "credentials"),
        ({"username": "admin"}, "credentials"),
        ({"identifier": None, "secret": None, "username": "admin"}, "credentials"),
        ({"identifier": None, "secret": None, "password": "hunter2"}, "credentials"),
        ({"identifier": None, "secret": None, "access_key": "hunter2"}, "credentials"),
        ({"identifier": None, "secret": None, "username": "a", "password_md5": "hunter2"}, "password-md5"),
        ({"access_key": "hunter2 with space"}, "access-key"),
        ({"response_type": "yaml"}, "response-type"),
    ],
    ids=str,
)
def test_an_invalid_setting_is_a_config_error(settings, code):
    with pytest.raises(gettickets.ConfigError) as error:
        gettickets.Client(**{"url": "https://billing.example.com", "identifier": "i", "secret": "s", **settings})
    assert (error.value.code, error.value.may_have_been_sent) == (code, False)
    assert error.value.hint and "hunter2" not in f"{error.value!r}"
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize(
    ("settings", "kind", "says"),
    [
        ({"url": None}, TypeError, "url must be a str, not NoneType"),
        ({"url": b"https://example.com"}, TypeError, "url must be a str, not bytes"),
        ({"identifier": 5}, TypeError, "identifier must be a str, not int"),
        ({"timeout": "soon"}, TypeError, "timeout must be a number of seconds, not str"),
        ({"timeout": True}, TypeError, "timeout must be a number of seconds, not bool"),
        ({"timeout": -1}, ValueError, "timeout must be a number of seconds from 0, not -1"),
        ({"total_timeout": float("nan")}, ValueError, "total_timeout must be a number of seconds from 0, not nan"),
        ({"initial_backoff": "1s"}, TypeError, "initial_backoff must be a number of seconds, not str"),
        ({"max_attempts": -1}, ValueError, "max_attempts must be from 0"),
        ({"max_attempts": 1.5}, TypeError, "max_attempts must be an int, not float"),
        ({"max_response_len": 1.5}, TypeError, "max_response_len must be an int, not float"),
        ({"strict": "no"}, TypeError, "strict must be a bool, not str"),
        ({"strict": 1}, TypeError, "strict must be a bool, not int"),
        ({"allow_plain_http": "yes"}, TypeError, "allow_plain_http must be a bool, not str"),
        ({"proxy": True}, TypeError, "proxy must be a str, False or None, not bool"),
        (
            {"root_certificates": False},
            TypeError,
            "root_certificates must be PEM as str or bytes, or a path, not bool",
        ),
        ({"root_certificates": 0}, TypeError, "root_certificates must be PEM as str or bytes, or a path, not int"),
        ({"timezone": 3}, TypeError, "timezone must be a name or a tzinfo, not int"),
        ({"color": "red"}, TypeError, "unexpected keyword argument 'color'"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_reported_before_anything_is_sent(settings, kind, says):
    arguments = {"url": "https://billing.example.com", "identifier": "i", "secret": "s", **settings}
    makers = [gettickets.Client, gettickets.AsyncClient]
    if arguments["url"]:
        makers.append(lambda **arguments: gettickets.Client.from_env(**arguments))
    for make in makers:
        with pytest.raises(kind, match=says) as error:
            make(**arguments)
        assert kind is TypeError or isinstance(error.value, gettickets.ArgumentError)


def test_a_wrong_argument_does_not_touch_standard_input():
    code = (
        "import gettickets, sys\n"
        "try: gettickets.Client('https://example.com', identifier='i', secret='s', root_certificates=False)\n"
        "except TypeError: print(sys.stdin.read())"
    )
    done = subprocess.run([sys.executable, "-c", code], input="still here", capture_output=True, text=True)
    assert done.stdout == "still here\n", done.stderr


def test_errors_for_argument_values_are_sentences(client):
    pandas = pytest.importorskip("pandas")
    for call, kind, says in [
        (lambda: client.tickets(max_requests=-1), gettickets.ArgumentError, "max_requests must be from 0"),
        (lambda: client.tickets(max_requests="5"), TypeError, "max_requests must be an int, not str"),
        (lambda: client.tickets(updated_since=pandas.NaT), gettickets.ArgumentError, "must be a time, not NaT"),
        (lambda: gettickets.Ticket(date=pandas.NaT), gettickets.ArgumentError, "date must be a time, not NaT"),
        (lambda: client.tickets(resume="x"), gettickets.CursorError, "cursor"),
        (lambda: client.tickets(resume=5), TypeError, "resume must be a str, not int"),
        (lambda: gettickets.decode("{}", max_len=-1), gettickets.ArgumentError, "max_len must be from 0"),
        (lambda: gettickets.decode("{}", max_len=0), gettickets.ArgumentError, "max_len must be from 1 to"),
        (lambda: gettickets.decode("{}", max_len=2**40), gettickets.ArgumentError, "max_len must be from 1 to"),
        (lambda: gettickets.decode("{}", strict="no"), TypeError, "strict must be a bool, not str"),
        (
            lambda: gettickets.Version(7.10),
            TypeError,
            'a version must be a str such as "7.10", or ints, not float',
        ),
        (lambda: gettickets.Version(7, 1.0), TypeError, "or ints, not float"),
        (lambda: gettickets.Version(True), TypeError, "or ints, not bool"),
        (lambda: gettickets.Version(-1), gettickets.ArgumentError, "must be from 0 to 65535, not -1"),
        (lambda: gettickets.Version("x"), gettickets.ArgumentError, "not a server version"),
        (lambda: gettickets.Sandbox(port=70_000), gettickets.ArgumentError, "port is too large: 70000"),
        (lambda: gettickets.Sandbox(host="here"), gettickets.ArgumentError, "is not an IP address"),
    ]:
        with pytest.raises(kind, match=says):
            call()
    assert issubclass(gettickets.CursorError, gettickets.Error) and issubclass(gettickets.CursorError, ValueError)


@pytest.mark.parametrize(
    "parameters",
    [{"clientid": 0}, {"deptid": 0}, {"email": ""}, {"email": " "}, {"subject": ""}, {"status": "\t"}],
    ids=str,
)
def test_a_filter_that_servers_ignore_is_refused(sandbox, client, parameters):
    before = sandbox.request_count
    for call in (client.get_tickets, client.tickets):
        with pytest.raises(gettickets.ArgumentError, match="does not filter: a server lists every ticket then"):
            call(**parameters)
    assert sandbox.request_count == before


def test_a_use_in_the_wrong_state_is_a_state_error(sandbox):
    client = client_of(sandbox)
    client.close()
    with pytest.raises(gettickets.StateError, match="the client is closed") as error:
        client.get_tickets()
    assert error.value.code == "closed" and isinstance(error.value, RuntimeError)


def test_a_client_that_was_never_made_has_a_repr():
    for kind in (gettickets.Client, gettickets.AsyncClient):
        half = kind.__new__(kind)
        assert repr(half) == f"<gettickets.{kind.__name__}, closed>" and half.closed
        with pytest.raises(gettickets.StateError):
            half.endpoint
        with pytest.raises(gettickets.ConfigError):
            half.__init__("https://example.com", identifier="i")
        assert repr(half) == f"<gettickets.{kind.__name__}, closed>"


def classes(kind=gettickets.Error):
    yield kind
    for sub in kind.__subclasses__():
        yield from classes(sub)


@pytest.mark.parametrize("kind", list(classes()), ids=lambda kind: kind.__name__)
def test_every_exception_is_public_documented_and_pickles(kind):
    assert getattr(gettickets, kind.__name__) is kind and kind.__doc__
    names = {name for base in kind.__mro__ for name in base.__dict__.get("__annotations__", {})}
    error = kind("what happened", **dict.fromkeys(names, "value"))
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind and str(again) == "what happened"
        assert again.__dict__ == error.__dict__ and again.__notes__ == ["value"]
    with pytest.raises(TypeError):
        kind("what happened", color="red")


@pytest.mark.parametrize("name", [name for name in gettickets.__all__ if callable(getattr(gettickets, name))])
def test_public_objects_have_the_module_of_the_package(name):
    thing = getattr(gettickets, name)
    assert (thing.__module__, thing.__qualname__) == ("gettickets", name)
    assert pickle.loads(pickle.dumps(thing)) is thing and b"gettickets._" not in pickle.dumps(thing)


def test_tracebacks_and_pickles_name_the_package():
    error = gettickets.AuthenticationError("who?")
    assert "".join(traceback.format_exception_only(error)) == "gettickets.AuthenticationError: who?\n"
    assert b"gettickets._" not in pickle.dumps(error)


@pytest.mark.parametrize("kind", [gettickets.Client, gettickets.AsyncClient], ids=lambda kind: kind.__name__)
def test_errors_for_arguments_name_the_called_class(kind):
    for call, whose in [
        (lambda: kind(), "__init__"),
        (lambda: kind("https://example.com", "identifier", "secret"), "__init__"),
        (lambda: kind("https://example.com", color="red"), "__init__"),
        (lambda: kind.local(), "local"),
        (lambda: kind.local("/", color="red"), "local"),
        (lambda: kind.from_env("https://example.com"), "from_env"),
    ]:
        with pytest.raises(TypeError, match=rf"^{kind.__name__}\.{whose}\(\) "):
            call()


def test_errors_for_arguments_name_no_private_class():
    for kind in (gettickets.Status, gettickets.Priority, gettickets.RequestorType, gettickets.Version):
        with pytest.raises(TypeError, match=rf"^{kind.__name__}\.__new__\(\) "):
            kind()


def test_subclasses_keep_their_attributes():
    class Mine(gettickets.Client):
        def __init__(self):
            super().__init__("https://example.com", identifier="i", secret="s")

    assert repr(Mine()).endswith(".Mine of https://example.com/includes/api.php>") and Mine().endpoint.startswith(
        "https://example.com/"
    )


def test_a_sandbox_that_cannot_start_says_why(sandbox):
    port = int(sandbox.url.rstrip("/").rsplit(":")[-1])
    with pytest.raises(gettickets.SandboxError, match=f"cannot listen on 127.0.0.1:{port}"):
        gettickets.Sandbox(port=port)
    with pytest.raises(gettickets.SandboxError, match="two tickets have the same id"):
        gettickets.Sandbox(load=[{"id": 1}, {"id": 1}])
    with pytest.raises(ValueError, match='"php"'):
        gettickets.Sandbox(quirks=["php"])


def test_a_missing_install_is_a_local_api_error(tmp_path):
    with pytest.raises(gettickets.LocalApiError) as error:
        gettickets.Client.local(tmp_path, php="no-such-php").get_tickets()
    assert error.value.code in {"no-php", "no-init"} and not error.value.may_have_been_sent and error.value.hint


def test_hints_name_arguments_that_exist():
    """The names are those in bindings/python/src/errors.rs."""
    import inspect
    import pathlib
    import re

    source = pathlib.Path(__file__).parents[1] / "src" / "errors.rs"
    written = source.read_text(encoding="utf-8").split("fn keyword_of", 1)[1].split("\n}\n", 1)[0]
    names = {name for name in re.findall(r'=> "(\w+)=', written)}
    functions = [gettickets.Client.__init__, gettickets.Client.tickets, gettickets.Client.local]
    known = {name for function in functions for name in inspect.signature(function).parameters}
    assert len(names) == 13 and names <= known, names - known
    with gettickets.Sandbox(tickets=30, quirks=["malformed-utf8-deep"]) as sandbox:
        scan = client_of(sandbox).tickets()
        with pytest.raises(gettickets.ScanIncompleteError) as caught:
            list(scan)
        assert 'on_unreadable="skip"' in caught.value.hint
        with pytest.raises(gettickets.Error) as caught:
            client_of(sandbox).get_tickets(limitnum=30)
        assert "(responsetype)" not in caught.value.hint and "(limitnum)" not in caught.value.hint
