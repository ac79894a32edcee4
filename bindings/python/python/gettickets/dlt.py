"""A source for dlt: the tickets of installs, merged into a table of any destination.

    import dlt, gettickets.dlt

    pipeline = dlt.pipeline("support", destination="duckdb", dataset_name="whmcs")
    pipeline.run(gettickets.dlt.source({"eu": client, "us": other}))               # or source("eu-*"), by profiles
    pipeline.run(gettickets.dlt.source({"eu": client, "us": other}, full=True))    # once a day

The table `tickets` has the key `install` and `id`. It needs dlt and pyarrow: `pip install gettickets[dlt]`.

The first load reads every ticket. The next loads read the tickets with a reply since the newest reply of the previous
load, minus `overlap` seconds; a ticket that is loaded again replaces its row. They do not find changes without a reply:
changed statuses, departments and priorities, merged and deleted tickets. A load with `full` does: it replaces all rows
of each install, so that rows of tickets that are gone disappear.

`date` and `lastreply` are local times of the install without a time zone. `attachments` and `extra` are JSON. The
access key `c`, which opens a ticket without a login, is left out.
"""

from __future__ import annotations

import datetime
import json
import logging
from typing import TYPE_CHECKING, Any

from . import FIELDS
from ._errors import ArgumentError
from ._fleet import Fleet

try:
    import dlt
    import pyarrow
    import pyarrow.compute
except ImportError as missing:
    raise ImportError(
        f"gettickets.dlt needs dlt and pyarrow ({missing}): pip install 'gettickets[dlt]'"
    ) from missing

from ._engines import batches  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Literal

    from ._client import Client

__all__ = ["source"]

_FURTHEST_AHEAD = datetime.timedelta(hours=14)
"""The maximum by which local time is ahead of UTC."""

_TYPES = {"integer": "bigint", "text": "text", "datetime": "timestamp", "boolean": "bool", "attachments": "json"}

_ARROW_TYPES: dict[str, pyarrow.DataType] = {
    "bigint": pyarrow.int64(),
    "text": pyarrow.string(),
    "timestamp": pyarrow.timestamp("us"),
    "bool": pyarrow.bool_(),
    "json": pyarrow.string(),
}
_ATTACHMENTS = pyarrow.list_(
    pyarrow.struct([pyarrow.field("filename", pyarrow.string()), pyarrow.field("index", pyarrow.int64())])
)


