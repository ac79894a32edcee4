"""Sandbox: a server to try things on, in this process."""

from __future__ import annotations

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import Any, ClassVar

    from typing_extensions import Self

    from ._native import Page, Ticket
    from ._types import ApiCredentials
    from ._version import Version


class Sandbox:
    """A GetTickets endpoint on loopback, filled with believable tickets, for as long as the `with` block lasts.

    It answers as an install of the version that it is told to be, and misbehaves as real servers do where it is
    told to: Sandbox.QUIRKS has every quirk's name and what the server does then. Its tickets can be changed
    while it serves.

    >>> import gettickets
    >>> with gettickets.Sandbox(tickets=10, server_version="7.10", quirks=["php-notice"]) as sandbox:
    ...     sandbox.open(subject="Printer on fire", priority="High")
    ...     page = gettickets.Client(sandbox.url, **sandbox.credentials).get_tickets()
    11
    >>> page[0].subject, page[0].owner_name, page.findings[0].code
    ('Printer on fire', None, 'leading-text')
    """

    QUIRKS: ClassVar[Mapping[str, str]] = dict(_native.quirks())

    def __init__(
        self,
        tickets: int = 1000,
        *,
        seed: int = 1,
        newest: datetime | None = None,
        load: Page | Iterable[Ticket | Mapping[str, Any]] | str | os.PathLike[str] | None = None,
        server_version: str | Version = "8.13.1",
        quirks: Iterable[str] = (),
        credentials: tuple[str, str] | None = None,
        admin: tuple[str, str] | None = None,
        access_key: str | None = None,
        allow_from: Iterable[str] | None = None,
        departments: Iterable[int] | None = None,
        admin_id: int = 1,
        statuses: Iterable[tuple[str, bool, bool]] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Starts a server; it answers once this returns.

        `tickets` is how many are generated, from `seed`; `newest` is when the newest was last replied to. `load`
        serves others instead: a page, tickets or mappings of their fields, or the path of a saved reply.

        `server_version` decides what it sends. `credentials` are the identifier and the secret that are let in,
        `admin` a user name and a password that are too. `access_key` lets a request in from an address that
        `allow_from` does not name. `departments` are those that the API user is a member of, all by default, and
        `admin_id` the admin that it is. `statuses` are those of the install: each its title, whether it is active,
        and whether it awaits a reply. `port` 0 is any that is free.

        Raises SandboxError if it cannot listen there, or two loaded tickets have the same id.
        """
        self._native_sandbox = _native.Sandbox(
            tickets=tickets,
            seed=seed,
            newest=newest,
            load=_tickets(load),
            server_version=server_version,
            quirks=[quirks] if isinstance(quirks, str) else quirks,
            credentials=credentials,
            admin=admin,
            access_key=access_key,
            allow_from=allow_from,
            departments=departments,
            admin_id=admin_id,
            statuses=statuses,
            host=host,
            port=port,
        )

    @property
    def url(self) -> str:
        """The install's address, below which the API lives: `http://127.0.0.1:41234/`."""
        return self._native_sandbox.url

    @property
    def credentials(self) -> ApiCredentials:
        """What Client takes to be let in: `Client(sandbox.url, **sandbox.credentials)`."""
        return {"identifier": self._native_sandbox.identifier, "secret": self._native_sandbox.secret}

    @property
    def server_version(self) -> Version:
        """The version that it serves as."""
        return self._native_sandbox.server_version

    @property
    def request_count(self) -> int:
        """How many requests the API has had, whatever it answered."""
        return self._native_sandbox.request_count

    def open(self, **fields: Any) -> int:
        """Opens a ticket of these fields and gives its id: the one it has, or the next free one.

        Without `lastreply` it comes to the front of the list; without `date` it was opened then.
        """
        return self._native_sandbox.open(**fields)

    def reply(self, id: int, status: str = "Customer-Reply") -> bool:
        """Replies to a ticket: it comes to the front of the list with this status. False if there is none."""
        return self._native_sandbox.reply(id, status)

    def set_status(self, id: int, status: str) -> bool:
        """Gives a ticket this status and leaves it where it is in the list. False if there is none."""
        return self._native_sandbox.set_status(id, status)

    def set_department(self, id: int, deptid: int) -> bool:
        """Moves a ticket to another department. False if there is none."""
        return self._native_sandbox.set_department(id, deptid)

    def delete(self, id: int) -> bool:
        """Deletes a ticket. False if there is none."""
        return self._native_sandbox.delete(id)

    def merge(self, id: int, into: int) -> bool:
        """Merges a ticket into another, which comes to the front; the merged one leaves the list."""
        return self._native_sandbox.merge(id, into)

    def churn(self, seed: int) -> None:
        """A few random changes that follow from `seed`: replies, new tickets, closed and deleted ones."""
        self._native_sandbox.churn(seed)

    def get(self, id: int) -> Ticket | None:
        """The ticket with this id, as the server would send it."""
        return self._native_sandbox.get(id)

    def ids(self) -> list[int]:
        """The ids of all tickets in the order of the list, newest last reply first."""
        return self._native_sandbox.ids()

    def __len__(self) -> int:
        return len(self._native_sandbox)

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        """Stops serving; connections that are open are closed. Closing twice does nothing."""
        self._native_sandbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self._native_sandbox.is_here:
            return "<gettickets.Sandbox, of another process>"
        if not self._native_sandbox.is_running:
            return "<gettickets.Sandbox, closed>"
        return f"<gettickets.Sandbox at {self.url}, version {self.server_version}>"


def _tickets(load: Any) -> Any:
    """What to load: a path is that of a saved reply."""
    if isinstance(load, str) or hasattr(load, "__fspath__"):
        with open(load, "rb") as file:
            return _native.decode(file)
    return load
