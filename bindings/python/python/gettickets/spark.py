"""A data source for Spark: the tickets of installs as a batch, and as a stream.

    import gettickets.spark

    gettickets.spark.register(spark)
    tickets = spark.read.format("gettickets").option("profiles", "eu-*").load()
    stream = spark.readStream.format("gettickets").option("profiles", "*").load()

It needs PySpark 4.2 or later, and gettickets and pyarrow on the executors: `pip install gettickets[spark]`.

Options name profiles of the configuration file and never contain a secret, because options are part of the plan. The
driver reads the names of the profiles; each executor reads the profile of its partition, with its secret. So the file
must be on the driver and on every executor, and the secrets on every executor, under the same paths or variables.
Client.from_profile() describes the file.

Each install is one partition: a scan of one install is complete only if it is read from its beginning to its end. A
task that fails is repeated by Spark, and reads its install again from the beginning.

A stream returns a ticket again whenever it was answered, and the tickets of the last `overlap` seconds with every
batch, so merge by `install` and `id`. It does not find changes without a reply: changed statuses, departments and
priorities, merged and deleted tickets. A batch read does; compare its rows with those of the table, and delete the rows
of missing tickets.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import FIELDS, _native
from ._client import Client
from ._errors import ArgumentError, ConfigError

try:
    import pyarrow
    from pyspark.sql.datasource import (
        DataSource,
        DataSourceReader,
        DataSourceStreamReader,
        InputPartition,
    )
    from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
    from pyspark.sql.types import (
        ArrayType,
        BooleanType,
        DataType,
        LongType,
        StringType,
        StructField,
        StructType,
        TimestampNTZType,
        TimestampType,
    )
except ImportError as missing:
    raise ImportError(
        f"gettickets.spark needs PySpark 4.2 or later and pyarrow ({missing}): pip install 'gettickets[spark]'"
    ) from missing

from ._engines import batches  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import SparkSession

__all__ = ["TicketDataSource", "register"]

_ATTACHMENTS = ArrayType(StructType([StructField("filename", StringType()), StructField("index", LongType())]))

_SPARK_TYPES: dict[str, DataType] = {
    "integer": LongType(),
    "text": StringType(),
    "datetime": TimestampNTZType(),
    "boolean": BooleanType(),
    "attachments": _ATTACHMENTS,
}

_ARROW_TYPES: dict[str, pyarrow.DataType] = {
    "bigint": pyarrow.int64(),
    "string": pyarrow.string(),
    "timestamp_ntz": pyarrow.timestamp("us"),
    "timestamp": pyarrow.timestamp("us", tz="UTC"),
    "boolean": pyarrow.bool_(),
    _ATTACHMENTS.simpleString(): pyarrow.list_(
        pyarrow.field(
            "element",
            pyarrow.struct([pyarrow.field("filename", pyarrow.string()), pyarrow.field("index", pyarrow.int64())]),
        )
    ),
}


def _layout() -> dict[str, DataType]:
    """Every column of a table of tickets with its type, in order."""
    columns: dict[str, DataType] = {"install": StringType()}
    for field in FIELDS:
        columns[field.name] = _SPARK_TYPES[field.kind]
        if field.kind == "datetime":
            columns[f"{field.name}_utc"] = TimestampType()
        if field.name == "subject":
            columns["subject_text"] = StringType()
    columns["extra"] = StringType()
    return columns


_COLUMNS = _layout()
# The access key opens a ticket without a login, and the decoded subject duplicates another column.
_LEFT_OUT = {field.name for field in FIELDS if field.sensitive} | {"subject_text"}

_FURTHEST_BEHIND = datetime.timedelta(hours=12)
"""The maximum by which local time is behind UTC."""

_INTEGERS = ("deptid", "clientid", "limitnum", "concurrency", "max_requests", "max_tickets")
_TEXTS = ("email", "status", "subject", "on_unreadable")
_TRUTHS = ("ignore_dept_assignments", "allow_count_mismatch")
_OWN = ("profiles", "columns", "overlap", "interval")
_SECRETS = ("identifier", "secret", "username", "password", "password_md5", "access_key", "url", "proxy")


@dataclass(frozen=True)
class _Options:
    """The options of a query. They have no secret, and are pickled with the partitions."""

    profiles: tuple[str, ...]
    columns: tuple[str, ...]
    scan: dict[str, Any]
    overlap: float
    interval: float

    @classmethod
    def of(cls, options: Mapping[str, str]) -> _Options:
        given = {name.lower(): value for name, value in options.items()}
        known = {name.replace("_", ""): name for name in (*_OWN, *_INTEGERS, *_TEXTS, *_TRUTHS)}
        secrets = {name.replace("_", "") for name in _SECRETS}
        values: dict[str, str] = {}
        for name, value in given.items():
            plain = name.replace("_", "").replace("-", "")
            if plain in secrets:
                raise ArgumentError(
                    f"the option {name} is a secret, and options are part of the plan, which is not secret",
                    hint='Write a profile with `gettickets profiles init`, and name it in the option "profiles".',
                )
            if plain not in known:
                names = ", ".join(known.values())
                raise ArgumentError(f"there is no option {name}", hint=f"The options are {names}.")
            values[known[plain]] = value
        profiles = _names(values.get("profiles", ""))
        if not profiles:
            raise ArgumentError(
                'the option "profiles" is missing',
                hint='Name profiles, as in .option("profiles", "eu-*, us"), or give "*" for all of them.',
            )
        return cls(
            profiles,
            _selected(_names(values["columns"]) if "columns" in values else None),
            {
                **{name: _integer(name, values[name]) for name in _INTEGERS if name in values},
                **{name: values[name] for name in _TEXTS if name in values},
                **{name: _truth(name, values[name]) for name in _TRUTHS if name in values},
            },
            _seconds("overlap", values.get("overlap", "10800")),
            _seconds("interval", values.get("interval", "60")),
        )

    def names(self) -> list[str]:
        """The profiles that match the names and patterns. No secret is read."""
        return _native.profile_names(self.profiles)

    def schema(self) -> StructType:
        """The columns with the types of Spark."""
        return StructType([StructField(name, _COLUMNS[name]) for name in self.columns])

    def arrow_schema(self) -> pyarrow.Schema:
        """The columns with the types of Arrow, exactly as Spark expects them of batches."""
        return pyarrow.schema(
            [pyarrow.field(name, _ARROW_TYPES[_COLUMNS[name].simpleString()]) for name in self.columns]
        )

    def read(self, profile: str, since: datetime.datetime | None) -> Iterator[pyarrow.RecordBatch]:
        """Reads the tickets of an install, on the executor."""
        client = Client.from_profile(profile)
        updated_since = None
        if since is not None:
            updated_since = since - datetime.timedelta(seconds=self.overlap)
            if client.timezone is None:
                # The install's time zone is unknown, and no time zone is further behind UTC.
                updated_since = updated_since.replace(tzinfo=None) - _FURTHEST_BEHIND
        scan = client.tickets(updated_since=updated_since, **self.scan)
        with scan:
            yield from batches(((profile, page) for page in scan.pages()), self.arrow_schema())


@dataclass
class _Partition(InputPartition):
    """One install. It names a profile, and has no secret."""

    profile: str
    since: str | None = None


class TicketDataSource(DataSource):
    """The data source `gettickets`. Register it with gettickets.spark.register(spark).

    The options are:

        profiles   names and patterns of profiles, separated by commas, such as "eu-*, us"; "*" for all; required
        columns    names of columns, separated by commas; by default all but `c` and `subject_text`
        overlap    seconds that a stream reads back, for server clocks that were set back; 10800 by default
        interval   minimum number of seconds between two batches of a stream; 60 by default

    and the filters and settings of Client.tickets(): deptid, clientid, email, status, subject, ignore_dept_assignments,
    limitnum, concurrency, on_unreadable, allow_count_mismatch, max_requests and max_tickets. Names of options may be
    written in camel case.

    `date` and `lastreply` are local times of the install (timestamp_ntz); `date_utc` and `lastreply_utc` are null for a
    profile without a time zone.
    """

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "gettickets"

    def schema(self) -> StructType:
        """The schema of the columns that the options select."""
        return _Options.of(self.options).schema()

    def reader(self, schema: StructType) -> _Reader:
        """The reader of a batch query."""
        return _Reader(_checked(_Options.of(self.options), schema))

    def streamReader(self, schema: StructType) -> _StreamReader:
        """The reader of a streaming query."""
        return _StreamReader(_checked(_Options.of(self.options), schema))


def register(spark: SparkSession) -> None:
    """Registers the format `gettickets` with a session."""
    spark.dataSource.register(TicketDataSource)


class _Reader(DataSourceReader):
    """Reads every ticket of every install."""

    def __init__(self, options: _Options) -> None:
        self.options = options

    def partitions(self) -> Sequence[_Partition]:
        return [_Partition(name) for name in self.options.names()]

    def read(self, partition: Any) -> Iterator[pyarrow.RecordBatch]:
        return self.options.read(partition.profile, None)


class _StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads the tickets with a reply since the last batch.

    An offset is the time of a batch in UTC for each install. It is determined before the install is read, so the next
    batch misses nothing; the driver sends no request and needs no secret. An install without an offset is read
    completely.
    """

    def __init__(self, options: _Options) -> None:
        self.options = options
        self.target: dict[str, str] | None = None

    def initialOffset(self) -> dict[str, str]:
        return {}

    def prepareForTriggerAvailableNow(self) -> None:
        self.target = self._offset()

    def latestOffset(self, start: dict[str, str], limit: object) -> dict[str, str]:
        if self.target is not None:
            return _later(self.target, start)
        end = self._offset()
        if start.keys() == end.keys():
            newest = max(map(_time, start.values()))
            if _now() - newest < datetime.timedelta(seconds=self.options.interval):
                return start
        return _later(end, start)

    def partitions(self, start: dict[str, str], end: dict[str, str]) -> Sequence[_Partition]:
        return [_Partition(name, start.get(name)) for name, time in end.items() if start.get(name) != time]

    def read(self, partition: Any) -> Iterator[pyarrow.RecordBatch]:
        since = None if partition.since is None else _time(partition.since)
        return self.options.read(partition.profile, since)

    def _offset(self) -> dict[str, str]:
        now = _now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {name: now for name in self.options.names()}


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _time(offset: str) -> datetime.datetime:
    return datetime.datetime.strptime(offset, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def _later(end: dict[str, str], start: dict[str, str]) -> dict[str, str]:
    """The end offset, but never earlier than the start offset, even if this machine's clock was set back."""
    return {name: max(time, start.get(name, time)) for name, time in end.items()}


def _checked(options: _Options, schema: StructType) -> _Options:
    """Fails if the user's schema is not that of the source."""
    if [(field.name, field.dataType) for field in schema] != [
        (field.name, field.dataType) for field in options.schema()
    ]:
        raise ConfigError(
            "the schema differs from that of the tickets",
            code="schema",
            hint='Leave out .schema(…), and select columns with .option("columns", "id, status").',
        )
    return options


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _selected(names: tuple[str, ...] | None) -> tuple[str, ...]:
    if names is None:
        return tuple(name for name in _COLUMNS if name not in _LEFT_OUT)
    hint = f"The columns are {', '.join(_COLUMNS)}."
    if not names:
        raise ArgumentError('the option "columns" is empty', hint=hint)
    for name in names:
        if name not in _COLUMNS:
            raise ArgumentError(f"there is no column {name!r}", hint=hint)
        if names.count(name) > 1:
            raise ArgumentError(f"the column {name} is given twice", hint=hint)
    return names


def _integer(name: str, text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise ArgumentError(f"the option {name} must be a whole number, not {text!r}")


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # NaN and infinity are not valid here.
    if 0 <= seconds <= 1e9:
        return seconds
    raise ArgumentError(f"the option {name} must be a number of seconds from 0, not {text!r}")


def _truth(name: str, text: str) -> bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise ArgumentError(f"the option {name} must be true or false, not {text!r}")
