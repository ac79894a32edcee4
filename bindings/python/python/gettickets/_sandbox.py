"""Sandbox: a server for tests and experiments, in this process."""

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
    """A GetTickets endpoint on the loopback interface with generated tickets, until the end of the `with` block.

    It imitates an install of a given version, and deviations of real servers if requested: Sandbox.QUIRKS maps the
    name of each quirk to its description. The tickets can be changed while it is running.

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
        latency: float = 0.0,
    ) -> None:
        """Starts a server, which accepts requests when this returns.

        `tickets` is the number of tickets to generate from `seed`, at most 4,294,967,295; `newest` is the last reply of
        the newest one. `load` replaces them with other tickets: a page, tickets or mappings of their fields, or the
        path of a saved reply.

        `server_version` determines the fields that it sends. `credentials` are the identifier and the secret to accept,
        and `admin` is a user name and a password to accept. `access_key` allows requests from addresses that are not in
        `allow_from`. `departments` are those of the API user, by default all, and `admin_id` is the API user's admin.
        `statuses` are those of the install: title, whether it is active, and whether it awaits a reply. `port` 0 uses a
        free port. Every reply takes `latency` seconds longer, like that of a distant server.

        Raises SandboxError if it cannot listen on the port, if `tickets` is too large, or if two loaded tickets have
        the same id.
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
            latency=latency,
        )

    @property
    def url(self) -> str:
        """The URL of the install: `http://127.0.0.1:41234/`."""
        return self._native_sandbox.url

    @property
    def credentials(self) -> ApiCredentials:
        """Credentials that the server accepts: `Client(sandbox.url, **sandbox.credentials)`."""
        return {"identifier": self._native_sandbox.identifier, "secret": self._native_sandbox.secret}

    @property
    def server_version(self) -> Version:
        """The server version that it imitates."""
        return self._native_sandbox.server_version

    @property
    def request_count(self) -> int:
        """The number of API requests, including failed ones."""
        return self._native_sandbox.request_count

    def open(self, **fields: Any) -> int:
        """Opens a ticket with these fields and returns its id: the given one, or the next free one.

        Without `lastreply` it moves to the front of the list; without `date` it was opened at that time.
        """
        return self._native_sandbox.open(**fields)

    def reply(self, id: int, status: str = "Customer-Reply") -> bool:
        """Replies to a ticket: it moves to the front of the list with this status. False if there is no such ticket."""
        return self._native_sandbox.reply(id, status)

    def set_status(self, id: int, status: str) -> bool:
        """Sets the status of a ticket without moving it in the list. False if there is no such ticket."""
        return self._native_sandbox.set_status(id, status)

    def set_department(self, id: int, deptid: int) -> bool:
        """Moves a ticket to another department. False if there is no such ticket."""
        return self._native_sandbox.set_department(id, deptid)

    def delete(self, id: int) -> bool:
        """Deletes a ticket. False if there is no such ticket."""
        return self._native_sandbox.delete(id)

    def merge(self, id: int, into: int) -> bool:
        """Merges a ticket into another, which moves to the front of the list; the merged one disappears."""
        return self._native_sandbox.merge(id, into)

    def churn(self, seed: int) -> None:
        """Makes a few random changes, determined by `seed`: replies, new tickets, closed and deleted ones."""
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
        """Stops the server and closes its connections. Closing twice does nothing."""
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
    """Reads the saved reply if `load` is a path."""
    if isinstance(load, str) or hasattr(load, "__fspath__"):
        with open(load, "rb") as file:
            return _native.decode(file)
    return load
