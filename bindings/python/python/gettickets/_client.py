"""Clients: Client blocks, AsyncClient is for asyncio."""

from __future__ import annotations

from . import _native, _tables
from ._errors import ConfigError, Error, StateError
from ._progress import callback
from ._zones import zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import os
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from datetime import datetime, tzinfo
    from types import TracebackType
    from typing import Any, Literal

    import pandas
    import polars
    import pyarrow
    from typing_extensions import Self

    from ._native import Page, Scan, Ticket
    from ._notes import Report


class _Base:
    """The common part of both clients: construction and closing."""

    _is_async = False
    _native_client: _native.Client | None = None
    """None for a client that is closed, or whose construction failed."""

    def __init__(
        self,
        url: str,
        *,
        identifier: str | None = None,
        secret: str | None = None,
        username: str | None = None,
        password: str | None = None,
        password_md5: str | None = None,
        access_key: str | None = None,
        timezone: str | tzinfo | None = None,
        timeout: float | None = 60.0,
        connect_timeout: float | None = 10.0,
        total_timeout: float | None = 120.0,
        max_attempts: int = 3,
        initial_backoff: float = 0.5,
        max_backoff: float = 20.0,
        max_retry_after: float = 60.0,
        response_type: str = "json",
        strict: bool = False,
        max_response_len: int = 64 << 20,
        proxy: str | Literal[False] | None = None,
        root_certificates: str | bytes | os.PathLike[str] | None = None,
        user_agent: str | None = None,
        allow_plain_http: bool = False,
    ) -> None:
        """Makes a client of the install at this URL. Nothing is sent yet.

        `url` is the URL of the install or of its api.php. Without a scheme, https is used.

        Credentials are `identifier` and `secret` (server version 7.2 and later), or an admin's `username` and
        `password`, of which only the MD5 is stored and sent, or `username` and `password_md5`. `access_key`, in
        addition, exempts requests from the server's list of allowed addresses.

        `timezone` is the time zone of the install, a name such as "Europe/Berlin" or a tzinfo: with it `date` and
        `lastreply` are aware, and tables have the columns date_utc and lastreply_utc; without it they are naive, as
        servers do not send a time zone.

        Times are in seconds. `timeout` limits one attempt, `connect_timeout` the connection, and `total_timeout` all
        attempts with the waits between them; None disables the limit. No attempt lasts longer than `total_timeout`: for attempts
        of more than two minutes, set both.

        A request is sent up to `max_attempts` times if a retry may help. The wait before a retry is a random time
        up to `initial_backoff`, which doubles with each retry, up to `max_backoff`. If the server
        requests a longer wait (Retry-After), the client waits that long, up to `max_retry_after`.

        `response_type` is the format of replies, "json" or "xml". With `strict`, replies that deviate from the
        documented format are errors. `max_response_len` is the maximum size of a reply in bytes, decompressed; a larger
        one than 340 MiB is reduced to that.

        `proxy` is the address of a proxy, or False for none; by default the environment decides (HTTPS_PROXY,
        ALL_PROXY, NO_PROXY). `root_certificates` are the only authorities to trust, as PEM or as the path of a file; by
        default those of this machine. `user_agent` is the name of the client. `allow_plain_http` allows sending
        credentials over plain HTTP to another machine.

        Raises ConfigError if a setting is invalid, and TypeError if it has the wrong type.
        """
        self._native_client = _native.Client.over_http(
            self._is_async,
            url,
            zone(timezone),
            identifier=identifier,
            secret=secret,
            username=username,
            password=password,
            password_md5=password_md5,
            access_key=access_key,
            timeout=timeout,
            connect_timeout=connect_timeout,
            total_timeout=total_timeout,
            max_attempts=max_attempts,
            initial_backoff=initial_backoff,
            max_backoff=max_backoff,
            max_retry_after=max_retry_after,
            response_type=response_type,
            strict=strict,
            max_response_len=max_response_len,
            proxy=proxy,
            root_certificates=_pem(root_certificates),
            user_agent=user_agent,
            allow_plain_http=allow_plain_http,
        )

    @classmethod
    def from_env(cls, **settings: Any) -> Self:
        """Makes a client with settings from the environment. `settings` are those of the class and take precedence.

        GETTICKETS_URL is the address of the install. The credentials are GETTICKETS_IDENTIFIER and GETTICKETS_SECRET,
        or GETTICKETS_USERNAME and GETTICKETS_PASSWORD or GETTICKETS_PASSWORD_MD5, and GETTICKETS_ACCESS_KEY beside
        either: the same as for the command line. White space around them is removed. Credentials in the environment are
        used only if `settings` has none of another kind.

        Raises ConfigError if something is missing.
        """
        import os

        def variable(name: str) -> str | None:
            value = os.environ.get(f"GETTICKETS_{name.upper()}", "").strip("\ufeff \t\r\n")
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                import warnings

                why = f"GETTICKETS_{name.upper()} is in quotes, which are sent as a part of it"
                warnings.warn(why, stacklevel=3)
            return value or None

        texts = {"url", "identifier", "secret", "username", "password", "password_md5", "access_key"}
        # None means no limit for time limits; for texts it means that the setting was not given.
        settings = {name: value for name, value in settings.items() if value is not None or name not in texts}
        url = settings.pop("url", None) or variable("url")
        if url is None:
            raise ConfigError(
                "GETTICKETS_URL is not set", code="environment", hint="Set it to the install's address."
            )
        kinds = ({"identifier", "secret"}, {"username", "password", "password_md5"})
        given = [kind for kind in kinds if kind & settings.keys()]
        for kind in given or kinds:
            found = {name: variable(name) for name in kind - settings.keys()}
            found = {name: value for name, value in found.items() if value is not None}
            if "password" in found.keys() | settings.keys():
                found.pop("password_md5", None)
            if found or given:
                settings |= found
                break
        if "access_key" not in settings:
            settings["access_key"] = variable("access_key")
        needs = {
            "identifier": ("secret",),
            "secret": ("identifier",),
            "username": ("password", "password_md5"),
            "password": ("username",),
            "password_md5": ("username",),
        }
        for name, others in needs.items():
            if name in settings and not settings.keys() & set(others):
                missing = f"GETTICKETS_{others[0].upper()}"
                hint = f"Set it, or give {others[0]}=."
                raise ConfigError(f"{missing} is not set, but {name} is", code="environment", hint=hint)
        return cls(url, **settings)

    @classmethod
    def from_profile(cls, name: str) -> Self:
        """Makes a client with the settings of a profile in the configuration file of the command line.

        >>> client = gettickets.Client.from_profile("eu")  # doctest: +SKIP

        The file is `gettickets/config.toml` below `$XDG_CONFIG_HOME` or `~/.config`; `gettickets profiles` lists its
        profiles. The secret is read from the file or the variable that the profile names. Other settings in the
        environment, such as GETTICKETS_URL, have no effect, because they apply to a single install.

        Raises ConfigError if there is no such profile, or if it is not complete.
        """
        client = cls.__new__(cls)
        client._native_client = _native.Client.from_profile(cls._is_async, name)
        return client

    @classmethod
    def local(
        cls,
        path: str | os.PathLike[str],
        *,
        admin: str | None = None,
        php: str | os.PathLike[str] = "php",
        timezone: str | tzinfo | None = None,
        timeout: float | None = 60.0,
        strict: bool = False,
        max_response_len: int = 64 << 20,
    ) -> Self:
        """Makes a client of an install on this machine, through its PHP, without HTTP and credentials.

        `path` is the directory of the install's init.php. `admin` is the user name of the admin that the call runs as,
        which servers before 7.2 need. `php` is the program to run. The other settings are those of the class.
        """
        client = cls.__new__(cls)
        client._native_client = _native.Client.on_this_machine(
            cls._is_async,
            path,
            zone(timezone),
            admin=admin,
            php=php,
            timeout=timeout,
            strict=strict,
            max_response_len=max_response_len,
        )
        return client

    @property
    def endpoint(self) -> str:
        """The endpoint without credentials: the full address of api.php, or the install's path."""
        return self._open().endpoint

    @property
    def timezone(self) -> tzinfo | None:
        """The time zone of the install, as given to the constructor, or None."""
        return self._open().timezone

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._native_client is None

    def _open(self) -> _native.Client:
        if self._native_client is None:
            raise StateError("the client is closed", code="closed")
        return self._native_client

    def __repr__(self) -> str:
        what = ", closed" if self._native_client is None else f" of {self._native_client.endpoint}"
        return f"<{type(self).__module__}.{type(self).__qualname__}{what}>"

    def __reduce__(self) -> Any:
        # A pickle would contain the credentials.
        raise TypeError(f"a {type(self).__name__} cannot be pickled, because it has credentials")


