"""What is told beside tickets: findings, reports of scans, the history of the fields.

The types are in _notes.pyi.
"""

from ._records import record

RelatedService = record(
    "RelatedService",
    "The service or domain that a ticket is about.",
    kind="`service`, `domain`, or `other` for what reads as neither.",
    id="The id of the service or domain; None for `other`.",
    text="As it was sent: `S12`, `D7`.",
)

Hole = record(
    "Hole",
    "A ticket that the server can't send, as a text in it is not UTF-8 and no format carries it.",
    offset="Its offset (limitstart) when it was met.",
    after="The id of the nearest ticket before it that can be read; None at the front of the list.",
    nth="How many such tickets stand between that one and this.",
)

_Report = record(
    "Report",
    "What a scan met so far. It may be a page ahead of the tickets told.",
    tickets="Tickets told.",
    pages="Pages that brought tickets to tell.",
    requests="Requests sent, whatever they brought.",
    retries="Requests that were sent again, after a failure or in another format.",
    shifts="Times that the list was found to have moved under the reader.",
    duplicates="Tickets met again after they had been told, as they had moved; they are not told twice.",
    renewals="Tickets met again with a later reply than the one told.",
    renewed="Ids of those; the first 1,000 of them.",
    closings="Times that the front of the list, or the whole, was read again to be certain.",
    holes="Tickets that the server can't send.",
    total="How many tickets match, as the server counted them last; it may be wrong.",
)

FieldSpec = record(
    "FieldSpec",
    "One row of the field history.",
    name="Its name on the wire, and of the attribute.",
    kind="`integer`, `text`, `datetime`, `boolean` or `attachments`.",
    since="The first version known to send it.",
    optional="Whether a server of that version or later may still leave it out.",
    sensitive="Whether knowing it opens a door, so that logs must not show it.",
    meaning="What it means, in one line.",
)

_Finding = record(
    "Finding",
    "One way in which a reply departed from the documented shape.",
    code="A stable name for programs, such as `leading-text`.",
    meaning="What was bent, in a few words.",
    field="The field concerned, where it is one.",
    count="How often it was met.",
    places="The first 16 places, such as `tickets.ticket[3].date`.",
    detail="What was there, bounded in length, where it helps to know.",
)


class Report(_Report):
    """What a scan met so far. It may be a page ahead of the tickets told."""

    __slots__ = ()

    def __repr__(self):
        """What there is something to tell of, and of lists their length."""
        told = [
            (name, value) for name, value in zip(self._fields, self, strict=True) if value not in (0, (), None)
        ]
        shown = (f"{name}: {len(value) if isinstance(value, tuple) else value:,}" for name, value in told)
        return f"<gettickets.Report {', '.join(shown)}>" if told else "<gettickets.Report of nothing yet>"


class Finding(_Finding):
    """One way in which a reply departed from the documented shape. `str(finding)` is a sentence."""

    __slots__ = ()

    def __str__(self):
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        place = f" (at {self.places[0]}{more})" if self.places else ""
        return self.meaning + place + (f": {self.detail}" if self.detail else "")
