# The types of versions; the module itself has what they mean.

from typing import NamedTuple, overload

from typing_extensions import Self

class _Version(NamedTuple):
    major: int
    minor: int
    patch: int

class Version(_Version):
    @overload
    def __new__(cls, version: str) -> Self: ...
    @overload
    def __new__(cls, version: int, minor: int = 0, patch: int = 0) -> Self: ...

class _ShownVersion(NamedTuple):
    version: Version
    exact: bool

class DetectedVersion(_ShownVersion): ...
