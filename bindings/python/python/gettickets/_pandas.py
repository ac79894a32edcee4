"""The DataFrame of a page or a scan.

pyarrow turns any table into a frame, and needs longer to find out how than a page of 25 tickets takes as dicts. Here
the columns are known beforehand, so each is handed to pandas as what it becomes. The frame is the one that pyarrow
would make. The module is imported when the first frame is asked for, as it takes pandas and pyarrow.
"""

import numpy
import pandas
import pyarrow

from . import FIELDS

try:
    from pandas.api.internals import create_dataframe_from_blocks
except ImportError:  # before pandas 3
    create_dataframe_from_blocks = None

_KINDS = {field.name: field.kind for field in FIELDS} | {"extra": "text"}
_COLUMNS = pandas.Index(_KINDS)
_PLACES = {
    kind: numpy.array([place for place, its in enumerate(_KINDS.values()) if its == kind])
    for kind in dict.fromkeys(_KINDS.values())
}

_LARGE_TEXTS = pyarrow.schema([(name, pyarrow.large_string()) for name, kind in _KINDS.items() if kind == "text"])
"""What is asked of the stream, as pandas has its texts so and would copy them."""


def to_pandas(tickets):
    """The DataFrame of a page or a scan."""
    table = _read(tickets)
    if create_dataframe_from_blocks is None:
        return _by_pyarrow(table)
    blocks = [block for group in _grouped(table) for block in _blocks(*group)]
    # A copy, as whoever names the columns of one frame means no other.
    return create_dataframe_from_blocks(blocks, pandas.RangeIndex(table.num_rows), _COLUMNS.copy())


def _read(tickets):
    try:
        return pyarrow.RecordBatchReader.from_stream(tickets, schema=_LARGE_TEXTS).read_all()
    except pyarrow.ArrowException as raised:
        error = getattr(tickets, "error", None)
        if error is None:
            raise
        raise error from raised


def _grouped(table):
    """Each kind of column, its columns, and their places."""
    columns = table.columns
    return [(kind, [columns[place] for place in places], places) for kind, places in _PLACES.items()]


def _blocks(kind, columns, places):
    """The columns of one kind as pandas keeps them, with their places: what is numpy's in one block."""
    dtype = _dtype(kind, columns)
    if dtype is None:
        return [(numpy.stack([column.to_numpy() for column in columns]), places)]
    return [(dtype.__from_arrow__(column), places[nth : nth + 1]) for nth, column in enumerate(columns)]


def _dtype(kind, columns):
    """What pandas calls these columns, where they are not numpy's."""
    if kind == "text":
        return pandas.StringDtype(na_value=numpy.nan)
    # As objects of numpy's, lists take longer than all other columns together.
    if kind == "attachments":
        return pandas.ArrowDtype(columns[0].type)
    # Beside nulls integers would become floats, and long ones other numbers.
    if kind == "integer" and any(column.null_count for column in columns):
        return pandas.UInt64Dtype()
    return None


def _by_pyarrow(table):
    """The same of any pandas; before 3 texts are objects of numpy's, as they are there by default."""
    dtypes = {columns[0].type: _dtype(kind, columns) for kind, columns, _ in _grouped(table) if kind != "text"}
    # There is nothing to compute that other threads could help with, and starting them takes its time.
    return table.to_pandas(types_mapper=dtypes.get, use_threads=False)
