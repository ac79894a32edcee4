"""Every exception of gettickets.

    Error
     ├─ ApiError                  the server replied with an error of the API
     │   ├─ AuthenticationError   credentials that are wrong, missing or disabled
     │   ├─ IpNotAllowedError     an address that is not on the server's list
     │   ├─ PermissionDeniedError valid credentials that may not make this call
     │   ├─ UnknownActionError    the server has no GetTickets call
     │   └─ ReplyEncodingError    a text that the server cannot encode as JSON
     ├─ UnexpectedResponseError   a firewall, a login, a maintenance page, an empty response
     ├─ RateLimitedError          the server limits the number of requests
     ├─ DecodeError               a reply that cannot be read without losing data
     ├─ TooLargeError             a reply that is larger than the limit
     ├─ TransportError            no connection, or no complete response
     │   ├─ ConnectionFailedError also a ConnectionError
     │   ├─ RequestTimeoutError   also a TimeoutError
     │   └─ TlsError              a server that is not trusted
     ├─ RedirectError             the server redirects the request
     ├─ LocalApiError             PHP or the install did not reply
     ├─ ScanIncompleteError       a scan that cannot guarantee to return every ticket
     ├─ FleetError                installs of a fleet that could not be read
     ├─ MirrorError               a mirror's database that cannot be used
     │   └─ MirrorIncompleteError a run that did not read every ticket
     ├─ ConfigError               an invalid setting; also a ValueError
     ├─ ArgumentError             an invalid argument; also a ValueError
     │   └─ CursorError           a cursor of another scan, or a text that is not a cursor
     ├─ StateError                an object that is closed, or of another process; also a RuntimeError
     └─ SandboxError              the sandbox did not start, or its database failed

An argument of a wrong type is a TypeError, and an index that is out of range an IndexError, as everywhere in Python.
No exception contains credentials or the access key of a ticket.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._notes import MirrorReport


class Error(Exception):
    """Base class of the exceptions of gettickets. `str(error)` says what happened, where and why."""

    code: str = "other"
    """A stable name for programs, such as `authentication` or `missing-id`."""
    hint: str | None = None
    """What to do. Tracebacks show it below the message, from Python 3.11 on."""
    endpoint: str | None = None
    """The endpoint of the request, without credentials, if there was one."""
    http_status: int | None = None
    """The HTTP status of the response, if there was one."""
    attempts: int = 0
    """The number of attempts to send the request; 0 if it failed before the first."""
    may_have_been_sent: bool = False
    """Whether the server may have received a request. False only if it certainly did not."""
    is_retryable: bool = False
    """Whether the same request may succeed later."""

    def __init__(self, text: str = "", **details: Any) -> None:
        """`details` are attributes of the exception."""
        super().__init__(text)
        for name, value in details.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
            setattr(self, name, value)
        if self.hint is not None:
            self.__notes__ = [self.hint]


class ApiError(Error):
    """The server replied with an error of the API, at HTTP 200 or at another status."""

    message: str | None = None
    """The server's message as it was sent; None if there is none."""


class AuthenticationError(ApiError):
    """The credentials are wrong, missing, or those of a disabled account."""


class IpNotAllowedError(ApiError):
    """The server does not allow requests from this address."""

    seen_address: str | None = None
    """The address that the server received the request from, if it reports one."""


class PermissionDeniedError(ApiError):
    """The credentials are valid, but lack the permission for this call."""


class UnknownActionError(ApiError):
    """The server has no such action."""


class ReplyEncodingError(ApiError):
    """The server could not encode its reply as JSON, because a text in it is not UTF-8."""


class UnexpectedResponseError(Error):
    """The response is not from the API: a firewall, a login, a maintenance page, a reply of another call."""

    content_type: str | None = None
    """The content type of the response, if it has one."""
    title: str | None = None
    """The title of the page, if it is HTML and has one."""
    excerpt: str | None = None
    """The beginning of the body, or of its text, if there is one; bounded in length."""


