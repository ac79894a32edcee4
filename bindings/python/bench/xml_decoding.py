"""Decodes an XML reply: gettickets to typed tickets, lxml and the standard library to a dict of texts for each ticket."""

from collections.abc import Callable
from xml.etree import ElementTree

from decoding import ours, ours_all
from lxml import etree


def dicts(tickets: object) -> list[dict]:
    return [{field.tag: field.text for field in ticket} for ticket in tickets]


CONTENDERS: dict[str, Callable[[bytes], object]] = {
    "ours": ours,
    "ours, then all fields": ours_all,
    "lxml, dicts": lambda body: dicts(etree.fromstring(body).iter("ticket")),
    "xml.etree, dicts": lambda body: dicts(ElementTree.fromstring(body).iter("ticket")),
}
