"""Named tuples: findings, reports of scans, the history of the fields.

The types are in _notes.pyi.
"""

from ._records import record

RelatedService = record(
    "RelatedService",
    "The service or domain that a ticket is about.",
    kind="`service`, `domain`, or `other` for a text that is neither.",
    id="The id of the service or domain; None for `other`.",
    text="The text as it was sent: `S12`, `D7`.",
)

UnreadableTicket = record(
    "UnreadableTicket",
    "A ticket that the server cannot send, because a text in it is not UTF-8 and no format can represent it.",
    offset="Its offset (limitstart) when the scan reached it.",
    after="The id of the nearest readable ticket before it; None at the front of the list.",
    nth="The number of unreadable tickets between that one and this.",
)

PageSizes = record(
    "PageSizes",
    "The numbers of tickets that a scan requested at a time.",
    min="The smallest number.",
    max="The largest number.",
    last="The last number.",
)

_ScanFinding = record(
    "ScanFinding",
    "Findings of one kind, over all pages of a scan.",
    code="A stable name for programs, such as `replaced-bytes`.",
    meaning="The deviation, in a few words.",
    field="The field concerned, or None.",
    count="The number of occurrences.",
    ids="The ids of the first 16 tickets concerned, if it concerns tickets.",
    detail="A detail of the first one, bounded in length, or None.",
)

_MirrorReport = record(
    "MirrorReport",
    "The result of a mirror's run for one install.",
    install="The name of the install.",
    run="The number of the run in the table `runs`; None if the mirror refused the install.",
    full="Whether every ticket was read, rather than those with a recent reply.",
    complete="Whether the scan was proved complete. If not, no ticket was marked as gone.",
    reason="Why the run is not complete, in words, or None.",
    error="The exception that ended the scan early, or for which the mirror refused the install, or None.",
    tickets="Tickets that were read.",
    new="Tickets that the mirror did not have.",
    changed="Tickets that were different from the mirror's.",
    gone="Tickets that the install no longer has: deleted, or merged into others.",
    unreadable="Tickets that the server cannot send in any format.",
    requests="Requests sent.",
    findings="Deviations from the documented format in the replies, a tuple of ScanFinding; the table `runs` has them.",
    warnings="Circumstances that need attention, such as an install restored from a backup: a tuple of texts.",
)

_Report = record(
    "Report",
    "The progress of a scan. It may be some pages ahead of the tickets that the scan returned.",
    endpoint="The endpoint, without credentials.",
    tickets="Tickets found; not those of a scan that was resumed.",
    pages="Pages that had new tickets.",
    requests="Requests sent.",
    retries="Requests that repeated an earlier one, after a failure or in another format.",
    waits="Waits before a retry.",
    wait_time="The total duration of those waits, in seconds.",
    shifts="The number of times that the list was found to have shifted while it was read.",
    duplicates="Tickets found again after they had moved; they are not returned twice.",
    updates="Tickets found again with a later reply than when they were returned.",
    updated_ids="The ids of those tickets; the first 1,000 of them.",
    verification_passes="The number of times that the front of the list, or all of it, was read again to verify the scan.",
    findings="The findings of all pages, a tuple of ScanFinding.",
    page_sizes="The numbers of tickets requested at a time, a PageSizes; None before the first request.",
    concurrency="The maximum number of requests in flight at once.",
    unreadable="Tickets that the server cannot send, a tuple of UnreadableTicket.",
    undated="Tickets without a readable time, which `updated_since` includes.",
    total="The number of matching tickets in the server's latest count; it may be wrong.",
    warnings="Notes on the completeness of the result, a tuple of texts.",
)

FieldSpec = record(
    "FieldSpec",
    "One row of the field history.",
    name="The wire name, which is also the name of the attribute.",
    kind="`integer`, `text`, `datetime`, `boolean` or `attachments`.",
    since="The first version known to send the field.",
    optional="Whether servers of that version or later may leave the field out.",
    sensitive="Whether the value gives access to something and must not be logged.",
    meaning="A description in one line.",
)

_Finding = record(
    "Finding",
    "A deviation of a reply from the documented format.",
    code="A stable name for programs, such as `leading-text`.",
    meaning="The deviation, in a few words.",
    field="The field concerned, or None.",
    count="The number of occurrences.",
    places="The first 16 places, such as `tickets.ticket[3].date`.",
    tickets="The ids of the first 16 tickets concerned, if it concerns tickets.",
    detail="The text that was found, bounded in length, or None.",
)


class Report(_Report):
    """The progress of a scan. It may be some pages ahead of the tickets that the scan returned."""

    __slots__ = ()

    def __repr__(self):
        """Shows the entries that are not empty, and the length of tuples."""
        entries = []
        for name, value in zip(self._fields, self, strict=True):
            if name == "endpoint" or value in (0, (), None):
                continue
            if isinstance(value, PageSizes):
                value = f"{value.min:,} to {value.max:,}"
            elif isinstance(value, float):
                value = f"{value:.1f} s"
            else:
                value = f"{len(value) if isinstance(value, tuple) else value:,}"
            entries.append(f"{name}: {value}")
        return f"<gettickets.Report {', '.join(entries)}>" if entries else "<gettickets.Report, empty>"


class MirrorReport(_MirrorReport):
    """The result of a mirror's run for one install. `str(report)` is a sentence."""

    __slots__ = ()

    def __str__(self):
        kind = "full" if self.full else "incremental"
        state = "" if self.complete else " (incomplete)"
        counts = f"{self.tickets:,} read, {self.new:,} new, {self.changed:,} changed, {self.gone:,} gone"
        return f"{self.install}: {kind} run{state}, {counts}, {self.requests:,} requests"


class ScanFinding(_ScanFinding):
    """Findings of one kind, over all pages of a scan. `str(finding)` is a sentence."""

    __slots__ = ()

    def __str__(self):
        ids = ", ".join(map(str, self.ids))
        more = ", …" if self.count > len(self.ids) else ""
        tickets = f", tickets {ids}{more}" if ids else ""
        field = f"{self.field}, " if self.field else ""
        times = "once" if self.count == 1 else f"{self.count:,} times"
        return f"{self.meaning} ({field}{times}{tickets})" + (f": {self.detail}" if self.detail else "")


class Finding(_Finding):
    """A deviation of a reply from the documented format. `str(finding)` is a sentence."""

    __slots__ = ()

    def __str__(self):
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        place = f" (at {self.places[0]}{more})" if self.places else ""
        return self.meaning + place + (f": {self.detail}" if self.detail else "")
