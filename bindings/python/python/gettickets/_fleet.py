"""Fleet: several installs as one source of tickets."""

from __future__ import annotations

from . import _native
from ._errors import ArgumentError, ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Any, Literal

    from typing_extensions import Self

    from ._client import Client
    from ._native import FleetScan


class Fleet:
    """Several installs that are read concurrently, each by its own client.

    >>> import gettickets
    >>> with gettickets.Sandbox(tickets=20) as eu, gettickets.Sandbox(tickets=30) as us:
    ...     fleet = gettickets.Fleet({
    ...         "eu": gettickets.Client(eu.url, **eu.credentials),
    ...         "us": gettickets.Client(us.url, **us.credentials),
    ...     })
    ...     installs = [install for install, ticket in fleet.tickets()]
    >>> installs.count("eu"), installs.count("us")
    (20, 30)

    `fleet["eu"]` is a client, len(fleet) is the number of installs, and an iterator returns their names.
    """

    def __init__(self, clients: Mapping[str, Client]) -> None:
        """Makes a fleet of clients by the names of their installs. Nothing is sent.

        Raises ConfigError if two names refer to the same install, whose tickets would be read twice.
        """
        self._clients = installs(clients)

    @classmethod
    def from_profiles(cls, *patterns: str) -> Self:
        """Makes a fleet of profiles of the configuration file, by names and patterns such as "eu-*".

        >>> fleet = gettickets.Fleet.from_profiles("eu-*", "us")  # doctest: +SKIP

        The names of the installs are those of the profiles. Client.from_profile() describes the file.

        Raises ConfigError if the file cannot be read, if a name is unknown, if a pattern matches nothing, or if a
        profile is not complete.
        """
        from ._client import Client

        if not patterns:
            raise ArgumentError("no profile is given", hint='Name profiles, or give "*" for all of them.')
        for pattern in patterns:
            if not isinstance(pattern, str):
                raise TypeError(f"a profile must be a str, not {type(pattern).__name__}")
        return cls({name: Client.from_profile(name) for name in _native.profile_names(patterns)})

    def tickets(
        self,
        *,
        limitnum: int | None = None,
        deptid: int | None = None,
        clientid: int | None = None,
        email: str | None = None,
        status: str | Iterable[str] | None = None,
        subject: str | None = None,
        ignore_dept_assignments: bool | None = None,
        updated_since: datetime | None = None,
        full: bool = False,
        concurrency: int | None = None,
        on_unreadable: Literal["raise", "skip"] = "raise",
        allow_count_mismatch: bool = False,
        max_requests: int | None = None,
        max_tickets: int | None = None,
        on_error: Literal["raise", "report"] = "raise",
    ) -> FleetScan:
        """Returns a FleetScan of the matching tickets of all installs: pairs of the install's name and a ticket.

        The filters and settings are those of Client.tickets(), and apply to each install: `status` may be several
        statuses, and `max_tickets` limits the tickets of one install. Up to 64 installs are read at the same time.
        Nothing is sent yet.

        An install that fails does not stop the others. At the end, after all tickets of the others, the scan raises
        FleetError, whose `errors` has the exception of each install that failed. With `on_error="report"` it ends
        without an exception, and scan.errors has the exceptions. A table of the installs that can be read needs
        `on_error="report"`; otherwise a failed install fails the table.
        """
        if on_error not in ("raise", "report"):
            raise ArgumentError(f'on_error must be "raise" or "report", not {on_error!r}')
        return _native.fleet_scan(
            [(name, client._open(), updated_since) for name, client in self._clients.items()],
            {
                "full": full,
                "concurrency": concurrency,
                "on_unreadable": on_unreadable,
                "allow_count_mismatch": allow_count_mismatch,
                "max_requests": max_requests,
                "max_tickets": max_tickets,
            },
            on_error == "raise",
            limitnum=limitnum,
            deptid=deptid,
            clientid=clientid,
            email=email,
            status=status,
            subject=subject,
            ignore_dept_assignments=ignore_dept_assignments,
        )

    def _tickets_since(
        self,
        since: Mapping[str, datetime],
        *,
        raises: bool,
        ignore_dept_assignments: bool | None,
    ) -> FleetScan:
        """The tickets of all installs; of an install in `since`, only tickets with a reply since that time."""
        installs = [(name, client._open(), since.get(name)) for name, client in self._clients.items()]
        return _native.fleet_scan(installs, {}, raises, ignore_dept_assignments=ignore_dept_assignments)

    def __getitem__(self, name: str) -> Client:
        return self._clients[name]

    def __iter__(self) -> Any:
        return iter(self._clients)

    def __len__(self) -> int:
        return len(self._clients)

    def __contains__(self, name: object) -> bool:
        return name in self._clients

    def __repr__(self) -> str:
        return f"<gettickets.Fleet of {', '.join(self._clients) or 'no installs'}>"


def installs(clients: Mapping[str, Client]) -> dict[str, Client]:
    """Checks a mapping of clients by the names of their installs, and returns a copy."""
    from ._client import Client

    if not hasattr(clients, "items"):
        raise TypeError(f"clients must be a mapping of names to Client, not {type(clients).__name__}")
    endpoints: dict[str, str] = {}
    for name, client in clients.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of an install must be a str, not {type(name).__name__}")
        if not isinstance(client, Client):
            raise TypeError(f"the install {name!r} must be a Client, not {type(client).__name__}")
        if not name:
            raise ArgumentError("the name of an install is empty")
        other = endpoints.setdefault(client.endpoint, name)
        if other != name:
            raise ConfigError(
                f"{other} and {name} are names of the same install, {client.endpoint}",
                code="same-install",
                hint="Give each install once, under one name.",
            )
    return dict(clients)