def source(
    installs: str | Fleet | Mapping[str, Client],
    *,
    full: bool = False,
    overlap: float = 10800.0,
    ignore_dept_assignments: bool = False,
    access_keys: bool = False,
    on_error: Literal["raise", "report"] = "raise",
) -> Any:
    """Returns a dlt source with the resource `tickets`.

    `installs` are clients by the names of their installs, a Fleet, or names and patterns of profiles, separated by
    commas. The installs are read concurrently.

    `full` reads every ticket and replaces the rows of each install. Otherwise an install is read from its newest reply
    on, minus `overlap` seconds, which covers a server clock that was set back. The pipeline keeps the state, and stores
    it only together with the tickets. A load in which an install has no ticket at all leaves its rows as they are, and
    logs a warning.

    `ignore_dept_assignments` includes departments that the API user is not assigned to, and `access_keys` the column
    `c`.

    If an install fails, the load fails and nothing is stored; with `on_error="report"` the others are loaded, and the
    failure is logged as an error by the logger `gettickets`. That is not possible with `full`, which would delete the
    rows that could not be read.
    """
    if isinstance(installs, str):
        fleet = Fleet.from_profiles(*(name.strip() for name in installs.split(",") if name.strip()))
    else:
        fleet = installs if isinstance(installs, Fleet) else Fleet(installs)
    if on_error not in ("raise", "report"):
        raise ArgumentError(f'on_error must be "raise" or "report", not {on_error!r}')
    if full and on_error == "report":
        raise ArgumentError('full=True needs on_error="raise": it would delete the rows that could not be read')
    if not overlap >= 0:
        raise ArgumentError(f"overlap must be a number of seconds from 0, not {overlap!r}")
    columns = _columns(access_keys)
    schema = pyarrow.schema([pyarrow.field(name, _arrow_type(name, kind)) for name, kind in columns.items()])

    def tickets() -> Iterator[pyarrow.Table]:
        newest: dict[str, str] = dlt.current.resource_state().setdefault("newest", {})
        scan = fleet._tickets_since(
            {} if full else {name: _before(time, overlap) for name, time in newest.items() if name in fleet},
            ignore_dept_assignments=ignore_dept_assignments or None,
            raises=on_error == "raise",
        )
        latest = dict(newest)
        # A server clock that is wrong must not hide later replies.
        ahead = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + _FURTHEST_AHEAD
        with scan:
            for batch in batches(scan.pages(), schema):
                for install, time in _newest(batch, ahead):
                    latest[install] = max(time, latest.get(install, time))
                yield pyarrow.Table.from_batches([_as_json(batch)])
        failed = scan.errors
        for name, error in failed.items():
            logging.getLogger("gettickets").error("%s was not loaded: %s", name, error)
        for name, report in scan.reports.items():
            if full and report.tickets == 0:
                text = "%s has no tickets, so its rows are left unchanged"
                logging.getLogger("gettickets").warning(text, name)
        # Replies of an install that was not read to its end may be missing.
        newest.update((name, time) for name, time in latest.items() if name not in failed)

    key: dict[str, Any] = {"merge_key": "install"} if full else {"primary_key": ["install", "id"]}
    resource = dlt.resource(
        tickets,
        name="tickets",
        table_name="tickets",
        columns=_hints(columns, full),
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        **key,
    )

    @dlt.source(name="gettickets", max_table_nesting=0)
    def gettickets() -> Any:
        return resource

    return gettickets()


def _columns(access_keys: bool) -> dict[str, str]:
    """The columns with the types of dlt."""
    columns = {"install": "text"}
    for field in FIELDS:
        if field.sensitive and not access_keys:
            continue
        columns[field.name] = _TYPES[field.kind]
        if field.kind == "datetime":
            columns[f"{field.name}_utc"] = "timestamp"
    return {**columns, "extra": "json"}


def _arrow_type(name: str, kind: str) -> pyarrow.DataType:
    if name == "attachments":
        return _ATTACHMENTS
    if name.endswith("_utc"):
        return pyarrow.timestamp("us", tz="UTC")
    return _ARROW_TYPES[kind]


def _hints(columns: dict[str, str], full: bool) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for name, kind in columns.items():
        hints[name] = {"name": name, "data_type": kind, "nullable": name not in ("install", "id")}
        if kind == "timestamp":
            hints[name]["timezone"] = name.endswith("_utc")
    # Hints stay in the schema of the pipeline: a load must switch off those that it does not use.
    hints["install"] |= {"merge_key": full, "primary_key": not full}
    hints["id"]["primary_key"] = not full
    return hints


def _newest(batch: pyarrow.RecordBatch, ahead: datetime.datetime) -> Iterator[tuple[str, str]]:
    """The newest reply of each install."""
    table = pyarrow.Table.from_batches([batch]).select(["install", "lastreply"])
    table = table.filter(pyarrow.compute.field("lastreply") <= pyarrow.scalar(ahead, table["lastreply"].type))
    grouped = table.group_by("install").aggregate([("lastreply", "max")])
    for row in grouped.to_pylist():
        yield row["install"], row["lastreply_max"].isoformat(" ", "seconds")


def _before(time: str, seconds: float) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(time) - datetime.timedelta(seconds=seconds)
    except OverflowError:
        # Before every ticket.
        return datetime.datetime(1970, 1, 1)


def _as_json(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """Converts lists to JSON, because not every destination has columns for lists."""
    place = batch.schema.get_field_index("attachments")
    texts = [None if value is None else json.dumps(value) for value in batch.column(place).to_pylist()]
    return batch.set_column(place, "attachments", pyarrow.array(texts, pyarrow.string()))
