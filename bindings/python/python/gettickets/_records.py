"""Records: named tuples whose fields are documented.

They are made with collections only: importing typing takes longer than importing all of gettickets.
"""

from __future__ import annotations

import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def record(name: str, meaning: str, /, **fields: str) -> Any:
    """Returns a named tuple class with these fields and their docstrings."""
    namedtuple: Any = collections.namedtuple
    made = namedtuple(name, fields, module=__package__)
    made.__doc__ = meaning
    for field, about in fields.items():
        getattr(made, field).__doc__ = about
    return made
