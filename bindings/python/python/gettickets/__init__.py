"""A client of one API call: WHMCS GetTickets, which lists the support tickets of a hosting company.

    Client(url, identifier=…, secret=…)   asks a server: get_tickets() for one page, tickets() for all of them
    Client.from_env()                     the same, as GETTICKETS_URL, …_IDENTIFIER and …_SECRET say
    AsyncClient(…)                        the same for asyncio
    decode(reply)                         reads a saved reply: text, bytes, an open file or a pathlib.Path
    Sandbox()                             a server to try it all on, in this process

>>> import gettickets
>>> with gettickets.Sandbox(tickets=1000) as sandbox:
...     client = gettickets.Client(sandbox.url, **sandbox.credentials)
...     page = client.get_tickets(status="Open", limitnum=3)      # one request, one page
...     tickets = list(client.tickets())                          # every ticket on every page
>>> len(page), len(tickets)
(3, 1000)
>>> page[0].status is gettickets.Status.OPEN
True

A Page is a sequence of Ticket, and polars.DataFrame(page), pyarrow.table(page) and DuckDB read it as it is, and
the Scan that tickets() gives. Every exception is an Error, with a `hint`. It is typed, aware of the server's
version, tolerant of every reply that real servers are known to send, and never silently incomplete.
"""

from abc import ABCMeta as _ABCMeta

from ._client import AsyncClient, AsyncScan, Client
from ._errors import (
    ApiError,
    AuthenticationError,
    ConfigError,
    ConnectionFailedError,
    DecodeError,
    Error,
    IpNotAllowedError,
    LocalApiError,
    NotTheApiError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    ReplyEncodingError,
    RequestTimeoutError,
    SandboxError,
    ScanIncompleteError,
    TlsError,
    TooLargeError,
    TransportError,
    UnknownActionError,
)
from ._native import Attachment, Page, Scan, Ticket, decode
from ._native import fields as _fields
from ._native import version as _package_version
from ._notes import FieldSpec, Finding, Hole, RelatedService, Report
from ._public import publish as _publish
from ._sandbox import Sandbox
from ._version import ShownVersion, Version
from ._words import Priority, RequestorType, Status

__version__: str = _package_version()

FIELDS: tuple[FieldSpec, ...] = _fields()
"""The fields of a ticket, in the order in which servers write them."""


class _SequencePatterns(metaclass=_ABCMeta):
    """What `case [first, *rest]` takes for a sequence.

    A Page has all that collections.abc.Sequence has, and is not registered there: polars.DataFrame would make rows
    of objects of it rather than read its columns. The flag that patterns look for is set as that class sets it.
    """

    __abc_tpflags__ = 1 << 5  # Py_TPFLAGS_SEQUENCE


_SequencePatterns.register(Page)

__all__ = [
    "FIELDS",
    "ApiError",
    "AsyncClient",
    "AsyncScan",
    "Attachment",
    "AuthenticationError",
    "Client",
    "ConfigError",
    "ConnectionFailedError",
    "DecodeError",
    "Error",
    "FieldSpec",
    "Finding",
    "Hole",
    "IpNotAllowedError",
    "LocalApiError",
    "NotTheApiError",
    "Page",
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
    "ScanIncompleteError",
    "ShownVersion",
    "Status",
    "Ticket",
    "TlsError",
    "TooLargeError",
    "TransportError",
    "UnknownActionError",
    "Version",
    "__version__",
    "decode",
]

_publish(__name__, (globals()[_name] for _name in __all__))
