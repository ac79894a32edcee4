"""A client of one API call: WHMCS GetTickets, which lists the support tickets of a hosting company.

    Client(url, identifier=…, secret=…)   a client: get_tickets() for one page, tickets() for all of them
    Client.from_env()                     the same, from GETTICKETS_URL, …_IDENTIFIER and …_SECRET
    Client.from_profile("eu")             the same, from a profile of the configuration file
    AsyncClient(…)                        the same for asyncio
    Fleet({"eu": client, …})              several installs, read concurrently
    Mirror("tickets.db")                  a database that is kept up to date with installs
    decode(reply)                         parses a saved reply: text, bytes, an open file or a pathlib.Path
    Sandbox()                             a server for tests, in this process

>>> import gettickets
>>> with gettickets.Sandbox(tickets=1000) as sandbox:
...     client = gettickets.Client(sandbox.url, **sandbox.credentials)
...     page = client.get_tickets(status="Open", limitnum=3)      # one request, one page
...     tickets = list(client.tickets())                          # every ticket on every page
>>> len(page), len(tickets)
(3, 1000)
>>> page[0].status is gettickets.Status.OPEN
True

A Page is a sequence of Ticket. polars.DataFrame, pyarrow.table and DuckDB read pages directly, and so the Scan that
tickets() returns. Exceptions derive from Error, and have a `hint`. Known deviations of replies are accepted and
reported as findings, and a result is incomplete only with an error or a warning.
"""

from abc import ABCMeta as _ABCMeta
from atexit import register as _at_exit

from ._client import AsyncClient, AsyncScan, Client
from ._errors import (
    ApiError,
    ArgumentError,
    AuthenticationError,
    ConfigError,
    ConnectionFailedError,
    CursorError,
    DecodeError,
    Error,
    FleetError,
    IpNotAllowedError,
    LocalApiError,
    MirrorError,
    MirrorIncompleteError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    ReplyEncodingError,
    RequestTimeoutError,
    SandboxError,
    ScanIncompleteError,
    StateError,
    TlsError,
    TooLargeError,
    TransportError,
    UnexpectedResponseError,
    UnknownActionError,
)
from ._fleet import Fleet
from ._mirror import Mirror
from ._native import Attachment, FleetScan, Page, Scan, Ticket, decode
from ._native import end_background as _end_background
from ._native import fields as _fields
from ._native import version as _package_version
from ._notes import (
    FieldSpec,
    Finding,
    MirrorReport,
    PageSizes,
    RelatedService,
    Report,
    ScanFinding,
    UnreadableTicket,
)
from ._public import publish as _publish
from ._sandbox import Sandbox
from ._version import DetectedVersion, Version
from ._words import Priority, RequestorType, Status

# Threads that call back must not be in Python when the interpreter ends.
_at_exit(_end_background)

__version__: str = _package_version()

FIELDS: tuple[FieldSpec, ...] = _fields()
"""The fields of a ticket, in the order in which servers write them."""


class _SequencePatterns(metaclass=_ABCMeta):
    """Makes a Page match `case [first, *rest]`.

    A Page has all methods of collections.abc.Sequence, but is not registered there: polars.DataFrame would make a row
    of each ticket instead of reading the columns. So the flag that patterns check is set here, as that class sets it.
    """

    __abc_tpflags__ = 1 << 5  # Py_TPFLAGS_SEQUENCE


_SequencePatterns.register(Page)

__all__ = [
    "FIELDS",
    "ApiError",
    "ArgumentError",
    "AsyncClient",
    "AsyncScan",
    "Attachment",
    "AuthenticationError",
    "Client",
    "ConfigError",
    "ConnectionFailedError",
    "CursorError",
    "DecodeError",
    "DetectedVersion",
    "Error",
    "FieldSpec",
    "Finding",
    "Fleet",
    "FleetError",
    "FleetScan",
    "IpNotAllowedError",
    "LocalApiError",
    "Mirror",
    "MirrorError",
    "MirrorIncompleteError",
    "MirrorReport",
    "Page",
    "PageSizes",
    "PermissionDeniedError",
    "Priority",
    "RateLimitedError",
    "RedirectError",
    "RelatedService",
    "ReplyEncodingError",
    "Report",
    "RequestTimeoutError",
    "RequestorType",
    "Sandbox",
    "SandboxError",
    "Scan",
    "ScanFinding",
    "ScanIncompleteError",
    "StateError",
    "Status",
    "Ticket",
    "TlsError",
    "TooLargeError",
    "TransportError",
    "UnexpectedResponseError",
    "UnknownActionError",
    "UnreadableTicket",
    "Version",
    "__version__",
    "decode",
]

_publish(__name__, (globals()[_name] for _name in __all__))
