"""The data source for Spark, in local mode, against several sandboxes."""

import contextlib
import datetime
import os
import pickle
import subprocess
import sys

import pytest

import gettickets
from conftest import ROOT, engine

pyspark = engine("pyspark")

import gettickets.spark as source  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")

RECIPE = ROOT / "docs" / "recipes" / "lake.md"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)


class Profiles:
    """A configuration file with a profile for each sandbox."""

    def __init__(self, folder):
        self.folder = folder / "gettickets"
        self.folder.mkdir(parents=True)

    def write(self, sandboxes, zones={}, secrets={}):
        """Replaces the profiles."""
        text = ""
        for name, sandbox in sandboxes.items():
            secret = self.folder / f"{name}.secret"
            secret.write_text(secrets.get(name, sandbox.credentials["secret"]))
            secret.chmod(0o600)
            text += f'[profiles.{name}]\nurl = "{sandbox.url}"\n'
            text += f'identifier = "{sandbox.credentials["identifier"]}"\nsecret-file = "{name}.secret"\n'
            if name in zones:
                text += f'time-zone = "{zones[name]}"\n'
        (self.folder / "config.toml").write_text(text)


@pytest.fixture(scope="session")
def profiles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        # The worker processes have the environment in which Spark was started.
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYSPARK_DRIVER_PYTHON", sys.executable)
        yield Profiles(folder)


@pytest.fixture(scope="session")
def spark(profiles, tmp_path_factory):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("gettickets")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    source.register(session)
    yield session
    session.stop()


@pytest.fixture
def three(profiles):
    """Three sandboxes whose newest tickets are from the current time, with a profile for each."""
    with contextlib.ExitStack() as stack:
        sizes = {"eu-de": 320, "eu-fr": 180, "us": 90}
        sandboxes = {
            name: stack.enter_context(gettickets.Sandbox(tickets=size, seed=size, newest=NOW))
            for name, size in sizes.items()
        }
        profiles.write(sandboxes, zones={"eu-de": "UTC", "us": "America/New_York"})
        yield sandboxes


def read(spark, **options):
    return spark.read.format("gettickets").options(**options).load()


def test_every_ticket_is_read_with_its_install(spark, three):
    frame = read(spark, profiles="*")
    found = sorted((row.install, row.id) for row in frame.select("install", "id").collect())
    assert found == sorted((name, id) for name, sandbox in three.items() for id in sandbox.ids())
    assert frame.rdd.getNumPartitions() == 3
    assert read(spark, profiles="eu-*").count() == 500
    assert read(spark, profiles="us, eu-de").count() == 410


def test_types_and_values(spark, three):
    frame = read(spark, profiles="us")
    types = dict(frame.dtypes)
    assert types["install"] == types["subject"] == types["extra"] == "string"
    assert types["id"] == types["deptid"] == "bigint"
    assert types["date"] == types["lastreply"] == "timestamp_ntz"
    assert types["date_utc"] == "timestamp"
    assert types["attachments"] == "array<struct<filename:string,index:bigint>>"
    assert "c" not in types and "subject_text" not in types
    rows = {row.id: row for row in frame.collect()}
    for ticket in gettickets.Client.from_profile("us").tickets():
        row = rows.pop(ticket.id)
        assert row.date == ticket.date.replace(tzinfo=None)
        assert (row.subject, row.status, row.tid) == (ticket.subject, str(ticket.status), ticket.tid)
        assert [tuple(one) for one in row.attachments or ()] == [
            (one.filename, one.index) for one in ticket.attachments or ()
        ]
    assert rows == {}
    wall, utc = frame.selectExpr("date_utc", "to_utc_timestamp(date, 'America/New_York')").first()
    assert wall == utc
    assert read(spark, profiles="eu-fr", columns="date_utc").distinct().collect() == [(None,)], (
        "it has no time zone"
    )


def test_columns_are_selected_in_order(spark, three):
    frame = read(spark, profiles="us", columns="subject_text, c, install")
    assert frame.columns == ["subject_text", "c", "install"]
    assert frame.where("c is not null and install = 'us'").count() == 90
    assert read(spark, profiles="us", columns="install").count() == 90


def test_filters_are_those_of_a_client(spark, three):
    wanted = sum(
        len(list(gettickets.Client.from_profile(name).tickets(status="Open"))) for name in ("eu-de", "eu-fr", "us")
    )
    assert read(spark, profiles="*", status="Open", limitNum="50").count() == wanted


