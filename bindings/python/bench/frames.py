"""Converts bytes to a data frame: gettickets through Arrow, the peers with orjson and the library's own constructor.

The frames of gettickets have integers and datetimes. The peers' plain rows leave them as text, as the constructor does;
their typed rows also convert those columns, and are the ones to compare for a frame with the same content. The rows of
ready columns show the library's own cost of creating a frame from existing columns, which no decoder can avoid.
"""

from collections.abc import Callable
from functools import lru_cache

import orjson
import pandas
import polars
import pyarrow
import pyarrow.compute

import gettickets

INTEGERS = ["id", "deptid", "userid", "flag"]
MOMENTS = ["date", "lastreply"]
FORMAT = "%Y-%m-%d %H:%M:%S"


def dicts(body: bytes) -> list[dict]:
    return orjson.loads(body)["tickets"]["ticket"]


def typed_polars(body: bytes) -> polars.DataFrame:
    return polars.DataFrame(dicts(body)).with_columns(
        polars.col(INTEGERS).cast(polars.Int64),
        # Zero dates become null.
        polars.col(MOMENTS).str.to_datetime(FORMAT, time_unit="us", strict=False),
    )


def typed_pyarrow(body: bytes) -> pyarrow.Table:
    table = pyarrow.Table.from_pylist(dicts(body))
    columns = dict(zip(table.column_names, table.columns, strict=True))
    columns |= {name: columns[name].cast(pyarrow.int64()) for name in INTEGERS}
    for name in MOMENTS:
        columns[name] = pyarrow.compute.strptime(columns[name], format=FORMAT, unit="us", error_is_null=True)
    return pyarrow.table(columns)


def typed_pandas(body: bytes) -> pandas.DataFrame:
    frame = pandas.DataFrame(dicts(body))
    integers = {name: frame[name].astype("Int64") for name in INTEGERS}
    moments = {name: pandas.to_datetime(frame[name], format=FORMAT, errors="coerce") for name in MOMENTS}
    return frame.assign(**integers, **moments)


class Stream:
    """A table that exposes only an Arrow stream."""

    def __init__(self, table: pyarrow.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


@lru_cache(1)
def ready_stream(body: bytes) -> Stream:
    return Stream(pyarrow.table(gettickets.decode(body)))


@lru_cache(1)
def ready_arrays(body: bytes) -> dict:
    frame = gettickets.decode(body).to_pandas()
    return {name: frame[name].array for name in frame.columns}


CONTENDERS: dict[str, Callable[[bytes], object]] = {
    "ours, polars": lambda body: gettickets.decode(body).to_polars(),
    "ours, pyarrow": lambda body: gettickets.decode(body).to_arrow(),
    "ours, pandas": lambda body: gettickets.decode(body).to_pandas(),
    "orjson, polars": lambda body: polars.DataFrame(dicts(body)),
    "orjson, pyarrow": lambda body: pyarrow.Table.from_pylist(dicts(body)),
    "orjson, pandas": lambda body: pandas.DataFrame(dicts(body)),
    "orjson, polars, columns typed": typed_polars,
    "orjson, pyarrow, columns typed": typed_pyarrow,
    "orjson, pandas, columns typed": typed_pandas,
    "polars alone, ready columns": lambda body: polars.DataFrame(ready_stream(body)),
    "pyarrow alone, ready columns": lambda body: pyarrow.table(ready_stream(body)),
    "pandas alone, ready columns": lambda body: pandas.DataFrame(ready_arrays(body), copy=False),
}
