"""Records: named tuples whose fields are documented.

Written with collections alone: to import typing takes longer than to import all of gettickets.
"""

from __future__ import annotations

import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def record(name: str, meaning: str, /, **fields: str) -> Any:
    """A named tuple with these fields, each with what it means."""
    namedtuple: Any = collections.namedtuple
    made = namedtuple(name, fields, module=__package__)
    made.__doc__ = meaning
    for field, about in fields.items():
        getattr(made, field).__doc__ = about
    return made
