"""Pages and scans as Arrow, read by polars, pyarrow, pandas, DuckDB and nanoarrow."""

import asyncio
import ctypes
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

import gettickets
from conftest import client_of, reply
from gettickets import FIELDS

COLUMNS = [*(field.name for field in FIELDS), "extra"]
ODD = {
    "requestor_name": None, "date": "0000-00-00 00:00:00", "subject": "é\U0001f600", "deptname": "Sales",
    "attachments": [{"filename": "a", "index": 0}, {"filename": "b", "index": 1}], "id": str(2**63 - 1),
}  # fmt: skip
TOO_LARGE = {"userid": str(2**63)}

CHILDREN = 3 * ctypes.sizeof(ctypes.c_void_p) + 2 * ctypes.sizeof(ctypes.c_int64)
"""Where ArrowSchema of the C data interface says what its columns are."""


@pytest.fixture(scope="module")
def odd():
    return gettickets.decode(reply({}, ODD, {"attachments": []}))


def rows(page):
    """The expected rows of a table of the page."""
    for ticket in page:
        values = {name: getattr(ticket, name) for name in COLUMNS[:-1]}
        attachments = [{"filename": one.filename, "index": one.index} for one in ticket.attachments or ()]
        yield {
            **values,
            "attachments": None if ticket.attachments is None else attachments,
            "extra": '{"deptname":"Sales"}' if ticket.extra else None,
        }


def test_pyarrow_reads_types_values_and_nulls(odd, page):
    pa = pytest.importorskip("pyarrow")
    kinds = {
        "integer": pa.int64(), "text": pa.string(), "datetime": pa.timestamp("us"), "boolean": pa.bool_(),
        "attachments": pa.list_(pa.field("element", pa.struct([("filename", pa.string()), ("index", pa.int64())]))),
    }  # fmt: skip
    for one in (odd, page):
        table = pa.table(one)
        assert table.to_pylist() == list(rows(one))
        for field in FIELDS:
            column = table.schema.field(field.name)
            assert column.type.equals(kinds[field.kind]), field.name
            assert column.metadata[b"since"].decode() == str(field.since)
    assert pa.schema(odd) == pa.table(odd).schema and table.schema.names == COLUMNS
    assert pa.table(odd[:0]).num_rows == 0 and pa.table(odd[:0]).schema.names == COLUMNS
    assert pa.table(odd[1:2])["id"].to_pylist() == [2**63 - 1]
    pa.table(page).validate(full=True)


def test_a_table_outlives_its_page():
    pa = pytest.importorskip("pyarrow")
    table = pa.table(gettickets.decode(reply(*({"subject": f"number {number}"} for number in range(500)))))
    assert table["subject"].to_pylist() == [f"number {number}" for number in range(500)]


def test_an_unused_capsule_is_released(page):
    for _ in range(100):
        capsule = page.__arrow_c_stream__()
        assert "arrow_array_stream" in repr(capsule)
        assert "arrow_schema" in repr(page.__arrow_c_schema__())
        assert page.__arrow_c_stream__(page.__arrow_c_schema__())


def test_polars_reads_a_page_and_a_scan(odd, page, client, sandbox):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(odd)
    assert frame.rows(named=True) == list(rows(odd)) and frame.columns == COLUMNS
    kinds = {"integer": pl.Int64, "text": pl.String, "datetime": pl.Datetime("us"), "boolean": pl.Boolean}
    for field in FIELDS:
        if field.kind != "attachments":
            assert frame.schema[field.name] == kinds[field.kind]
    assert frame.schema["attachments"] == pl.List(pl.Struct({"filename": pl.String, "index": pl.Int64}))
    assert pl.DataFrame(odd[:0]).shape == (0, len(COLUMNS))
    scanned = pl.DataFrame(client.tickets(limitnum=64))
    assert scanned["id"].to_list() == sandbox.ids()
    assert scanned.filter(pl.col("status") == "Closed").height == client.get_tickets(status="Closed").totalresults


