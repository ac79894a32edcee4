"""Every exception of gettickets.

    Error
     ├─ ApiError                  the server answered with an error
     │   ├─ AuthenticationError   credentials that are wrong, missing or switched off
     │   ├─ IpNotAllowedError     an address that may not ask
     │   ├─ PermissionDeniedError good credentials that may not make this call
     │   ├─ UnknownActionError    the server does not know GetTickets
     │   └─ ReplyEncodingError    a text that the server can't put into JSON
     ├─ NotTheApiError            a firewall, a login, a maintenance page, an empty reply
     ├─ RateLimitedError          the server limits how often it is asked
     ├─ DecodeError               a reply that can't be read without losing something
     ├─ TooLargeError             a reply larger than is read
     ├─ TransportError            the server was not reached, or its response did not come through
     │   ├─ ConnectionFailedError also a ConnectionError
     │   ├─ RequestTimeoutError   also a TimeoutError
     │   └─ TlsError              a server that can't be trusted
     ├─ RedirectError             the server wants the request sent elsewhere
     ├─ LocalApiError             PHP or the install did not answer
     ├─ ScanIncompleteError       a scan that can't promise to tell every ticket once
     ├─ ConfigError               a setting that can't be used; also a ValueError
     └─ SandboxError              the sandbox did not start, or its database failed

No credentials are in any of them, and no access key of a ticket.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Error(Exception):
    """Whatever goes wrong in gettickets. `str(error)` is one clear paragraph: what, where and why."""

    code: str = "other"
    """A stable name for programs, such as `authentication` or `missing-id`."""
    hint: str | None = None
    """What to try. Tracebacks show it below the message, from Python 3.11 on."""
    http_status: int | None = None
    """The HTTP status of the response, if there was one."""
    attempts: int = 0
    """How often the request was tried; 0 if it never came to that."""
    may_have_been_sent: bool = False
    """Whether the server may have seen a request. False only where it is certain that it did not."""
    is_retryable: bool = False
    """Whether the same request may fare better in a moment."""

    def __init__(self, text: str = "", **details: Any) -> None:
        """`details` are the attributes that are known."""
        super().__init__(text)
        for name, value in details.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
            setattr(self, name, value)
        if self.hint is not None:
            self.__notes__ = [self.hint]


class ApiError(Error):
    """The server answered with an error of the API. It does so at HTTP 200 and at 403 alike."""

    message: str | None = None
    """The server's message, as it was sent; None if it came without one."""


class AuthenticationError(ApiError):
    """The credentials are wrong, missing, or those of an account that is switched off."""


class IpNotAllowedError(ApiError):
    """The address that the request came from is not allowed."""

    seen_address: str | None = None
    """The address that the server saw the request come from, where it names it."""


class PermissionDeniedError(ApiError):
    """The credentials are good and may not make this call."""


class UnknownActionError(ApiError):
    """The server does not know the action."""


class ReplyEncodingError(ApiError):
    """The server could not put its reply into JSON, as a text in it is not UTF-8."""


class NotTheApiError(Error):
    """What answered is not the API but something before or beside it: a firewall, a login, a maintenance page."""

    content_type: str | None = None
    """The content type, if one was told."""
    title: str | None = None
    """The title of the page, if it is HTML and has one."""
    excerpt: str | None = None
    """How the body begins, if there is one: at most 80 characters."""


class RateLimitedError(Error):
    """The server, or what stands before it, limits how often it is asked (HTTP 429), at the last attempt too.

    A client has waited as the server asks and tried again by itself, as often as its `attempts` and `budget` let it.
    """

    retry_after: float | None = None
    """How many seconds the server asks to wait, from when it answered: at most a year; None if it does not say."""
    message: str | None = None
    """What it says of it: the message of the API, else the title of the page that came, else how it begins."""


class DecodeError(Error):
    """A reply that can't be read without losing something. `code` tells what is wrong with it."""

    offset: int | None = None
    """Where, in bytes from the start of the body."""
    path: str | None = None
    """Where, as a path such as `tickets.ticket[3].id`."""
    excerpt: str | None = None
    """What stands there: at most 80 characters of the body, with control characters made visible."""


class TooLargeError(Error):
    """The reply, decompressed, is larger than is read."""

    limit: int | None = None
    """The most that is read, in bytes."""
    excerpt: str | None = None
    """Nothing of it was looked at."""


class TransportError(Error):
    """The server was not reached, or its response did not come through. `code` tells why."""

    detail: str | None = None
    """What the system said of it."""


class ConnectionFailedError(TransportError, ConnectionError):
    """No connection came about, or it was closed before a response came."""


class RequestTimeoutError(TransportError, TimeoutError):
    """It took too long."""


class TlsError(TransportError):
    """The server could not be trusted, or no encrypted connection came about."""


class RedirectError(Error):
    """The server wants the request sent elsewhere. It was not: the request holds credentials."""

    to: str | None = None
    """Where to, if that was told; without its query."""


class LocalApiError(Error):
    """The Local API of an install on this machine did not answer. `code` tells why."""

    detail: str | None = None
    """What PHP or the system said of it."""
    php_place: str | None = None
    """The PHP file and line concerned, as `file:line`."""
    output: str | None = None
    """The beginning of what the install printed, which often tells why."""


class ScanIncompleteError(Error):
    """A scan can't promise that it tells every ticket once. What it told before is good."""

    problem: str | None = None
    """What is not certain."""


class ConfigError(Error, ValueError):
    """A setting that can't be used. Nothing was sent."""


class SandboxError(Error):
    """The sandbox did not start, or its database failed."""
