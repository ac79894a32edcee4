"""Clients: Client waits, AsyncClient lets asyncio wait."""

from __future__ import annotations

from . import _native
from ._errors import ConfigError, Error
from ._zones import zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import os
    from collections.abc import AsyncIterator
    from datetime import datetime, tzinfo
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from ._native import Page, Scan, Ticket
    from ._notes import Report


class _Base:
    """What both clients have: how they are made, and how they end."""

    __slots__ = ("_native_client",)

    _native_client: _native.Client | None

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
        attempts: int | None = 3,
        budget: float | None = 120.0,
        response_type: str = "json",
        strict: bool = False,
        max_response_len: int | None = 64 << 20,
        proxy: str | bool | None = None,
        root_certificates: str | bytes | os.PathLike[str] | None = None,
        user_agent: str | None = None,
        allow_plain_http: bool = False,
    ) -> None:
        """A client of the install at this address; nothing is sent yet.

        `url` is the install's, with or without a path, or the full address of api.php; without a scheme it is
        taken for https.

        Credentials are `identifier` and `secret` (server version 7.2 and later), or an admin's `username` and
        `password`, of which only the MD5 is kept and sent, or `username` and `password_md5`. `access_key` beside
        either lets a request past the server's list of allowed addresses.

        `timezone` is the time zone of the install, a name such as "Europe/Berlin" or a tzinfo: with it `date` and
        `lastreply` are aware; without it they are naive, as servers don't say.

        `timeout` is how long one exchange may take and `connect_timeout` a connection, in seconds. `attempts` is
        how often a request is tried where that may help, the first time included, in `budget` seconds at most. None
        leaves any of them at its default, 60, 10, 3 and 120: no request waits without end unless it is told to, as
        with `timeout=float("inf")`.

        `response_type` is the format to ask for, "json" or "xml". `strict` refuses replies that depart from the
        documented shape. `max_response_len` is how many bytes a reply may have once decompressed.

        `proxy` is the address of one, or False for none; by default it is as the environment says (HTTPS_PROXY,
        ALL_PROXY, NO_PROXY). `root_certificates` are the authorities to trust and no others, as PEM or the path
        of a file; by default those that this machine trusts. `user_agent` is what the client calls itself.
        `allow_plain_http` lets credentials go over plain http to another machine.

        Raises ConfigError where a setting can't be used.
        """
        self._native_client = _native.Client.over_http(
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
            attempts=attempts,
            budget=budget,
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
        """A client as the environment says; `settings` are those of the class, and count before it.

        GETTICKETS_URL names the server. The credentials are GETTICKETS_IDENTIFIER and GETTICKETS_SECRET, or
        GETTICKETS_USERNAME and GETTICKETS_PASSWORD or GETTICKETS_PASSWORD_MD5, and GETTICKETS_ACCESS_KEY beside
        either: the same as for the command line. Credentials of the environment are only used if none of
        another kind are given.

        Raises ConfigError where something is missing.
        """
        import os

        def said(name: str) -> str | None:
            return os.environ.get(f"GETTICKETS_{name.upper()}") or None

        settings = {name: value for name, value in settings.items() if value is not None}
        url = settings.pop("url", None) or said("url")
        if url is None:
            raise ConfigError(
                "GETTICKETS_URL is not set", code="environment", hint="Set it to the install's address."
            )
        kinds = ({"identifier", "secret"}, {"username", "password", "password_md5"})
        given = [kind for kind in kinds if kind & settings.keys()]
        for kind in given or kinds:
            found = {name: said(name) for name in kind - settings.keys()}
            found = {name: value for name, value in found.items() if value is not None}
            if "password" in found.keys() | settings.keys():
                found.pop("password_md5", None)
            if found or given:
                settings |= found
                break
        if "access_key" not in settings:
            settings["access_key"] = said("access_key")
        for name, other in (("identifier", "secret"), ("secret", "identifier"), ("username", "password")):
            with_md5 = other == "password" and "password_md5" in settings
            if name in settings and other not in settings and not with_md5:
                hint = f"Set it, or give {other}=."
                raise ConfigError(f"GETTICKETS_{other.upper()} is not set", code="environment", hint=hint)
        return cls(url, **settings)

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
        max_response_len: int | None = 64 << 20,
    ) -> Self:
        """A client that asks an install on this machine, through PHP, without HTTP and without credentials.

        `path` is the folder that has the install's init.php. `admin` is the user name of the admin to ask as,
        which servers before 7.2 need. `php` is the program to run. The others are as for the class.
        """
        client = cls.__new__(cls)
        client._native_client = _native.Client.on_this_machine(
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
    def place(self) -> str:
        """Who is asked, without credentials: the full address of api.php, or the install's path."""
        return self._open().place

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._native_client is None

    def _open(self) -> _native.Client:
        if self._native_client is None:
            raise RuntimeError("the client is closed")
        return self._native_client

    def __repr__(self) -> str:
        what = ", closed" if self._native_client is None else f" of {self._native_client.place}"
        return f"<{type(self).__module__}.{type(self).__qualname__}{what}>"

    def __reduce__(self) -> Any:
        # A pickle would carry the credentials.
        raise TypeError(f"a {type(self).__name__} can't be pickled, as it holds credentials")


def _pem(certificates: str | bytes | os.PathLike[str] | None) -> bytes | None:
    """The certificates of a text, of bytes, or of a file."""
    if certificates is None or isinstance(certificates, bytes):
        return certificates
    if isinstance(certificates, str) and "-----BEGIN" in certificates:
        return certificates.encode()
    with open(certificates, "rb") as file:
        return file.read()


class Client(_Base):
    """A client of one install's GetTickets.

    It can be used from many threads at once, and keeps its connections. Ctrl-C interrupts a request that waits.
    It is not to be used in a child process that `os.fork()` made: make a new one there.

    >>> import gettickets
    >>> with gettickets.Sandbox() as sandbox, gettickets.Client(sandbox.url, **sandbox.credentials) as client:
    ...     page = client.get_tickets(status=gettickets.Status.AWAITING_REPLY, limitnum=10)
    >>> len(page)
    10
    """

    __slots__ = ()

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
        """Asks for one page, and again where that may help.

        The parameters go by their wire names; what is None is not sent, and the server's default holds.
        `limitstart` is the offset of the first record and `limitnum` their number, 25 by default; a server may
        send fewer. Only tickets of the department `deptid`, of the client `clientid`, of the address `email` that
        belongs to no client, of this `status` or of one of the special words such as Status.ALL_ACTIVE, and with
        `subject` in their subject, by the server's approximate matching. `ignore_dept_assignments` does not
        restrict to the departments that the API user is a member of.

        A page that the server can't put into JSON is asked for as XML, which page.findings tells of.

        Raises an Error; its class tells what went wrong, and `hint` what to try.
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
        status: str | None = None,
        subject: str | None = None,
        ignore_dept_assignments: bool | None = None,
        updated_since: datetime | None = None,
        resume: str | None = None,
        max_requests: int | None = None,
    ) -> Scan:
        """Every ticket that matches, over all pages; see Scan. Nothing is sent yet.

        `limitnum` is how many tickets are asked for at a time, 100 by default; the other parameters are as for
        get_tickets(). `updated_since` tells only tickets that had a reply then or later, in the install's own
        time; one with a time zone takes a client with `timezone`. `resume` is the cursor of another scan of the
        same request: what that one told is not told again. `max_requests` is how many requests it may take
        before it ends in an error, 1,000,000 by default.

        >>> import gettickets
        >>> with gettickets.Sandbox(tickets=250) as sandbox:
        ...     scan = gettickets.Client(sandbox.url, **sandbox.credentials).tickets()
        ...     first = [next(scan).id for _ in range(20)]
        ...     rest = gettickets.Client(sandbox.url, **sandbox.credentials).tickets(resume=scan.cursor())
        ...     print(len({*first, *(ticket.id for ticket in rest)}), rest.report.requests > 1)
        250 True
        """
        return self._open().scan(
            updated_since,
            resume,
            max_requests,
            limitnum=limitnum,
            deptid=deptid,
            clientid=clientid,
            email=email,
            status=status,
            subject=subject,
            ignore_dept_assignments=ignore_dept_assignments,
        )

    def close(self) -> None:
        """Closes the client; connections end once nothing uses them. Closing twice does nothing."""
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
    """A client of one install's GetTickets, for asyncio.

    Settings and parameters are those of Client. Requests run on threads of Rust's own, so they block no event
    loop and no executor. A request whose task is cancelled is given up: it is not repeated, and its outcome is
    dropped. One client serves any number of tasks, and of event loops.

    >>> import asyncio, gettickets
    >>> async def main(sandbox):
    ...     async with gettickets.AsyncClient(sandbox.url, **sandbox.credentials) as client:
    ...         page = await client.get_tickets(limitnum=10)
    ...         return len(page), len([ticket.id async for ticket in client.tickets()])
    >>> with gettickets.Sandbox(tickets=250) as sandbox:
    ...     asyncio.run(main(sandbox))
    (10, 250)
    """

    __slots__ = ()

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
        """Asks for one page; as Client.get_tickets()."""
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
            # Where no thread could be started the outcome is there at once, and nobody will call.
            page = pending.take()
            while page is None:
                await wait
                page = pending.take()
            return page
        finally:
            pending.give_up()

    def tickets(
        self,
        *,
        limitnum: int | None = None,
        deptid: int | None = None,
        clientid: int | None = None,
        email: str | None = None,
        status: str | None = None,
        subject: str | None = None,
        ignore_dept_assignments: bool | None = None,
        updated_since: datetime | None = None,
        resume: str | None = None,
        max_requests: int | None = None,
    ) -> AsyncScan:
        """Every ticket that matches, over all pages; as Client.tickets(), for `async for`."""
        scan = self._open().scan(
            updated_since,
            resume,
            max_requests,
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
        """Closes the client; connections end once nothing uses them. Closing twice does nothing."""
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
    """A scan for `async for`; what it promises is told by Scan.

    Cancelling the task that waits for a ticket loses none: the next one that asks gets it. Libraries that make
    tables can't wait for it; they take the pages of `[page async for page in scan.pages()]`.
    """

    __slots__ = ("_scan",)

    def __init__(self, scan: Scan) -> None:
        """Made by AsyncClient.tickets()."""
        self._scan = scan

    def __repr__(self) -> str:
        return f"<gettickets.AsyncScan {self._scan._about()}>"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Ticket:
        await self._something()
        for ticket in self._scan:
            return ticket
        raise StopAsyncIteration

    async def pages(self) -> AsyncIterator[Page]:
        """The scan page by page. A page may come in parts, none of them empty."""
        pages = self._scan.pages()
        while True:
            await self._something()
            page = next(pages, None)
            if page is None:
                return
            yield page

    async def _something(self) -> None:
        """Waits until a ticket, the end or an exception can be had without waiting."""
        while not self._scan._is_ready():
            wait = _Wait()
            watch = self._scan._watch(wait.over)
            try:
                await wait
            finally:
                watch.give_up()

    @property
    def report(self) -> Report:
        """What the scan met so far; as Scan.report."""
        return self._scan.report

    @property
    def total(self) -> int | None:
        """How many tickets match, as the server counts them, or None; as Scan.total."""
        return self._scan.total

    @property
    def error(self) -> Error | None:
        """The exception that the scan ended in, or None; as Scan.error."""
        return self._scan.error

    def cursor(self) -> str:
        """Where the scan is; as Scan.cursor()."""
        return self._scan.cursor()

    async def aclose(self) -> None:
        """Ends the scan, after the request that is under way."""
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
    """A future of the running event loop that another thread may end."""

    __slots__ = ("_future", "_loop")

    _loop: asyncio.AbstractEventLoop
    _future: asyncio.Future[None]

    def __init__(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._future = self._loop.create_future()

    def over(self) -> None:
        """Ends the wait; for any thread."""
        try:
            self._loop.call_soon_threadsafe(self._set)
        except RuntimeError:
            # The event loop was closed, and nobody waits any more.
            return

    def _set(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    def __await__(self) -> Any:
        return self._future.__await__()
