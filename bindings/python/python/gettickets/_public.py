"""Private parts, shown as the package's own: where a class says it comes from, and whom Python names in a complaint.

Tracebacks, pickles and `help()` say `gettickets.Error`, and wrong arguments are those of `Client.__init__()`. Nothing
is changed in what anything does.
"""

from __future__ import annotations

from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def publish(package: str, things: Iterable[Any]) -> None:
    """Has classes and functions say that they are of this package."""
    for thing in things:
        if not callable(thing) or thing.__module__ == package:
            continue
        thing.__module__ = package
        if isinstance(thing, type):
            _take_over(thing)


def _take_over(kind: type) -> None:
    """Gives a class functions of its own for those of its private bases, under its own name."""
    for base in kind.__mro__[1:]:
        for name, member in vars(base).items():
            function = getattr(member, "__func__", member)
            is_private = base.__name__.startswith("_") and function.__class__ is FunctionType
            # What a record has from collections carries the record's name already.
            if is_private and function.__qualname__.startswith(base.__name__) and name not in vars(kind):
                own = _copy(function, f"{kind.__name__}.{name}")
                setattr(kind, name, own if function is member else type(member)(own))


def _copy(function: Any, qualname: str) -> Any:
    copy = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = function.__annotations__
    copy.__doc__ = function.__doc__
    copy.__qualname__ = qualname
    return copy
