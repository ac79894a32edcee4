"""Statuses, priorities and requestor types. All are open sets: an unknown word is kept as it was sent."""

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
        """The known words, in the order in which they are documented."""
        kind: Any = cls
        return iter([getattr(cls, name) for name in kind._known.values()])

    def __len__(cls) -> int:
        return len(cls._known)

    def __bool__(cls) -> bool:
        return True


class _Word(str, metaclass=_Known):
    """A str with attributes for the known words."""

    __slots__ = ()
    _known: ClassVar[dict[str, str]] = {}
    """The known words and the names of their attributes."""

    @property
    def is_known(self) -> bool:
        """Whether this is one of the known words."""
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
        """Defines the known words and the names of their attributes."""
        cls._known = {}
        for name, word in words.items():
            setattr(cls, name, cls(word))
            cls._known[word] = name

    def __new__(cls, word: str) -> Self:
        """Returns the word. Each known word has a single object."""
        name = cls._known.get(word)
        if name is None:
            return str.__new__(cls, word)
        found: Self = getattr(cls, name)
        return found


class Status(_Word):
    """The status of a ticket, or a status filter for requests.

    It is a str. Installs can configure others besides the six known ones.

    >>> Status("Open") is Status.OPEN, Status.OPEN == "Open"
    (True, True)
    >>> Status("Waiting on vendor")
    Status('Waiting on vendor')
    >>> [str(status) for status in Status][:3]  # the known statuses, followed by the filters
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
    """The type of a ticket's requestor. It is a str. Since server version 8.0.

    >>> RequestorType("Owner")
    RequestorType.OWNER
    """

    __slots__ = ()

    OWNER: ClassVar[RequestorType]
    """`Owner`"""
    OPERATOR: ClassVar[RequestorType]
    """`Operator`"""


RequestorType._name(OWNER="Owner", OPERATOR="Operator")