def test_the_rows_of_an_install_are_a_spark_table(spark, three):
    read(spark, profiles="*").createOrReplaceTempView("tickets")
    rows = spark.sql(
        "SELECT install, count(*) AS tickets FROM tickets GROUP BY install ORDER BY install"
    ).collect()
    assert [tuple(row) for row in rows] == [("eu-de", 320), ("eu-fr", 180), ("us", 90)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, '"profiles" is missing'),
        ({"profiles": " , "}, '"profiles" is missing'),
        ({"profiles": "none"}, "there is no profile"),
        ({"profiles": "x-*"}, "no profile matches"),
        ({"profiles": "*", "columns": "id, subjekt"}, "there is no column 'subjekt'"),
        ({"profiles": "*", "columns": "id, id"}, "given twice"),
        ({"profiles": "*", "columns": ""}, "is empty"),
        ({"profiles": "*", "limit": "5"}, "there is no option limit"),
        ({"profiles": "*", "deptid": "x"}, "must be a whole number"),
        ({"profiles": "*", "overlap": "nan"}, "must be a number of seconds"),
        ({"profiles": "*", "ignoreDeptAssignments": "yes"}, "must be true or false"),
        ({"profiles": "*", "secret": "hunter2"}, "is a secret"),
        ({"profiles": "*", "accessKey": "hunter2"}, "is a secret"),
    ],
)
def test_wrong_options_are_refused(three, options, message):
    with pytest.raises((gettickets.ArgumentError, gettickets.ConfigError), match=message) as raised:
        source._Options.of(options).names()
    assert "hunter2" not in str(raised.value)


def test_spark_shows_why_options_are_refused(spark, three):
    with pytest.raises(Exception, match="there is no option limit") as raised:
        read(spark, profiles="*", limit="5")
    assert "The options are profiles, columns" in str(raised.value)


def test_another_schema_is_refused(spark, three):
    with pytest.raises(Exception, match="the schema differs from that of the tickets"):
        spark.read.format("gettickets").schema("id STRING").option("profiles", "*").load().collect()


def test_an_install_that_fails_fails_the_query(spark, three, profiles):
    profiles.write(three, secrets={"us": "hunter2-secret"})
    with pytest.raises(Exception, match="AuthenticationError") as raised:
        read(spark, profiles="*").collect()
    assert "hunter2" not in str(raised.value)
    assert read(spark, profiles="eu-*").count() == 500


def test_no_secret_leaves_the_executor(spark, three):
    frame = read(spark, profiles="*")
    plan = frame._jdf.queryExecution().toString()
    options = source._Options.of({"profiles": "*"})
    kept = pickle.dumps([options, source._Reader(options).partitions(), source._Reader(options)])
    for sandbox in three.values():
        secret = sandbox.credentials["secret"]
        assert secret not in plan and secret.encode() not in kept


class Sink:
    """A table by key, built by merging each batch."""

    def __init__(self):
        self.rows = {}
        self.batches = []

    def __call__(self, frame, _):
        rows = frame.select("install", "id", "status", "lastreply").collect()
        assert len(rows) == len({(row.install, row.id) for row in rows}), "a ticket is in a batch once"
        self.batches.append(rows)
        self.rows.update({(row.install, row.id): (row.status, row.lastreply) for row in rows})


def stream(spark, sink, checkpoint, **options):
    """Runs a stream until it has read everything that is available now."""
    frame = spark.readStream.format("gettickets").options(**options).load()
    query = frame.writeStream.foreachBatch(sink).option("checkpointLocation", str(checkpoint))
    query.trigger(availableNow=True).start().awaitTermination()


def truth(sandboxes):
    tickets = ((name, sandbox.get(id)) for name, sandbox in sandboxes.items() for id in sandbox.ids())
    return {(name, ticket.id): (str(ticket.status), ticket.lastreply) for name, ticket in tickets}


def test_a_stream_reads_everything_and_then_what_was_answered(spark, three, profiles, tmp_path):
    sink = Sink()
    options = {"profiles": "*", "overlap": "86400"}
    eu = {name: three[name] for name in ("eu-de", "eu-fr")}
    profiles.write(eu, zones={"eu-de": "UTC"})
    stream(spark, sink, tmp_path, **options)
    assert sink.rows == truth(eu) and len(sink.batches) == 1

    answered = [sandbox.ids()[150] for sandbox in eu.values()]
    for sandbox, id in zip(eu.values(), answered):
        sandbox.reply(id, "Answered")
    opened = three["eu-de"].open(subject="New")
    # A new profile is read completely.
    profiles.write(three, zones={"eu-de": "UTC", "us": "UTC"})
    stream(spark, sink, tmp_path, **options)
    assert sink.rows == truth(three) and len(sink.batches) == 2
    again = {(row.install, row.id) for row in sink.batches[1]}
    assert again >= {("eu-de", answered[0]), ("eu-fr", answered[1]), ("eu-de", opened)}
    assert sum(install == "us" for install, _ in again) == 90
    assert sum(install == "eu-de" for install, _ in again) < 320 / 2, "most of it was not read again"

    # A removed profile ends its part of the stream.
    profiles.write(eu, zones={"eu-de": "UTC"})
    stream(spark, sink, tmp_path, **options)
    assert sink.rows == truth(three) and all(row.install != "us" for row in sink.batches[-1])