def test_a_requested_schema_selects_large_strings(odd, client):
    pa = pytest.importorskip("pyarrow")
    small = pa.schema(odd)
    large = pa.schema(
        [field.with_type(pa.large_string()) if field.type == pa.string() else field for field in small]
    )
    for made in (lambda: odd, lambda: client.tickets(limitnum=400)):
        usual = pa.table(made())
        for asked, given in ((large, large), (small, small), (pa.schema([("id", pa.int8())]), small)):
            table = pa.RecordBatchReader.from_stream(made(), schema=asked).read_all()
            assert table.schema == given and table.cast(small) == usual
            table.validate(full=True)


def test_a_requested_schema_must_be_a_capsule_and_is_not_consumed(odd, client):
    pa = pytest.importorskip("pyarrow")
    for tickets in (odd, client.tickets()):
        with pytest.raises(TypeError, match="PyCapsule"):
            tickets.__arrow_c_stream__("large_string")
        with pytest.raises(ValueError, match="name"):
            tickets.__arrow_c_stream__(odd.__arrow_c_stream__())
        asked = odd.__arrow_c_schema__()
        assert tickets.__arrow_c_stream__(asked)
        assert pa.Schema._import_from_c_capsule(asked) == pa.schema(odd)
        assert tickets.__arrow_c_stream__(asked), "though nothing is left in it"


def test_pooled_schemas_stay_valid(odd):
    pa = pytest.importorskip("pyarrow")
    usual = pa.schema(odd)
    held = [odd.__arrow_c_schema__() for _ in range(20)]
    for _ in range(20):
        # A reader may keep one column of a schema and release the rest.
        capsule = odd.__arrow_c_schema__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        children = ctypes.c_void_p.from_address(pointer(capsule, b"arrow_schema") + CHILDREN)
        first = ctypes.c_void_p.from_address(children.value).value
        assert pa.Field._import_from_c(first) == usual.field(0)
        del capsule
        assert pa.Schema._import_from_c_capsule(held.pop()) == usual == pa.schema(odd)
    with ThreadPoolExecutor(8) as pool:
        tables = pool.map(lambda _: [pa.table(odd).schema for _ in range(50)], range(8))
        assert all(schema == usual for schemas in tables for schema in schemas)


def test_types_of_pandas_do_not_depend_on_the_values(odd, client):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    old = client.get_tickets(limitnum=3).as_of_version("1.0")
    frames = [page.to_pandas() for page in (odd, odd[1:2], odd[:0], old, client.get_tickets(limitnum=200))]
    frames.append(client.tickets().to_pandas())
    kinds = {"integer": "Int64", "datetime": "datetime64[us]", "boolean": "boolean"}
    for frame in frames:
        assert frame.dtypes.equals(frames[0].dtypes)
        for field in FIELDS:
            if field.kind in kinds:
                assert str(frame.dtypes[field.name]) == kinds[field.kind], field.name
    assert frames[0].dtypes["attachments"] == object


