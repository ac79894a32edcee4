"""Types that signatures speak of."""

from __future__ import annotations

from typing import Protocol, TypedDict


class Readable(Protocol):
    """An open file, of text or of bytes."""

    def read(self) -> str | bytes:
        """All that is left of it."""
        ...


class ApiCredentials(TypedDict):
    """An API identifier and its secret, as a client takes them."""

    identifier: str
    secret: str
