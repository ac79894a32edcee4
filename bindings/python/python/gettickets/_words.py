"""The words that a ticket uses. All are open sets: an unknown word is kept as it was sent."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, ClassVar, TypeVar

    from typing_extensions import Self

    _W = TypeVar("_W")


class _Known(type):
    """The metaclass of words: a class of words can be iterated, and yields its known words."""

    _known: dict[str, str]

    def __iter__(cls: type[_W]) -> Iterator[_W]:
        """The words that have a name here, in the order in which they are documented."""
        kind: Any = cls
        return iter([getattr(cls, name) for name in kind._known.values()])

    def __len__(cls) -> int:
        return len(cls._known)

    def __bool__(cls) -> bool:
        return True


class _Word(str, metaclass=_Known):
    """A str with names for the words that are known."""

    __slots__ = ()
    _known: ClassVar[dict[str, str]] = {}
    """Each known word with the name that it has here."""

    @property
    def is_known(self) -> bool:
        """Whether it is one of the words that have a name here."""
        return str(self) in self._known

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        name = self._known.get(self)
        word = str.__repr__(self) if name is None else name
        return f"{type(self).__name__}{f'.{word}' if name else f'({word})'}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """For fields of pydantic models: any str is accepted and becomes a word."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def _name(cls, **words: str) -> None:
        """Gives names to the words that are known."""
        cls._known = {}
        for name, word in words.items():
            setattr(cls, name, cls(word))
            cls._known[word] = name

    def __new__(cls, word: str) -> Self:
        """The word; of a known one there is one object."""
        name = cls._known.get(word)
        if name is None:
            return str.__new__(cls, word)
        found: Self = getattr(cls, name)
        return found


class Status(_Word):
    """The status of a ticket, or what to ask for by it.

    It is a str. Installs configure their own beside the six that have a name here.

    >>> Status("Open") is Status.OPEN, Status.OPEN == "Open"
    (True, True)
    >>> Status("Waiting on vendor")
    Status('Waiting on vendor')
    >>> [str(status) for status in Status][:3]  # those that have a name here, what to ask for by among them
    ['Open', 'Answered', 'Customer-Reply']
    """

    __slots__ = ()

    OPEN: ClassVar[Status]
    """`Open`"""
    ANSWERED: ClassVar[Status]
    """`Answered`"""
    CUSTOMER_REPLY: ClassVar[Status]
    """`Customer-Reply`"""
    CLOSED: ClassVar[Status]
    """`Closed`"""
    ON_HOLD: ClassVar[Status]
    """`On Hold`"""
    IN_PROGRESS: ClassVar[Status]
    """`In Progress`"""
    AWAITING_REPLY: ClassVar[Status]
    """For requests: the statuses that the install counts as awaiting a reply."""
    ALL_ACTIVE: ClassVar[Status]
    """For requests: the statuses that the install counts as active."""
    MY_FLAGGED: ClassVar[Status]
    """For requests: the tickets flagged to the API user."""


Status._name(
    OPEN="Open",
    ANSWERED="Answered",
    CUSTOMER_REPLY="Customer-Reply",
    CLOSED="Closed",
    ON_HOLD="On Hold",
    IN_PROGRESS="In Progress",
    AWAITING_REPLY="Awaiting Reply",
    ALL_ACTIVE="All Active Tickets",
    MY_FLAGGED="My Flagged Tickets",
)


class Priority(_Word):
    """The priority of a ticket. It is a str.

    >>> Priority("High")
    Priority.HIGH
    """

    __slots__ = ()

    LOW: ClassVar[Priority]
    """`Low`"""
    MEDIUM: ClassVar[Priority]
    """`Medium`"""
    HIGH: ClassVar[Priority]
    """`High`"""


Priority._name(LOW="Low", MEDIUM="Medium", HIGH="High")


class RequestorType(_Word):
    """What the requestor of a ticket is. It is a str. Since server version 8.0.

    >>> RequestorType("Owner")
    RequestorType.OWNER
    """

    __slots__ = ()

    OWNER: ClassVar[RequestorType]
    """`Owner`"""
    OPERATOR: ClassVar[RequestorType]
    """`Operator`"""


RequestorType._name(OWNER="Owner", OPERATOR="Operator")
