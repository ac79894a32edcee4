"""Saved replies: from bytes to a page."""

from __future__ import annotations

from . import _native
from ._zones import zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from datetime import tzinfo

    from typing_extensions import Buffer

    from ._native import Page
    from ._types import Readable


def decode(
    body: str | Buffer | Readable | os.PathLike[str],
    *,
    strict: bool = False,
    max_len: int | None = None,
    timezone: str | tzinfo | None = None,
) -> Page:
    """Decodes a saved reply, in any format: JSON, XML, or name-value pairs.

    `body` is a str, bytes or anything else that holds bytes, an open file, or a path. A str or bytes are not
    copied where they are JSON: the page keeps them, and points into them.

    `strict` refuses whatever departs from the documented shape; by default what is bent in a known way is read,
    and told by page.findings. `max_len` is the most bytes that are read, 256 MiB by default and 512 MiB at most.
    `timezone` makes `date` and `lastreply` aware: it is the time zone of the install.

    >>> page = decode('{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}')
    >>> len(page), [finding.code for finding in page.findings]
    (0, ['empty-spelling'])

    Raises ApiError where the reply is an error of the API, NotTheApiError where it is no reply at all, and
    DecodeError, with its place, where it can't be read without losing something.
    """
    return _native.decode(body, strict=strict, max_len=max_len, timezone=zone(timezone))