def _pem(certificates: str | bytes | os.PathLike[str] | None) -> bytes | None:
    """Returns the certificates of a text, of bytes, or of a file."""
    if certificates is None or isinstance(certificates, bytes):
        return certificates
    if isinstance(certificates, str) and "-----BEGIN" in certificates:
        return certificates.encode()
    # open() would accept an int, including True and False, as a file descriptor.
    if not isinstance(certificates, str) and not hasattr(certificates, "__fspath__"):
        kind = type(certificates).__name__
        raise TypeError(f"root_certificates must be PEM as str or bytes, or a path, not {kind}")
    with open(certificates, "rb") as file:
        return file.read()


class Client(_Base):
    """A client of the GetTickets call of one install.

    Many threads can use it at once, and it keeps its connections open. Ctrl-C interrupts a request. In a child process
    after `os.fork()` it raises StateError: make a new client there.

    >>> import gettickets
    >>> with gettickets.Sandbox() as sandbox, gettickets.Client(sandbox.url, **sandbox.credentials) as client:
    ...     page = client.get_tickets(status=gettickets.Status.AWAITING_REPLY, limitnum=10)
    >>> len(page)
    10
    """

    def get_tickets(
        self,
        *,
        limitstart: int | None = None,
        limitnum: int | None = None,
        deptid: int | None = None,
        clientid: int | None = None,
        email: str | None = None,
        status: str | None = None,
        subject: str | None = None,
        ignore_dept_assignments: bool | None = None,
    ) -> Page:
        """Requests one page, with retries.

        The parameters have their wire names; one that is None is not sent, and the server's default applies.
        `limitstart` is the offset of the first ticket, and `limitnum` the number of tickets to return, 25 by default; a
        server may return fewer. The filters are the department `deptid`, the client `clientid`, the `email` address of
        a non-client, a `status` or one of the special words such as Status.ALL_ACTIVE, and a part of the `subject`, by
        the server's approximate matching. `ignore_dept_assignments` includes departments that the API user is not
        assigned to.

        A page that the server cannot encode as JSON is requested as XML, which page.findings reports.

        Raises a subclass of Error, whose `hint` says what to do.
        """
        return self._open().get_tickets(
            limitstart=limitstart,
            limitnum=limitnum,
            deptid=deptid,
            clientid=clientid,
            email=email,
            status=status,
            subject=subject,
            ignore_dept_assignments=ignore_dept_assignments,
        )

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
        resume: str | None = None,
        progress: bool | Callable[[Report], object] = False,
    ) -> Scan:
        """Returns a Scan of all matching tickets, over all pages. Nothing is sent yet.

        The filters are those of get_tickets(). `status` may be several statuses: each ticket is returned once, and all
        lists but the last are read twice, so that a ticket whose status changes once during the scan is not missed.
        `limitnum` is the maximum number of tickets per request; without it a scan starts with 100 and increases the
        number up to 1,000 as long as that is not slower. `concurrency` is the maximum number of requests in flight,
        from 1 to 64, and 4 by default.

        `updated_since` returns only tickets that were opened or answered then or later, in the install's time zone; a
        datetime with a time zone needs a client with `timezone`. The rest of the list is skipped if its order shows
        that it is older; `full` reads all of it.

        A ticket that the server cannot send ends the scan in ScanIncompleteError, after all others were returned; with
        `on_unreadable="skip"` the scan ends without an exception, and report.unreadable lists the tickets.
        `allow_count_mismatch` is for installs that always count more tickets than they send: the difference is then a
        warning in the report.

        The scan ends in an error after `max_requests`, 1,000,000 by default, or `max_tickets`. `resume` is the cursor
        of another scan of the same request: tickets that it returned are not returned again. `progress` is True to show
        the progress on standard error, or a function that is called with the report at every page and while the scan
        waits.

        >>> import gettickets
        >>> with gettickets.Sandbox(tickets=250) as sandbox:
        ...     scan = gettickets.Client(sandbox.url, **sandbox.credentials).tickets()
        ...     first = [next(scan).id for _ in range(20)]
        ...     rest = gettickets.Client(sandbox.url, **sandbox.credentials).tickets(resume=scan.cursor())
        ...     print(len({*first, *(ticket.id for ticket in rest)}), rest.report.requests > 1)
        250 True
        """
        return self._open().scan(
            {
                "updated_since": updated_since,
                "full": full,
                "concurrency": concurrency,
                "on_unreadable": on_unreadable,
                "allow_count_mismatch": allow_count_mismatch,
                "max_requests": max_requests,
                "max_tickets": max_tickets,
                "resume": resume,
            },
            callback(progress),
            limitnum=limitnum,
            deptid=deptid,
            clientid=clientid,
            email=email,
            status=status,
            subject=subject,
            ignore_dept_assignments=ignore_dept_assignments,
        )

    def close(self) -> None:
        """Closes the client. Requests in progress are completed first; closing twice does nothing."""
        self._native_client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(_Base):
    """A client of the GetTickets call of one install, for asyncio.

    Settings and parameters are those of Client. The requests of all clients run on one background thread, and block
    neither an event loop nor an executor. When a task is canceled, the connection of its request is closed at once, and
    nothing further is sent. One client serves any number of tasks and event loops.

    >>> import asyncio, gettickets
    >>> async def main(sandbox):
    ...     async with gettickets.AsyncClient(sandbox.url, **sandbox.credentials) as client:
    ...         page = await client.get_tickets(limitnum=10)
    ...         return len(page), len([ticket.id async for ticket in client.tickets()])
    >>> with gettickets.Sandbox(tickets=250) as sandbox:
    ...     asyncio.run(main(sandbox))
    (10, 250)
    """

    _is_async = True

    async def get_tickets(
        self,
        *,
        limitstart: int | None = None,
        limitnum: int | None = None,
        deptid: int | None = None,
        clientid: int | None = None,
        email: str | None = None,
        status: str | None = None,
        subject: str | None = None,
        ignore_dept_assignments: bool | None = None,
    ) -> Page:
        """Requests one page; as Client.get_tickets()."""
        wait = _Wait()
        pending = self._open().start(
            wait.over,
            limitstart=limitstart,
            limitnum=limitnum,
            deptid=deptid,
            clientid=clientid,
            email=email,
            status=status,
            subject=subject,
            ignore_dept_assignments=ignore_dept_assignments,
        )
        try:
            page = pending.take()
            while page is None:
                await wait
                page = pending.take()
            return page
        finally:
            pending.cancel()

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
        resume: str | None = None,
        progress: bool | Callable[[Report], object] = False,
    ) -> AsyncScan:
        """Every ticket that matches, over all pages; as Client.tickets(), for `async for`."""
        scan = self._open().scan_async(
            {
                "updated_since": updated_since,
                "full": full,
                "concurrency": concurrency,
                "on_unreadable": on_unreadable,
                "allow_count_mismatch": allow_count_mismatch,
                "max_requests": max_requests,
                "max_tickets": max_tickets,
                "resume": resume,
            },
            callback(progress),
            limitnum=limitnum,
            deptid=deptid,
            clientid=clientid,
            email=email,
            status=status,
            subject=subject,
            ignore_dept_assignments=ignore_dept_assignments,
        )
        return AsyncScan(scan)

    async def aclose(self) -> None:
        """Closes the client. Requests in progress are completed first; closing twice does nothing."""
        self._native_client = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class AsyncScan:
    """A scan for `async for`, with the guarantee of Scan.

    Cancelling a task that waits for a ticket loses none: the next call returns it. Libraries that make tables cannot
    await a scan; use `await scan.to_polars()`, to_arrow() or to_pandas(). If a table fails or is canceled, the tickets
    in it are lost, and cursor() then continues where the table began.
    """

    def __init__(self, scan: Scan) -> None:
        """Made by AsyncClient.tickets()."""
        self._scan = scan

    def __repr__(self) -> str:
        return f"<gettickets.AsyncScan {self._scan._about()}>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.scan(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Ticket:
        while True:
            await self._something()
            # None if another task took it.
            ticket = self._scan._take()
            if ticket is not None:
                return ticket

    async def pages(self) -> AsyncIterator[Page]:
        """The scan page by page. A page of the server may be split; no part is empty."""
        while True:
            await self._something()
            try:
                page = self._scan._take_page()
            except StopAsyncIteration:
                return
            if page is not None:
                yield page

    async def to_arrow(
        self, *, columns: Sequence[str] | None = None, timezone: str | tzinfo | None = None
    ) -> pyarrow.Table:
        """Returns all remaining tickets of the scan as a pyarrow.Table; as Scan.to_arrow()."""
        return _tables.to_arrow(await self._table(columns, timezone))

    async def to_polars(
        self, *, columns: Sequence[str] | None = None, timezone: str | tzinfo | None = None
    ) -> polars.DataFrame:
        """Returns all remaining tickets of the scan as a polars.DataFrame; as Scan.to_polars()."""
        return _tables.to_polars(await self._table(columns, timezone))

    async def to_pandas(
        self, *, columns: Sequence[str] | None = None, timezone: str | tzinfo | None = None
    ) -> pandas.DataFrame:
        """Returns all remaining tickets of the scan as a pandas.DataFrame; as Scan.to_pandas()."""
        return _tables.to_pandas(await self._table(columns, timezone))

    async def _table(self, columns: Sequence[str] | None, timezone: str | tzinfo | None) -> _native.Table:
        """Reads all remaining pages into a table."""
        table = self._scan._gathering(columns, timezone)
        try:
            await self._something()
            while table._gather():
                await self._something()
        except BaseException:
            table._lose()
            raise
        return table

    async def _something(self) -> None:
        """Waits until a ticket, the end or an exception is available."""
        while not self._scan._is_ready():
            wait = _Wait()
            watch = self._scan._watch(wait.over)
            try:
                await wait
            finally:
                watch.cancel()

    @property
    def report(self) -> Report:
        """The progress of the scan; as Scan.report."""
        return self._scan.report

    @property
    def total(self) -> int | None:
        """The number of matching tickets in the server's latest count, or None; as Scan.total."""
        return self._scan.total

    @property
    def error(self) -> Error | None:
        """The exception that ended the scan, or None; as Scan.error."""
        return self._scan.error

    def cursor(self) -> str:
        """The position of the scan; as Scan.cursor()."""
        return self._scan.cursor()

    async def aclose(self) -> None:
        """Stops the scan; as Scan.close()."""
        self._scan.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Wait:
    """A future of the running event loop that another thread completes."""

    __slots__ = ("_future", "_loop")

    _loop: asyncio.AbstractEventLoop
    _future: asyncio.Future[None]

    def __init__(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._future = self._loop.create_future()

    def over(self) -> None:
        """Completes the future; for any thread."""
        try:
            self._loop.call_soon_threadsafe(self._set)
        except RuntimeError:
            # The event loop was closed.
            return

    def _set(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    def __await__(self) -> Any:
        return self._future.__await__()
