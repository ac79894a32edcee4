"""Versions of servers: ordered numbers that decide which fields a reply carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import _native

if TYPE_CHECKING:
    from typing_extensions import Self


class _Numbers(NamedTuple):
    major: int
    minor: int
    patch: int


class Version(_Numbers):
    """The version of a server, from a text or from its numbers.

    >>> Version("7.10") > Version("7.9")
    True
    >>> str(Version(8, 13, 1)), Version("8").minor
    ('8.13.1', 0)
    """

    __slots__ = ()

    def __new__(cls, version: str | int, minor: int = 0, patch: int = 0) -> Self:
        """Reads `8`, `8.0`, `8.13.1` and `8.13.1-release.1`, or takes the numbers. ValueError for other texts."""
        if isinstance(version, str):
            return super().__new__(cls, *_native.parse_version(version))
        return super().__new__(cls, version, minor, patch)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch else "")

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"

    def __getnewargs__(self) -> tuple[int, int, int]:  # type: ignore[override]
        return tuple(self)


class ShownVersion(NamedTuple):
    """What a reply shows of its server's version.

    >>> str(ShownVersion(Version("8.0"), exact=False))
    '8.0 or later'
    """

    version: Version
    """The version that the reply names, or the earliest that sends what was seen."""
    exact: bool
    """Whether the server named it, as it does in XML."""

    def __str__(self) -> str:
        return str(self.version) if self.exact else f"{self.version} or later"
