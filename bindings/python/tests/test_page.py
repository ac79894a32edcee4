"""Pages: sequences of tickets, with counts and findings."""

import copy
import json
import pickle

import pytest

import gettickets
from conftest import reply
from gettickets import Ticket, Version


def test_a_page_is_a_sequence(page):
    ids = [ticket.id for ticket in page]
    assert len(page) == len(ids) == 100 and bool(page)
    assert [page[place].id for place in range(100)] == ids
    assert [page[place - 100].id for place in range(100)] == ids
    assert [ticket.id for ticket in reversed(page)] == ids[::-1]
    assert page[3] in page and Ticket(id=123456) not in page and "x" not in page
    assert page.index(page[3]) == 3 and page.count(page[3]) == 1 and page.count("x") == 0
    for place in (100, -101, 2**70, -(2**70)):
        with pytest.raises(IndexError):
            page[place]
    for key in ("0", None, 1.0):
        with pytest.raises(TypeError):
            page[key]
    with pytest.raises(ValueError):
        page.index(Ticket(id=123456))
    with pytest.raises(ValueError):
        page.index(page[3], 4)
    assert page.index(page[3], -97, -96) == 3


def test_a_page_matches_sequence_patterns(page):
    match page[:2]:
        case [Ticket(id=first), Ticket(id=second)]:
            assert [first, second] == [page[0].id, page[1].id]
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize(
    "part",
    [
        slice(2, 5),
        slice(None),
        slice(-3, None),
        slice(5, 2),
        slice(1000, 2000),
        slice(0, 100, 7),
        slice(None, None, -1),
        slice(9, 3, -2),
        slice(0, 0, 3),
    ],
)
def test_a_slice_is_a_page(page, part):
    assert isinstance(page[part], gettickets.Page)
    assert list(page[part]) == list(page)[part]
    assert page[part].totalresults == page.totalresults
    assert page[part].numreturned == len(page[part])
    if len(page[part]):
        assert page[part].detected_version == page.detected_version


def test_an_invalid_slice_is_refused(page):
    with pytest.raises(ValueError):
        page[::0]
    with pytest.raises(TypeError):
        page["a":]


def test_iterators_have_a_length_hint(page):
    import operator

    iterator = iter(page)
    next(iterator)
    assert operator.length_hint(iterator) == 99 and iter(iterator) is iterator
    assert len(list(iterator)) == 99
    assert list(iterator) == [] and operator.length_hint(iterator) == 0


def test_the_counts_are_those_of_the_reply():
    page = gettickets.decode(reply(totalresults="40", startnumber=3, numreturned="1", note={"x": [1]}))
    assert (page.totalresults, page.startnumber, page.numreturned) == (40, 3, 1)
    assert page.extra == {"note": {"x": [1]}} == page.to_dict()["extra"]
    assert repr(page) == "<Page: 1 ticket of 40, from 3>"
    bare = gettickets.decode('{"result":"success","tickets":{"ticket":[]}}')
    assert (bare.totalresults, bare.startnumber, bare.numreturned, len(bare), bool(bare)) == (
        None,
        None,
        None,
        0,
        False,
    )
    assert repr(bare) == "<Page: 0 tickets, with findings>"


def test_as_of_version_leaves_out_later_fields():
    page = gettickets.decode(reply())
    assert page.detected_version == (Version("8.0"), False) and str(page.detected_version) == "8.0 or later"
    older = page.as_of_version("7.10")
    assert older[0].owner_name is None and older[0].attachments is not None
    assert older.missing_fields("8.0") == ("owner_name", "requestor_name", "requestor_email", "requestor_type")
    assert (
        page.as_of_version(Version("1.0")).missing_fields("7.10") == ("attachments",)
        and page.missing_fields("8.13.1") == ()
    )
    assert str(older.detected_version) == "7.10 or later" and page.as_of_version("8.13") == page
    for bad in ("", "8.x", "8.0.0.0"):
        with pytest.raises(ValueError, match="is not a server version"):
            page.as_of_version(bad)
    for bad in (7.10, 8, None):
        with pytest.raises(TypeError):
            page.missing_fields(bad)


