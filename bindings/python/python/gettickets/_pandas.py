"""The pandas.DataFrame of a page or a scan. Imported for the first frame, as it needs pandas and pyarrow."""

import pandas
import pyarrow


def to_pandas(tickets):
    """Returns the DataFrame of a page or a scan."""
    table = _read(tickets)
    # Starting threads takes longer than they would save.
    return table.to_pandas(types_mapper=_dtypes(table).get, use_threads=False)


def _read(tickets):
    try:
        return pyarrow.table(tickets)
    except pyarrow.ArrowException as raised:
        error = getattr(tickets, "error", None)
        if error is None:
            raise
        raise error from raised


def _dtypes(table):
    """The types of pandas for the types of columns that pandas would convert at a loss, or slowly."""
    # As Python objects, lists take longer than all other columns together.
    lists = table.schema.field("attachments").type
    dtypes = {lists: pandas.ArrowDtype(lists)}
    for column in table.columns:
        # Beside nulls, integers would become floats, and large ones other numbers.
        if column.type == pyarrow.uint64() and column.null_count:
            dtypes[column.type] = pandas.UInt64Dtype()
    return dtypes
