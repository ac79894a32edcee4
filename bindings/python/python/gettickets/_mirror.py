"""Mirror: a database with the tickets of installs, and what changed."""

from __future__ import annotations

import os

from . import _native
from ._errors import ArgumentError, MirrorError, MirrorIncompleteError, StateError
from ._fleet import Fleet, installs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, Literal, overload

    from typing_extensions import Self

    from ._client import Client
    from ._notes import MirrorReport


class Mirror:
    """A SQLite or PostgreSQL database that mirrors the tickets of installs and records what changed.

    >>> import gettickets, tempfile
    >>> with gettickets.Sandbox(tickets=100) as sandbox, tempfile.TemporaryDirectory() as folder:
    ...     client = gettickets.Client(sandbox.url, **sandbox.credentials)
    ...     with gettickets.Mirror(f"{folder}/tickets.db") as mirror:
    ...         first = mirror.run(client)
    ...         deleted = sandbox.delete(sandbox.ids()[50])
    ...         second = mirror.run(client, full=True)
    >>> first.new, second.tickets, second.gone
    (100, 99, 1)

    The tables are `tickets`, `changes`, `installs` and `runs`, with views such as `open_tickets`; they are those of
    `gettickets mirror`. Other programs can read the database at any time. A run stores each
    install in one transaction: after an error, an interrupt or a crash each install is either as it was before the run
    or up to date.
    """

    _native_mirror: _native.Mirror | None = None

    def __init__(self, database: str | os.PathLike[str]) -> None:
        """Opens a mirror: the path of a SQLite file, or the URL of a PostgreSQL database (`postgresql://…`).

        A file that does not exist is created, readable by its owner alone. A URL without a password takes it from the
        variable PGPASSWORD.

        Raises MirrorError if the database cannot be used, or belongs to another program, which is not changed.
        """
        if not isinstance(database, (str, os.PathLike)):
            raise TypeError(f"database must be a path or a URL, not {type(database).__name__}")
        self._native_mirror = _native.Mirror.open(os.fspath(database))

    if TYPE_CHECKING:

        @overload
        def run(
            self,
            source: Client,
            *,
            name: str = "main",
            full: bool = False,
            full_every: float | None = 86400.0,
            overlap: float = 10800.0,
            ignore_dept_assignments: bool = False,
            access_keys: bool = False,
            on_incomplete: Literal["raise", "report"] = "raise",
            progress: Callable[[str, int, int | None], object] | None = None,
        ) -> MirrorReport: ...
        @overload
        def run(
            self,
            source: Fleet | Mapping[str, Client],
            *,
            full: bool = False,
            full_every: float | None = 86400.0,
            overlap: float = 10800.0,
            ignore_dept_assignments: bool = False,
            access_keys: bool = False,
            on_incomplete: Literal["raise", "report"] = "raise",
            progress: Callable[[str, int, int | None], object] | None = None,
        ) -> dict[str, MirrorReport]: ...

    def run(
        self,
        source: Client | Fleet | Mapping[str, Client],
        *,
        name: str = "main",
        full: bool = False,
        full_every: float | None = 86400.0,
        overlap: float = 10800.0,
        ignore_dept_assignments: bool = False,
        access_keys: bool = False,
        on_incomplete: Literal["raise", "report"] = "raise",
        progress: Callable[[str, int, int | None], object] | None = None,
    ) -> Any:
        """Reads one or several installs, and updates their rows.

            report = mirror.run(client)                     # one install, with the name "main"
            reports = mirror.run({"eu": client, "us": other})   # a MirrorReport of each, by name; or a Fleet

        Returns a MirrorReport for a client, and a dict of reports for several. `name` is the name of a client's install
        in the tables; use the same name in every run. The columns `date_utc` and `lastreply_utc` need a client with
        `timezone`.

        `full` reads every ticket. Only a full run finds changes without a reply, and tickets that are gone. Otherwise
        the run is full if the last full run of the install began `full_every` seconds ago or earlier, and incremental
        if not; None means that only the first run is full. An incremental run reads the tickets with a reply since the
        last run, and `overlap` seconds before it, which covers a server clock that was set back.

        `ignore_dept_assignments` includes departments that the API user is not assigned to. `access_keys` stores the
        tickets' access keys (`c`), which are left out otherwise. `progress` is called with the name of an install, the
        number of tickets read, and the number that the server counts, or None.

        If an install cannot be read to its end, the tickets that were read are stored, and the other installs are read
        further. Then MirrorIncompleteError is raised, which has the reports; with `on_incomplete="report"` they are
        returned. Raises MirrorError if the database fails or another run has locked it; installs that were stored by
        then stay stored, and the others are rolled back.
        """
        if on_incomplete not in ("raise", "report"):
            raise ArgumentError(f'on_incomplete must be "raise" or "report", not {on_incomplete!r}')
        if progress is not None and not callable(progress):
            raise TypeError(f"progress must be a function, not {type(progress).__name__}")
        from ._client import Client

        if isinstance(source, Client):
            clients = installs({name: source})
        elif isinstance(source, Fleet):
            clients = source._clients
        else:
            clients = installs(source)
        found = self._open().run(
            [(name, client._open()) for name, client in clients.items()],
            progress,
            full=full,
            full_every=full_every,
            overlap=overlap,
            ignore_dept_assignments=ignore_dept_assignments,
            access_keys=access_keys,
        )
        reports = {report.install: report for report in found}
        if on_incomplete == "raise":
            _raise_incomplete(reports, isinstance(source, Client))
        return found[0] if isinstance(source, Client) else reports

    @property
    def database(self) -> str:
        """The database: the path of its file, or its name and host. It has no password."""
        return self._open().place

    @property
    def closed(self) -> bool:
        """Whether the mirror was closed."""
        return self._native_mirror is None

    def close(self) -> None:
        """Closes the database. Closing twice does nothing."""
        if self._native_mirror is not None:
            self._native_mirror.close()
            self._native_mirror = None

    def _open(self) -> _native.Mirror:
        if self._native_mirror is None:
            raise StateError("the mirror is closed", code="closed")
        return self._native_mirror

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
        what = ", closed" if self._native_mirror is None else f" in {self._native_mirror.place}"
        return f"<gettickets.Mirror{what}>"

    def __reduce__(self) -> Any:
        # A pickle would contain the password of a URL.
        raise TypeError("a Mirror cannot be pickled, because its URL may have a password")


def _raise_incomplete(reports: dict[str, MirrorReport], is_single: bool) -> None:
    """Raises the exception for installs that were not read to their end."""
    incomplete = [report for report in reports.values() if not report.complete]
    if not incomplete:
        return
    errors = [report.error for report in incomplete if report.error is not None]
    if is_single and errors and isinstance(errors[0], MirrorError):
        # The mirror refused the install, so there was no run.
        raise errors[0]
    reasons = "; ".join(f"{report.install}: {report.reason}" for report in incomplete)
    hint = errors[0].hint if len(errors) == 1 else None
    raise MirrorIncompleteError(f"the run is not complete: {reasons}", reports=reports, hint=hint) from (
        errors[0] if errors else None
    )