class RateLimitedError(Error):
    """The server still limits the rate of requests (HTTP 429) after all retries.

    A client waits and retries by itself, within `max_attempts`, `max_retry_after` and `total_timeout`.
    """

    retry_after: float | None = None
    """The wait that the server requests, in seconds from its response, at most a year; None if it requests none."""
    message: str | None = None
    """The message of the API, else the title of the page, else its beginning."""


class DecodeError(Error):
    """A reply that cannot be read without losing data. `code` names the problem."""

    offset: int | None = None
    """The place of the problem, in bytes from the start of the body."""
    path: str | None = None
    """The place of the problem, as a path such as `tickets.ticket[3].id`."""
    excerpt: str | None = None
    """The body at that place: at most 80 characters, with control characters escaped."""


class TooLargeError(Error):
    """The reply, decompressed, is larger than the limit."""

    limit: int | None = None
    """The limit, in bytes."""
    excerpt: str | None = None
    """None: nothing of the reply was read."""


class TransportError(Error):
    """There was no connection, or no complete response. `code` names the reason."""

    detail: str | None = None
    """The message of the system."""
    proxy: str | None = None
    """The proxy that the request went through, without its credentials, if there is one."""


class ConnectionFailedError(TransportError, ConnectionError):
    """No connection could be made, or it was closed before there was a response."""


class RequestTimeoutError(TransportError, TimeoutError):
    """A time limit was exceeded."""


class TlsError(TransportError):
    """The server is not trusted, or no encrypted connection could be made."""


class RedirectError(Error):
    """The server redirects the request. The client does not follow, because the request has credentials."""

    to: str | None = None
    """The address that it redirects to, without a query, if there is one."""


class LocalApiError(Error):
    """The Local API of an install on this machine did not reply. `code` names the reason."""

    detail: str | None = None
    """The message of PHP or of the system."""
    php_location: str | None = None
    """The PHP file and line concerned, as `file:line`."""
    output: str | None = None
    """The beginning of the install's output, which often shows the reason."""


class ScanIncompleteError(Error):
    """A scan cannot guarantee that it returns every ticket. The tickets that it returned before are valid."""

    problem: str | None = None
    """What is uncertain."""


class FleetError(Error):
    """Some installs of a fleet could not be read. All tickets of the others were returned before."""

    code = "fleet"
    errors: Mapping[str, Error] = {}
    """The exception of each install that failed, by the name of the install."""


class MirrorError(Error):
    """The database of a mirror cannot be used, or an install does not fit it. `code` names the reason.

    It is `target`, `not-a-mirror`, `newer-version`, `locked`, `read-only`, `full`, `damaged`, `unreachable`,
    `database`, `install`, `value` or `cancelled`. A failed run is rolled back.
    """

    code = "database"


class MirrorIncompleteError(MirrorError):
    """A run did not read every ticket. The tickets that it read are stored. In an install that failed, none is marked as gone.

    `__cause__` is the exception of the first install that failed, if there is one.
    """

    code = "incomplete"
    reports: Mapping[str, MirrorReport] = {}
    """The report of each install of the run, by the name of the install."""


class ConfigError(Error, ValueError):
    """A setting is invalid. Nothing was sent."""

    code = "config"


class ArgumentError(Error, ValueError):
    """An argument is invalid. Nothing was sent."""

    code = "argument"


class CursorError(ArgumentError):
    """A text that is not a cursor, or the cursor of a scan of another server, request or time."""

    code = "cursor"


class StateError(Error, RuntimeError):
    """An object cannot be used in its current state.

    `code` is `closed`, `cancelled`, `forked` for an object of another process, `in-use` for a scan that the
    same thread is already using, or `table-failed` for a scan whose tickets were lost with a failed table.
    """

    code = "closed"


class SandboxError(Error):
    """The sandbox did not start, or its database failed."""