def test_a_failed_batch_is_read_again(spark, three, tmp_path):
    class Failing(Sink):
        failures = 1

        def __call__(self, frame, number):
            if self.failures:
                self.failures -= 1
                raise RuntimeError("the sink failed")
            super().__call__(frame, number)

    sink = Failing()
    with pytest.raises(Exception, match="the sink failed"):
        stream(spark, sink, tmp_path, profiles="*")
    stream(spark, sink, tmp_path, profiles="*")
    assert sink.rows == truth(three)


def test_offsets_never_go_back(three, monkeypatch):
    options = source._Options.of({"profiles": "eu-*", "interval": "60"})
    reader = source._StreamReader(options)
    clock = datetime.datetime(2026, 1, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)
    monkeypatch.setattr(source, "_now", lambda: clock)
    assert reader.initialOffset() == {}
    first = reader.latestOffset({}, None)
    assert first == {"eu-de": "2026-01-01T12:00:00Z", "eu-fr": "2026-01-01T12:00:00Z"}
    clock += datetime.timedelta(seconds=59)
    assert reader.latestOffset(first, None) == first, "the interval is not over"
    clock -= datetime.timedelta(hours=5)
    assert reader.latestOffset(first, None) == first, "the clock was set back"
    clock += datetime.timedelta(hours=6)
    second = reader.latestOffset(first, None)
    assert second["eu-de"] == "2026-01-01T13:00:59Z" != "2026-01-01T12:00:00Z"
    assert reader.latestOffset({"eu-de": second["eu-de"]}, None).keys() == second.keys(), (
        "a new profile is not waited for"
    )
    assert [one.since for one in reader.partitions(first, second)] == ["2026-01-01T12:00:00Z"] * 2
    assert [one.since for one in reader.partitions({}, first)] == [None, None]
    assert list(reader.partitions(first, first)) == []
    reader.prepareForTriggerAvailableNow()
    target = reader.latestOffset({}, None)
    clock += datetime.timedelta(hours=1)
    assert reader.latestOffset(target, None) == target, "nothing later than the beginning of the query"


def test_the_arrow_types_are_those_that_spark_expects():
    from pyspark.sql.pandas.types import to_arrow_schema

    options = source._Options.of({"profiles": "*", "columns": ",".join(source._COLUMNS)})
    assert options.arrow_schema() == to_arrow_schema(options.schema(), timezone="UTC")


def test_spark_reads_a_lake_and_skips_the_files_of_a_killed_run(spark, three, tmp_path, capsys):
    command = [sys.executable, "-m", "gettickets", "export", "--all-profiles", "--output", str(tmp_path / "lake")]
    command += ["--partition-by", "install,opened_month"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    # The unreadable files of an interrupted run are skipped.
    left = "part-20251129T001500Z-Ab3xYz"
    (tmp_path / "lake" / f".{left}.run").touch()
    (tmp_path / "lake" / "install=us" / f".{left}.parquet.tmp").write_bytes(b"PAR1")
    frame = spark.read.option("basePath", str(tmp_path / "lake")).parquet(str(tmp_path / "lake"))
    found = {row.install: row["count"] for row in frame.groupBy("install").count().collect()}
    assert found == {name: len(sandbox.ids()) for name, sandbox in three.items()}
    expected = {(name, id) for name, sandbox in three.items() for id in sandbox.ids()}
    assert {(row.install, row.id) for row in frame.select("install", "id").collect()} == expected
    assert frame.filter("install = 'us'").filter("opened_month >= '2000-01'").count() <= 90
    (recipe,) = [line for line in RECIPE.read_text("utf-8").splitlines() if line.startswith("spark.read")]
    # Spark keeps the working directory in which it was started.
    recipe = recipe.replace('"lake"', repr(str(tmp_path / "lake")))
    exec(compile(recipe, str(RECIPE), "exec"), {"spark": spark})
    assert "eu-de|" in capsys.readouterr().out


def test_many_installs(spark, profiles):
    """Counts are exact. GETTICKETS_SPARK_INSTALLS and GETTICKETS_SPARK_TICKETS set the size of the test."""
    installs = int(os.environ.get("GETTICKETS_SPARK_INSTALLS", 16))
    size = int(os.environ.get("GETTICKETS_SPARK_TICKETS", 1000))
    with contextlib.ExitStack() as stack:
        sandboxes = {
            f"shop-{number}": stack.enter_context(gettickets.Sandbox(tickets=size, seed=number))
            for number in range(installs)
        }
        profiles.write(sandboxes)
        counts = {
            row.install: row["count"] for row in read(spark, profiles="*").groupBy("install").count().collect()
        }
        assert counts == {name: size for name in sandboxes}
        assert read(spark, profiles="*", columns="install,id").distinct().count() == installs * size
