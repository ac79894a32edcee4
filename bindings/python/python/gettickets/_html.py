"""HTML of pages, tickets and scans, for notebooks.

All text from a server is escaped and bounded in length. The access key of a ticket is never shown, because notebooks
are saved and shared.
"""

from __future__ import annotations

from html import escape

from . import FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._client import AsyncScan
    from ._native import Page, Scan, Ticket

MAX_ROWS = 10
"""The maximum number of tickets of a page to show."""
MAX_CHARACTERS = 80
"""The maximum number of characters of a value to show."""
COLUMNS = ("id", "tid", "status", "priority", "deptid", "name", "subject", "date", "lastreply")
"""The fields that a row of a page shows."""


def ticket(ticket: Ticket) -> str:
    """Returns a table with a row for each field."""
    names = [field.name for field in FIELDS if not field.sensitive]
    rows = [(name, _value(ticket, name)) for name in names]
    rows += [(name, _shown(value)) for name, value in list(ticket.extra.items())[:MAX_ROWS]]
    body = "".join(f"<tr><th>{_shown(name)}</th><td>{value}</td></tr>" for name, value in rows)
    return f"<table><tbody>{body}</tbody></table>"


def page(page: Page) -> str:
    """Returns a table of the first tickets, and how many there are."""
    shown = [[_value(ticket, name) for name in COLUMNS] for ticket in page[:MAX_ROWS]]
    more = len(page) - len(shown)
    note = f"<p>{_shown(repr(page))}{f', {more:,} more not shown' if more else ''}</p>"
    return note + _table(COLUMNS, shown)


def scan(scan: Scan | AsyncScan) -> str:
    """Returns the state of a scan and its report. Nothing is sent, and no ticket is taken."""
    try:
        report = scan.report
    except RuntimeError:
        return f"<p>{escape(repr(scan))}</p>"
    entries = [
        (name, value) for name, value in zip(report._fields, report, strict=True) if value not in (0, (), None)
    ]
    shown = [
        [_shown(name), _shown(f"{value:,}" if isinstance(value, int) else value)]
        for name, value in entries[: 3 * MAX_ROWS]
    ]
    return f"<p>{escape(repr(scan))}</p>" + (_table(("report", ""), shown) if shown else "")


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _value(ticket: Ticket, name: str) -> str:
    if name == "attachments":
        return _shown(", ".join(one.filename for one in ticket.attachments or ()))
    decoded = ticket.text(name)
    return _shown(getattr(ticket, name) if decoded is None else decoded)


def _shown(value: Any) -> str:
    text = "" if value is None else str(value)
    if len(text) > MAX_CHARACTERS:
        text = text[: MAX_CHARACTERS - 1] + "…"
    # A right-to-left text must not change the order of the text after it.
    return f"<bdi>{escape(text)}</bdi>" if text else ""
