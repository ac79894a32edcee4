# The types of the records; the module itself has what they mean.

from typing import Literal, NamedTuple

from ._errors import Error
from ._version import Version

class RelatedService(NamedTuple):
    kind: Literal["service", "domain", "other"]
    id: int | None
    text: str

class UnreadableTicket(NamedTuple):
    offset: int
    after: int | None
    nth: int

class PageSizes(NamedTuple):
    min: int
    max: int
    last: int

class _ScanFinding(NamedTuple):
    code: str
    meaning: str
    field: str | None
    count: int  # type: ignore[assignment]
    ids: tuple[int, ...]
    detail: str | None

class ScanFinding(_ScanFinding): ...

class _MirrorReport(NamedTuple):
    install: str
    run: int | None
    full: bool
    complete: bool
    reason: str | None
    error: Error | None
    tickets: int
    new: int
    changed: int
    gone: int
    unreadable: int
    requests: int
    findings: tuple[ScanFinding, ...]
    warnings: tuple[str, ...]

class MirrorReport(_MirrorReport): ...

class _Report(NamedTuple):
    endpoint: str
    tickets: int
    pages: int
    requests: int
    retries: int
    waits: int
    wait_time: float
    shifts: int
    duplicates: int
    updates: int
    updated_ids: tuple[int, ...]
    verification_passes: int
    findings: tuple[ScanFinding, ...]
    page_sizes: PageSizes | None
    concurrency: int
    unreadable: tuple[UnreadableTicket, ...]
    undated: int
    total: int | None
    warnings: tuple[str, ...]

class Report(_Report): ...

class FieldSpec(NamedTuple):
    name: str
    kind: Literal["integer", "text", "datetime", "boolean", "attachments"]
    since: Version
    optional: bool
    sensitive: bool
    meaning: str

class _Finding(NamedTuple):
    code: str
    meaning: str
    field: str | None
    count: int  # type: ignore[assignment]
    places: tuple[str, ...]
    tickets: tuple[int, ...]
    detail: str | None

class Finding(_Finding): ...