def test_a_pandas_frame_round_trips_through_parquet(odd, client, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    file = tmp_path / "tickets.parquet"
    aware = gettickets.decode(reply({}, ODD, {"attachments": []}), timezone="Europe/Berlin")
    for frame in (odd.to_pandas(), odd[:0].to_pandas(), aware.to_pandas(), client.tickets().to_pandas()):
        frame.to_parquet(file)
        pd.testing.assert_frame_equal(pd.read_parquet(file), frame, check_exact=True)


def test_a_pandas_frame_does_not_share_memory(odd):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame, other = odd.to_pandas(), odd.to_pandas()
    frame.columns.name = "fields"
    for name, value in (("flag", 5), ("subject", "other"), ("lastreply", pd.Timestamp(2026, 1, 1))):
        frame.loc[0, name] = value
        assert frame[name][0] == value
    assert other.columns.name is None and list(other.columns) == COLUMNS
    pd.testing.assert_frame_equal(other, odd.to_pandas())


def test_pandas_integers_in_columns_with_nulls_stay_exact():
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = gettickets.decode(reply({"userid": None}, {"userid": str(2**53 + 1)})).to_pandas()
    assert frame["userid"].dtype == pd.Int64Dtype() and frame["userid"][1] == 2**53 + 1
    assert frame["userid"].isna().tolist() == [True, False]


def test_pandas_reads_a_page_and_a_scan(odd, client):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = odd.to_pandas()
    assert list(frame.columns) == COLUMNS and frame.shape == (3, len(COLUMNS))
    assert frame["id"].tolist() == [1, 2**63 - 1, 3] and frame["id"].dtype == pd.Int64Dtype()
    assert frame["date"].tolist()[0] == pd.Timestamp(2016, 1, 1, 6, 26, 29) and pd.isna(frame["date"][1])
    assert pd.isna(frame["requestor_name"][1]) and frame["subject"][1] == "é\U0001f600"
    assert [[dict(one) for one in tickets] for tickets in frame["attachments"][1:]] == [ODD["attachments"], []]
    assert client.tickets().to_pandas().shape == (1000, len(COLUMNS))
    assert odd[:0].to_pandas().shape == (0, len(COLUMNS))


def test_duckdb_reads_a_page_and_a_scan_by_name(odd, client):
    duckdb = pytest.importorskip("duckdb")
    scan = client.tickets()  # noqa: F841  DuckDB finds it by its name
    with duckdb.connect() as connection:
        found = connection.sql(
            "select id, subject, date, attachments_removed, len(attachments) from odd"
        ).fetchall()
        assert found[1] == (2**63 - 1, "é\U0001f600", None, True, 2)
        types = {row[0]: row[1] for row in connection.sql("describe select * from odd").fetchall()}
        assert types["id"] == "BIGINT" and types["lastreply"] == "TIMESTAMP" and types["tid"] == "VARCHAR"
        assert connection.sql("select count(*), count(distinct id), max(lastreply) from scan").fetchall()[0][
            :2
        ] == (1000, 1000)
        assert connection.sql("select max(lastreply) from odd").fetchall() == [(datetime(2016, 1, 1, 6, 30, 16),)]


def test_nanoarrow_reads_a_page(odd):
    na = pytest.importorskip("nanoarrow")
    stream = na.ArrayStream(odd)
    assert stream.read_all().to_pylist() == list(rows(odd))


def test_a_scan_streams_page_by_page(sandbox):
    pa = pytest.importorskip("pyarrow")
    with gettickets.Sandbox(tickets=20_000) as sandbox:
        reader = pa.RecordBatchReader.from_stream(client_of(sandbox).tickets(limitnum=1000))
        first = reader.read_next_batch()
        assert 8192 <= first.num_rows < 10_000
        asked = sandbox.request_count
        assert asked < 20, "it reads a few pages ahead, and not all of them"
        assert first.num_rows + sum(batch.num_rows for batch in reader) == 20_000


def test_a_stream_continues_at_the_position_of_the_scan(client, sandbox):
    pl = pytest.importorskip("polars")
    scan = client.tickets(limitnum=100)
    first = [next(scan).id for _ in range(30)]
    assert first + pl.DataFrame(scan)["id"].to_list() == sandbox.ids()


def test_an_error_ends_a_stream_and_is_reported(sandbox):
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    for read in (pa.table, pl.DataFrame):
        client = gettickets.Client(sandbox.url, identifier="a", secret="no-such-secret", max_attempts=1)
        with pytest.raises(Exception, match="Authentication Failed"):
            read(client.tickets())
    with gettickets.Sandbox(tickets=500, quirks=["ignore-limitstart"]) as bad:
        with pytest.raises(Exception, match="the scan is not complete"):
            pa.table(client_of(bad).tickets())
    scan = client_of(sandbox).tickets()
    reader = pa.RecordBatchReader.from_stream(scan)
    scan.close()
    with pytest.raises(Exception, match="the scan is closed"):
        reader.read_all()


def test_a_failed_table_is_not_an_empty_table():
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    pytest.importorskip("pandas")
    with gettickets.Sandbox(tickets=1000) as sandbox:
        client = client_of(sandbox)
        for read in (pa.table, pl.DataFrame, lambda scan: scan.to_pandas()):
            scan = client.tickets(max_requests=5)
            yielded = [next(scan).id for _ in range(30)]
            assert scan.error is None
            for _ in range(2):
                with pytest.raises(Exception, match="not complete"):
                    read(scan)
                assert isinstance(scan.error, gettickets.ScanIncompleteError)
            with pytest.raises(gettickets.ScanIncompleteError):
                next(scan)
            # Tickets in the failed table are lost, and not counted as yielded.
            rest = pl.DataFrame(client.tickets(resume=scan.cursor()))["id"].to_list()
            assert sorted(yielded + rest) == sorted(sandbox.ids())


def test_pandas_raises_the_scans_own_exception():
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pandas")
    with gettickets.Sandbox(tickets=5) as sandbox:
        client = gettickets.Client(sandbox.url, identifier="a", secret="no-such-secret", max_attempts=1)
        with pytest.raises(gettickets.AuthenticationError) as raised:
            client.tickets().to_pandas()
        assert isinstance(raised.value.__cause__, pa.ArrowException)
        assert raised.value.hint


def test_a_stream_that_failed_stays_failed():
    pa = pytest.importorskip("pyarrow")
    with gettickets.Sandbox(tickets=1000) as sandbox:
        reader = pa.RecordBatchReader.from_stream(client_of(sandbox).tickets(max_requests=3, limitnum=100))
        rows = 0
        failures = []
        for _ in range(6):
            try:
                rows += reader.read_next_batch().num_rows
            except pa.ArrowInvalid as error:
                failures.append(str(error))
    assert len(failures) >= 4 and len(set(failures)) == 1, (
        "and never StopIteration, which would mean that this is all"
    )


ZONES = [
    "Europe/Berlin",
    "UTC",
    timezone.utc,
    timezone(timedelta(hours=-3, minutes=-30)),
]


def test_tables_have_columns_in_utc_if_the_time_zone_is_known(sandbox):
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    pytest.importorskip("pandas")
    for zone in ZONES:
        client = gettickets.Client(sandbox.url, **sandbox.credentials, timezone=zone)
        page = client.get_tickets(limitnum=200)
        for source, tickets in ((page, list(page)), (client.tickets(), list(client.tickets()))):
            table = pa.table(source)
            names = table.schema.names
            assert names[names.index("date") + 1] == "date_utc"
            assert names[names.index("lastreply") + 1] == "lastreply_utc"
            assert table.schema.field("lastreply").type == pa.timestamp("us")
            assert table.schema.field("date_utc").type == pa.timestamp("us", "UTC")
            assert table["lastreply"].to_pylist() == [ticket.lastreply.replace(tzinfo=None) for ticket in tickets]
            assert table["lastreply_utc"].to_pylist() == [ticket.lastreply for ticket in tickets]
        assert pa.schema(page) == pa.table(page).schema
        assert pl.DataFrame(page)["date_utc"].to_list() == [ticket.date for ticket in page]
        assert page.to_pandas()["date_utc"].tolist() == [ticket.date for ticket in page]


def test_the_time_zone_of_a_table_can_be_given(client):
    pl = pytest.importorskip("polars")
    page = client.get_tickets(limitnum=5)
    for zone in ZONES:
        aware = [
            ticket.date.replace(tzinfo=zone if isinstance(zone, tzinfo) else ZoneInfo(zone)) for ticket in page
        ]
        assert page.to_polars(timezone=zone)["date_utc"].to_list() == aware
    scanned = client.tickets().to_polars(timezone="Europe/Berlin", columns=["id", "date_utc"])
    assert scanned.schema == {"id": pl.Int64, "date_utc": pl.Datetime("us", "UTC")}
    with pytest.raises(gettickets.ConfigError, match="Mars"):
        page.to_polars(timezone="Mars/Olympus")


def test_the_repeated_hour_is_the_one_that_datetime_chooses():
    pa = pytest.importorskip("pyarrow")
    times = [f"2026-10-25 0{hour}:30:00" for hour in range(1, 5)] + [
        f"2026-03-29 0{hour}:30:00" for hour in (1, 2, 3)
    ]
    page = gettickets.decode(reply(*({"date": time} for time in times)), timezone="Europe/Berlin")
    instants = [ticket.date.timestamp() for ticket in page]
    assert [moment.timestamp() for moment in pa.table(page)["date_utc"].to_pylist()] == instants


def test_a_time_zone_without_a_name_is_refused_for_tables():
    pa = pytest.importorskip("pyarrow")

    class Odd(tzinfo):
        def utcoffset(self, moment):
            return timedelta(hours=1)

        def dst(self, moment):
            return None

    page = gettickets.decode(reply(), timezone=Odd())
    assert page[0].date.utcoffset() == timedelta(hours=1)
    with pytest.raises(gettickets.ConfigError, match="it has no name") as error:
        pa.table(page)
    assert "zoneinfo" in error.value.hint


def test_selected_columns_are_in_the_given_order(odd, client):
    pytest.importorskip("polars")
    pytest.importorskip("pandas")
    columns = ["lastreply", "subject_text", "id", "attachments"]
    for source in (lambda: odd, lambda: client.tickets()):
        for selected in (columns, tuple(columns)):
            assert source().to_polars(columns=selected).columns == columns
        assert source().to_arrow(columns=columns).schema.names == columns
        assert list(source().to_pandas(columns=columns).columns) == columns
        assert source().to_polars().columns == COLUMNS
        assert list(source().to_pandas(columns=["tid"]).columns) == ["tid"]
    page = gettickets.decode(reply({"subject": "Tom &amp; Jerry"}))
    assert page.to_arrow(columns=["subject_text", "subject"]).to_pylist() == [
        {"subject_text": "Tom & Jerry", "subject": "Tom &amp; Jerry"}
    ]


def test_columns_that_cannot_be_selected_are_an_error_that_lists_them(odd, client):
    pytest.importorskip("polars")
    for columns, message in (
        (
            ["id", "subjekt"],
            'unknown column "subjekt"; the columns are id, tid, .*, subject, subject_text, .*extra$',
        ),
        (["id", "tid", "id"], 'the column "id" is selected twice; the columns are id, '),
        ([], "no column is selected"),
        (["install"], 'the column "install" needs the name of the install'),
        (["date_utc"], 'the column "date_utc" needs the time zone of the install, which is not set'),
    ):
        for tickets in (odd, client.tickets()):
            for method in (tickets.to_polars, tickets.to_arrow, tickets.to_pandas):
                with pytest.raises(gettickets.ArgumentError, match=message) as raised:
                    method(columns=columns)
                assert isinstance(raised.value, ValueError) and raised.value.code == "columns"
                assert (raised.value.hint is not None) == (columns == ["date_utc"])
    for wrong in ("id", [1], 5):
        with pytest.raises(TypeError):
            odd.to_polars(columns=wrong)


def test_a_number_that_is_too_large_for_a_table_is_an_error():
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("polars")
    pytest.importorskip("pandas")
    page = gettickets.decode(reply({}, TOO_LARGE))
    message = r"ticket 2: userid 9223372036854775808 is larger than the largest integer of a table"
    for method in (page.to_arrow, page.to_polars, page.to_pandas):
        with pytest.raises(gettickets.Error, match=message) as raised:
            method()
        assert raised.value.code == "number-too-large" and raised.value.hint
        assert method(columns=["id"]).shape == (2, 1)
    with pytest.raises(pa.ArrowInvalid, match=message):
        pa.table(page)


def test_a_table_of_a_finished_scan_is_an_error(client, sandbox):
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    readers = [
        pa.table,
        pl.DataFrame,
        lambda scan: scan.to_arrow(),
        lambda scan: scan.to_polars(),
        lambda scan: scan.to_pandas(),
    ]
    for finish in (list, pa.table, pl.DataFrame, lambda scan: scan.to_polars()):
        scan = client.tickets(limitnum=200)
        assert len(finish(scan)) == 1000
        for read in readers:
            with pytest.raises(gettickets.StateError, match="the scan has returned all of its tickets") as raised:
                read(scan)
            assert raised.value.code == "finished"
        assert list(scan) == [] and scan.error is None
    # A scan without tickets has one table, which is empty.
    scan = client.tickets(subject="no ticket has this subject")
    assert scan.to_polars().shape == (0, len(COLUMNS))
    with pytest.raises(gettickets.StateError):
        scan.to_polars()


def test_a_table_after_the_last_ticket_is_an_error(sandbox):
    pytest.importorskip("polars")
    client = client_of(sandbox)
    scan = client.tickets(limitnum=500)
    returned = [next(scan) for _ in range(len(sandbox.ids()))]
    with pytest.raises(gettickets.StateError, match="the scan has returned all of its tickets"):
        scan.to_polars()
    # A cursor at the end of the list begins a new scan, whose first table may be empty.
    rest = client.tickets(limitnum=500, resume=scan.cursor()).to_polars()
    assert len(returned) == 1000 and rest.height == 0


def test_an_asynchronous_scan_makes_tables(sandbox):
    pytest.importorskip("polars")
    pytest.importorskip("pandas")

    async def main():
        async with gettickets.AsyncClient(sandbox.url, **sandbox.credentials, timezone="Europe/Berlin") as client:
            for name in ("to_polars", "to_arrow", "to_pandas"):
                scan = client.tickets(limitnum=100)
                table = await getattr(scan, name)()
                assert len(table) == 1000
                with pytest.raises(gettickets.StateError, match="the scan has returned all of its tickets"):
                    await getattr(scan, name)()
                chosen = await getattr(client.tickets(), name)(columns=["id", "date_utc"])
                assert chosen.shape == (1000, 2)
                with pytest.raises(gettickets.ArgumentError, match="subjekt"):
                    await getattr(client.tickets(), name)(columns=["subjekt"])
            scan = client.tickets(limitnum=100)
            first = [(await anext(scan)).id for _ in range(30)]
            assert first + (await scan.to_polars())["id"].to_list() == sandbox.ids()

    asyncio.run(main())


def test_a_failed_or_canceled_asynchronous_table_is_lost():
    pytest.importorskip("polars")
    with gettickets.Sandbox(tickets=1000) as sandbox:

        async def failing(client):
            scan = client.tickets(limitnum=100, max_requests=5)
            for _ in range(2):
                with pytest.raises(gettickets.ScanIncompleteError):
                    await scan.to_polars()
            return scan

        async def cancelled(client):
            scan = client.tickets(limitnum=50, concurrency=1)
            first = (await anext(scan)).id
            task = asyncio.create_task(scan.to_polars())
            while scan.report.tickets < 400:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(gettickets.StateError, match="a table of this scan failed"):
                await scan.to_polars()
            return first, scan

        async def main():
            async with gettickets.AsyncClient(sandbox.url, **sandbox.credentials) as client:
                scan = await failing(client)
                rest = await client.tickets(resume=scan.cursor()).to_polars()
                assert sorted(rest["id"]) == sorted(sandbox.ids())
                first, scan = await cancelled(client)
                rest = await client.tickets(resume=scan.cursor()).to_polars()
                assert sorted([first, *rest["id"]]) == sorted(sandbox.ids())

        asyncio.run(main())


def test_the_text_of_an_unreadable_date_is_in_extra():
    pa = pytest.importorskip("pyarrow")
    page = gettickets.decode(reply({"date": "soon", "deptname": "Sales"}, {"lastreply": "0000-00-00 00:00:00"}))
    table = pa.table(page)
    assert table["date"].to_pylist()[0] is None
    assert table["extra"].to_pylist() == ['{"date":"soon","deptname":"Sales"}', None]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX has alarms")
@pytest.mark.parametrize("reader", ["pyarrow", "polars", "pandas"])
def test_an_exception_of_a_signal_handler_inside_a_reader_is_raised(reader):
    class SoftTimeLimit(Exception):
        pass

    def ring(signum, frame):
        raise SoftTimeLimit("time is up")

    read = {
        "pyarrow": lambda scan: pytest.importorskip("pyarrow").table(scan),
        "polars": lambda scan: pytest.importorskip("polars").DataFrame(scan),
        "pandas": lambda scan: scan.to_pandas(),
    }[reader]
    pytest.importorskip("pandas")
    with gettickets.Sandbox(tickets=10, quirks=["hang"]) as sandbox:
        scan = client_of(sandbox, timeout=60).tickets()
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.3)

        def job():
            try:
                read(scan)
            except SoftTimeLimit:
                raise
            except Exception:
                # The reader's own exception. The signal handler's exception follows as soon as Python code runs.
                for _ in range(1000):
                    pass
                pytest.fail("the exception of the signal was swallowed")

        try:
            with pytest.raises(SoftTimeLimit, match="time is up"):
                job()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
