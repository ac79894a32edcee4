"""Batches of tickets for dlt and Spark, with the columns of a fixed schema whatever an install sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ._native import Page

ROWS = 8192
"""Pages are joined up to this many rows, because engines are fastest with large batches."""


def batches(pages: Iterable[tuple[str, Page]], schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
    """Makes batches of this schema from pages with the names of their installs."""
    waiting: list[pyarrow.RecordBatch] = []
    rows = 0
    for install, page in pages:
        waiting.append(_batch(install, page, schema))
        rows += len(page)
        if rows >= ROWS:
            yield _joined(waiting, schema)
            waiting, rows = [], 0
    if waiting:
        yield _joined(waiting, schema)


def _joined(waiting: list[pyarrow.RecordBatch], schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    [batch] = pyarrow.Table.from_batches(waiting, schema).combine_chunks().to_batches()
    return batch


def _batch(install: str, page: Page, schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    """The batch of one page. Its install is a column, and times in UTC are null where the time zone is unknown."""

    def is_sent(name: str) -> bool:
        return name != "install" and not (page.timezone is None and name.endswith("_utc"))

    names = [name for name in schema.names if is_sent(name)]
    # A table has at least one column.
    table = page.to_arrow(columns=names or ["id"])

    def column(field: pyarrow.Field[Any]) -> Any:
        if field.name == "install":
            return pyarrow.repeat(pyarrow.scalar(install, field.type), len(page))
        if field.name not in names:
            return pyarrow.nulls(len(page), field.type)
        return table[field.name].combine_chunks().cast(field.type)

    return pyarrow.RecordBatch.from_arrays([column(field) for field in schema], schema=schema)
