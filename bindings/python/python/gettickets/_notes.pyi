# The types of the records; the module itself has what they mean.

from typing import Literal, NamedTuple

from ._version import Version

class RelatedService(NamedTuple):
    kind: Literal["service", "domain", "other"]
    id: int | None
    text: str

class Hole(NamedTuple):
    offset: int
    after: int | None
    nth: int

class _Report(NamedTuple):
    tickets: int
    pages: int
    requests: int
    retries: int
    shifts: int
    duplicates: int
    renewals: int
    renewed: tuple[int, ...]
    closings: int
    holes: tuple[Hole, ...]
    total: int | None

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
    detail: str | None

class Finding(_Finding): ...
