"""Sets the module and the qualified name of classes and functions that private modules define.

Tracebacks, pickles and `help()` then show `gettickets.Error`, and errors about arguments name `Client.__init__()`. The
behavior does not change.
"""

from __future__ import annotations

from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def publish(package: str, things: Iterable[Any]) -> None:
    """Sets the module of classes and functions to the package."""
    for thing in things:
        if not callable(thing) or thing.__module__ == package:
            continue
        thing.__module__ = package
        if isinstance(thing, type):
            _take_over(thing)


def _take_over(kind: type) -> None:
    """Copies the functions of a class's private bases into the class, with its qualified name."""
    for base in kind.__mro__[1:]:
        for name, member in vars(base).items():
            function = getattr(member, "__func__", member)
            is_private = base.__name__.startswith("_") and function.__class__ is FunctionType
            # Functions that a record gets from collections already have the record's name.
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