def test_versions_are_ordered_numbers():
    assert Version("7.10") > Version("7.9") > Version("7.2.3") and Version("8") == Version(8) == (8, 0, 0)
    assert str(Version(8, 13, 1)) == "8.13.1" and str(Version("8.13.1-release.1")) == "8.13.1"
    assert repr(Version("7.10")) == "Version('7.10')"
    for value in (Version("7.10"), gettickets.DetectedVersion(Version("8.0"), True)):
        assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)


def test_a_page_as_dict_equals_the_page_as_json(page):
    as_json = json.loads(page.to_json())
    as_dict = json.loads(json.dumps(page.to_dict(), default=lambda moment: moment.isoformat()))
    for ticket in as_json["tickets"]:
        ticket.setdefault("extra", {})
        ticket.setdefault("attachments_removed", None)
    assert as_dict == as_json


def test_an_index_that_is_out_of_range_is_reported(page):
    with pytest.raises(IndexError, match=r"index -101 is out of range \(length 100\)"):
        page[-101]
    with pytest.raises(TypeError, match="page indices must be ints or slices, not str"):
        page["0"]


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_page_of_a_scan_is_written_as_a_complete_reply(client, format):
    for page in client.tickets(limitnum=300).pages():
        written = page.to_wire(format=format)
        again = gettickets.decode(written, strict=True)
        assert [ticket.id for ticket in again] == [ticket.id for ticket in page]
        assert again.numreturned == len(page) and again.totalresults is not None


def test_a_page_is_written_as_wire_json_and_xml(page):
    for version in ("1.0", "7.10", "8.0"):
        for format in ("json", "xml"):
            again = gettickets.decode(page.to_wire(version, format=format))
            # XML has no null: a missing requestor name is decoded as an empty one.
            whole = [place for place, ticket in enumerate(page) if format == "json" or ticket.requestor_name]
            assert len(whole) > 50
            for place in whole:
                assert again[place] == page.as_of_version(version)[place]
    assert gettickets.decode(page.to_wire()) == page
    with pytest.raises(ValueError):
        page.to_wire(format="nvp")


def test_pages_are_equal_by_value_and_not_hashable(page):
    again = gettickets.decode(page.to_wire())
    assert page == again and page != page[1:] and page != list(page) and page != 1
    with pytest.raises(TypeError):
        hash(page)


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_pickled_page_is_the_same_page(sandbox, format):
    client = gettickets.Client(sandbox.url, **sandbox.credentials, response_type=format, timezone="Europe/Berlin")
    page = client.get_tickets(limitnum=30)
    deviating = gettickets.decode("Notice!\n" + reply({"requestor_name": None, "date": "soon"}, note=1))
    for page in (page, page[3:7], page.as_of_version("7.10"), deviating, deviating[:0]):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(page, protocol))
            assert again == page and list(again) == list(page)
            assert [ticket.date for ticket in again] == [ticket.date for ticket in page]
            assert (again.detected_version, again.findings, again.timezone) == (
                page.detected_version,
                page.findings,
                page.timezone,
            )
            assert again.extra == page.extra and again[:1] == page[:1]


def test_a_pickled_page_keeps_every_digit_of_unknown_numbers():
    text = reply(note=0, rate=0)
    text = text.replace('"note": 0', '"note": 123456789012345678901234567890').replace('"rate": 0', '"rate": 0.10')
    page = gettickets.decode(text)
    again = pickle.loads(pickle.dumps(page))
    assert again.to_json() == page.to_json() == page[:].to_json()
    assert page.extra["note"] == 123456789012345678901234567890
    assert '"extra":{"note":123456789012345678901234567890,"rate":0.10}' in again.to_json()


def test_a_slice_outlives_its_page():
    ticket = gettickets.decode(reply(*[{}] * 50))[10:20][3]
    assert ticket.id == 14 and ticket.subject == "This is a sample ticket"


def test_a_compact_page_is_the_same_page_in_less_memory(page):
    for whole in (page, page[3:7], page.as_of_version("7.10")):
        compact = whole.compact()
        assert compact == whole and compact.to_json() == whole.to_json() and compact.findings == whole.findings
        assert compact.memory_size < whole.memory_size * 3 // 4
    assert page[3:4].compact().memory_size < 2000


def test_a_page_holds_less_than_its_objects_would(page):
    assert 0 < page.memory_size < 1000 * len(page)
