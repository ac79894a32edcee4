"""Types of arguments."""

from __future__ import annotations

from typing import Protocol, TypedDict


class Readable(Protocol):
    """An open file, of text or of bytes."""

    def read(self, size: int, /) -> str | bytes:
        """Returns at most this many characters or bytes, and none at the end."""
        ...


class ApiCredentials(TypedDict):
    """An API identifier and its secret, as arguments of a client."""

    identifier: str
    secret: str
