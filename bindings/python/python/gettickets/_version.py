"""Versions of servers: ordered numbers that determine which fields a reply has.

The types are in _version.pyi.
"""

from . import _native
from ._errors import ArgumentError
from ._records import record

_Version = record(
    "Version",
    "The version of a server.",
    major="The first number.",
    minor="The second number.",
    patch="The third number, or 0.",
)

_DetectedVersion = record(
    "DetectedVersion",
    "The server version that a reply shows, exactly or as a lower bound.",
    version="The Version that the reply states, or the earliest that sends these fields.",
    exact="Whether the reply states it, as XML replies do.",
)


class Version(_Version):
    """A server version, from a text or from numbers.

    >>> Version("7.10") > Version("7.9")
    True
    >>> str(Version(8, 13, 1)), Version("8").minor
    ('8.13.1', 0)
    """

    __slots__ = ()

    def __new__(cls, version, minor=0, patch=0):
        """Parses `8`, `8.0`, `8.13.1` and `8.13.1-release.1`, or uses the numbers. ArgumentError for other texts.

        A float is a TypeError: 7.10 would be the same number as 7.1.
        """
        if isinstance(version, str):
            if minor or patch:
                raise TypeError("a version is either a str, or its numbers")
            return super().__new__(cls, *_native.parse_version(version))
        numbers = (version, minor, patch)
        for number in numbers:
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f'a version must be a str such as "7.10", or ints, not {type(number).__name__}')
            if not 0 <= number <= 65535:
                raise ArgumentError(f"a number of a version must be from 0 to 65535, not {number}")
        return super().__new__(cls, *numbers)

    def __str__(self):
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch else "")

    def __repr__(self):
        return f"Version({str(self)!r})"


class DetectedVersion(_DetectedVersion):
    """The server version that a reply shows, exactly or as a lower bound.

    >>> str(DetectedVersion(Version("8.0"), exact=False))
    '8.0 or later'
    """

    __slots__ = ()

    def __str__(self):
        return str(self.version) if self.exact else f"{self.version} or later"
