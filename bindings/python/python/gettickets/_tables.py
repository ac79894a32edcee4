"""Tables of pages and scans. Each function imports its library on first use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pandas
    import polars
    import pyarrow

    from ._native import Table


def to_arrow(table: Table) -> pyarrow.Table:
    """Returns a pyarrow.Table."""
    import pyarrow

    read: pyarrow.Table = _read(pyarrow.table, table)
    return read


def to_polars(table: Table) -> polars.DataFrame:
    """Returns a polars.DataFrame."""
    import polars

    frame: polars.DataFrame = _read(polars.DataFrame, table)
    return frame


def to_pandas(table: Table) -> pandas.DataFrame:
    """Returns a pandas.DataFrame, whose types do not depend on the values."""
    import pandas
    import pyarrow

    read: pyarrow.Table = _read(pyarrow.table, table)
    # In a column with nulls, plain pandas integers become floats, which lose digits, and booleans become objects.
    dtypes = {pyarrow.int64(): pandas.Int64Dtype(), pyarrow.bool_(): pandas.BooleanDtype()}
    # Starting threads would take longer than it saves.
    frame: pandas.DataFrame = read.to_pandas(types_mapper=dtypes.get, use_threads=False)
    return frame


def _read(read: Any, table: Table) -> Any:
    try:
        return read(table)
    except Exception as raised:
        # The reader's exception contains the text of the scan's exception.
        error = table._error()
        if error is None:
            raise
        raise error from raised
