"""What is told beside tickets: findings, reports of scans, the history of the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas

    from ._native import Page, Scan
    from ._version import Version


class Finding(NamedTuple):
    """One way in which a reply departed from the documented shape."""

    code: str
    """A stable name for programs, such as `leading-text`."""
    meaning: str
    """What was bent, in a few words."""
    field: str | None
    """The field concerned, where it is one."""
    count: int
    """How often it was met."""
    places: tuple[str, ...]
    """The first 16 places, such as `tickets.ticket[3].date`."""
    detail: str | None
    """What was there, bounded in length, where it helps to know."""

    def __str__(self) -> str:
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        place = f" (at {self.places[0]}{more})" if self.places else ""
        return self.meaning + place + (f": {self.detail}" if self.detail else "")


class Hole(NamedTuple):
    """A ticket that the server can't send, as a text in it is not UTF-8 and no format carries it."""

    offset: int
    """Its offset (limitstart) when it was met."""
    after: int | None
    """The id of the nearest ticket before it that can be read; None at the front of the list."""
    nth: int
    """How many such tickets stand between that one and this."""


class Report(NamedTuple):
    """What a scan met so far. It may be a page ahead of the tickets told."""

    tickets: int
    """Tickets told."""
    pages: int
    """Pages that brought tickets to tell."""
    requests: int
    """Requests sent, whatever they brought."""
    retries: int
    """Requests that were sent again, after a failure or in another format."""
    shifts: int
    """Times that the list was found to have moved under the reader."""
    duplicates: int
    """Tickets met again after they had been told, as they had moved; they are not told twice."""
    renewals: int
    """Tickets met again with a later reply than the one told."""
    renewed: tuple[int, ...]
    """Ids of those; the first 1,000 of them."""
    closings: int
    """Times that the front of the list, or the whole, was read again to be certain."""
    holes: tuple[Hole, ...]
    """Tickets that the server can't send."""
    total: int | None
    """How many tickets match, as the server counted them last; it may be wrong."""


class FieldSpec(NamedTuple):
    """One row of the field history."""

    name: str
    """Its name on the wire, and of the attribute."""
    kind: str
    """`integer`, `text`, `datetime`, `boolean` or `attachments`."""
    since: Version
    """The first version known to send it."""
    optional: bool
    """Whether a server of that version or later may still leave it out."""
    sensitive: bool
    """Whether knowing it opens a door, so that logs must not show it."""
    meaning: str
    """What it means, in one line."""


def to_pandas(tickets: Page | Scan) -> pandas.DataFrame:
    """The DataFrame of a page or a scan."""
    import pandas

    if hasattr(pandas.DataFrame, "from_arrow"):
        return pandas.DataFrame.from_arrow(tickets)
    import pyarrow

    return pyarrow.table(tickets).to_pandas()


def plain(value: Any) -> Any:
    """What JSON has no word for, in a ticket that is built: moments, attachments and versions."""
    if hasattr(value, "isoformat"):
        return value.replace(tzinfo=None, microsecond=0).isoformat()
    if hasattr(value, "to_dict"):
        return value.to_dict()
    raise TypeError(f"a ticket can't hold {type(value).__name__}")
