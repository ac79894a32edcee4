"""Decodes bytes to typed tickets, and reads some or all of their fields."""

import gc
import json
from collections.abc import Iterable

import orjson
from peers import DECODER, FIELDS, ReplyModel

import gettickets


def read_seven(tickets: Iterable) -> None:
    for ticket in tickets:
        ticket.id, ticket.tid, ticket.subject, ticket.status, ticket.priority, ticket.date, ticket.lastreply


def reader_of_all() -> object:
    """A loop that reads every field by name, as a user would write it."""
    reads = ", ".join(f"ticket.{name}" for name in FIELDS)
    names: dict = {}
    exec(f"def read_all(tickets):\n    for ticket in tickets:\n        {reads}\n", names)
    return names["read_all"]


read_all = reader_of_all()


def ours(body: bytes) -> gettickets.Page:
    return gettickets.decode(body)


def msgspec_typed(body: bytes) -> object:
    return DECODER.decode(body)


def msgspec_uncollected(body: bytes) -> object:
    """The same with the garbage collector turned off during decoding."""
    gc.disable()
    try:
        return DECODER.decode(body)
    finally:
        gc.enable()


def ours_seven(body: bytes) -> object:
    page = gettickets.decode(body)
    read_seven(page)
    return page


def ours_all(body: bytes) -> object:
    page = gettickets.decode(body)
    read_all(page)
    return page


def msgspec_seven(body: bytes) -> object:
    reply = DECODER.decode(body)
    read_seven(reply.tickets.ticket)
    return reply


def msgspec_all(body: bytes) -> object:
    reply = DECODER.decode(body)
    read_all(reply.tickets.ticket)
    return reply


CONTENDERS = {
    "ours": ours,
    "ours, then 7 fields": ours_seven,
    "ours, then all fields": ours_all,
    "msgspec": msgspec_typed,
    "msgspec, collector off": msgspec_uncollected,
    "msgspec, then 7 fields": msgspec_seven,
    "msgspec, then all fields": msgspec_all,
    "orjson, dicts": orjson.loads,
    "json, dicts": json.loads,
    "pydantic": ReplyModel.model_validate_json,
}
