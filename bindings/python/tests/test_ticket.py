"""Tickets: their fields and methods."""

import copy
import json
import pickle
import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

import gettickets
from conftest import reply
from gettickets import FIELDS, Attachment, Priority, RequestorType, Status, Ticket

KINDS = {"integer": int, "text": str, "datetime": datetime, "boolean": bool, "attachments": tuple}


def one(**fields):
    return gettickets.decode(reply(fields))[0]


def test_every_field_of_the_history_is_an_attribute_of_its_kind():
    ticket = one()
    for field in FIELDS:
        value = getattr(ticket, field.name)
        assert isinstance(value, KINDS[field.kind]), field.name
        assert ticket.has_field(field.name)
        assert getattr(Ticket, field.name).__doc__, field.name
    assert Ticket.__match_args__ == tuple(field.name for field in FIELDS) == ticket.fields
    assert {field.name for field in FIELDS if field.sensitive} == {"c"}


def test_values_are_those_of_the_reply():
    ticket = one()
    assert (ticket.id, ticket.tid, ticket.deptid, ticket.userid, ticket.flag) == (1, "516757", 1, 1, 0)
    assert ticket.date == datetime(2016, 1, 1, 6, 26, 29) and ticket.date.tzinfo is None
    assert ticket.lastreply == datetime(2016, 1, 1, 6, 30, 16)
    assert ticket.attachments == (Attachment("name.png", 0),)
    assert ticket.attachments_removed is True
    assert (ticket.status, ticket.priority, ticket.requestor_type) == ("Answered", "Medium", "Owner")


@pytest.mark.parametrize("name", [field.name for field in FIELDS if field.name != "id"])
def test_an_absent_or_null_field_is_none(name):
    sent = json.loads(reply())
    sent["tickets"]["ticket"][0][name] = None
    null = gettickets.decode(json.dumps(sent))[0]
    del sent["tickets"]["ticket"][0][name]
    missing = gettickets.decode(json.dumps(sent))[0]
    assert getattr(null, name) is None and null.has_field(name)
    assert getattr(missing, name) is None and not missing.has_field(name)
    assert null.to_dict()[name] is None and missing.to_dict()[name] is None
    assert null.raw(name) is None
    with pytest.raises(KeyError):
        missing.raw(name)


@pytest.mark.parametrize("value", ["", "0", "x" * 31, "x" * 32, "é" * 20, "\0", "a\0", "\U0001f600"])
def test_repeated_texts_are_unchanged(value):
    page = gettickets.decode(
        reply(*({"name": value, "cc": other, "admin": value} for other in (value, "", "x\0")))
    )
    for ticket, other in zip(page, (value, "", "x\0")):
        assert (ticket.name, ticket.cc, ticket.admin, ticket.service) == (value, other, value, "")


def test_known_words_have_names_and_others_are_kept():
    assert one(status="Open").status is Status.OPEN
    assert one(priority="High").priority is Priority.HIGH
    assert one(requestor_type="Operator").requestor_type is RequestorType.OPERATOR
    odd = one(status="Waiting on vendor", priority="Someday", requestor_type="Robot")
    for word, kind in ((odd.status, Status), (odd.priority, Priority), (odd.requestor_type, RequestorType)):
        assert type(word) is kind and not word.is_known and repr(word) == f"{kind.__name__}({str(word)!r})"
    assert odd.status == "Waiting on vendor" and hash(odd.status) == hash("Waiting on vendor")
    # Cached texts of different kinds are never confused.
    same = one(status="Owner", priority="Owner", requestor_type="Owner", admin="Owner")
    kinds = [type(value) for value in (same.status, same.priority, same.requestor_type, same.admin)]
    assert kinds == [Status, Priority, RequestorType, str]


@pytest.mark.parametrize(
    "word", [Status.OPEN, Status("Odd"), Priority.LOW, RequestorType("Robot"), Status.ALL_ACTIVE]
)
def test_words_are_str_and_pickle(word):
    assert isinstance(word, str) and type(str(word)) is str and f"{word}" == str(word)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(word, protocol))
        assert again == word and type(again) is type(word)
    assert copy.deepcopy(word) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0000-00-00 00:00:00", None),
        ("", None),
        ("0001-01-01 00:00:00", datetime(1, 1, 1)),
        ("9999-12-31 23:59:59", datetime(9999, 12, 31, 23, 59, 59)),
        ("2016-02-30 00:00:00", None),
        ("yesterday", None),
    ],
)
def test_dates_are_datetimes_or_none_and_their_text_is_kept(text, expected):
    ticket = one(date=text)
    assert ticket.date == expected and ticket.raw("date") == text


def test_times_are_aware_if_the_time_zone_is_known():
    berlin = ZoneInfo("Europe/Berlin")
    for zone in ("Europe/Berlin", berlin):
        ticket = gettickets.decode(reply({"date": "2016-07-01 12:00:00"}), timezone=zone)[0]
        assert ticket.date.tzinfo is berlin
        assert ticket.date == datetime(2016, 7, 1, 10, tzinfo=timezone.utc)
        assert ticket.to_dict()["date"] == ticket.date
    fixed = timezone(timedelta(hours=-3))
    assert gettickets.decode(reply(), timezone=fixed)[0].date.utcoffset() == timedelta(hours=-3)
    for bad in ("Europe/Nowhere", "", "../etc/passwd", "\0"):
        with pytest.raises(gettickets.ConfigError) as error:
            gettickets.decode(reply(), timezone=bad)
        assert error.value.code == "timezone" and error.value.__cause__ is not None
    with pytest.raises(TypeError):
        gettickets.decode(reply(), timezone=3)


def test_raw_distinguishes_what_was_sent():
    spelled = one(id=7, deptid="7", attachments_removed="1", extra_number=12345678901234567890123, odd={"a": [1]})
    assert spelled.raw("id") == 7 and spelled.raw("deptid") == "7"
    assert spelled.raw("attachments_removed") == "1" and spelled.attachments_removed is True
    assert one(attachments_removed=False).raw("attachments_removed") is False
    assert spelled.raw("attachments") == [{"filename": "name.png", "index": 0}]
    assert spelled.raw("odd") == {"a": [1]} and spelled.extra["extra_number"] == 12345678901234567890123
    assert (
        spelled.extra == {"extra_number": 12345678901234567890123, "odd": {"a": [1]}} == spelled.to_dict()["extra"]
    )
    for name in ("nothing", "Id", ""):
        with pytest.raises(KeyError):
            spelled.raw(name)
    for ask in (spelled.has_field, spelled.text):
        with pytest.raises(KeyError):
            ask("nothing")


def test_decoded_texts():
    ticket = one(
        subject="Tom &amp; Jerry &#039;s", cc=" a@example.com, ,b@example.com ", attachment="1_a.png|2_b.png"
    )
    assert ticket.subject_text == ticket.text("subject") == "Tom & Jerry 's"
    assert ticket.text("requestor_name") == "Cynthia Reilly" and ticket.text("id") is None
    assert ticket.cc_addresses == ("a@example.com", "b@example.com")
    assert ticket.attachment_names == ("1_a.png", "2_b.png")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("S12", ("service", 12, "S12")), ("D7", ("domain", 7, "D7")), ("X1", ("other", None, "X1")), ("", None)],
)
def test_a_related_service_is_read(text, expected):
    assert one(service=text).related_service == expected


def test_equality_compares_values_and_not_notation():
    assert one(id="7") == one(id=7) and hash(one(id="7")) == hash(one(id=7))
    assert one(id="7") != one(id="8") and one() != one(subject="Other") and one() != "ticket"
    assert one(date="soon") != one(date="later")
    assert len({one(id="7"), one(id=7), one(id=8)}) == 2
    assert not (one() == None) and one() != 1  # noqa: E711


def test_tickets_do_not_change():
    ticket = one()
    for change in (
        lambda: setattr(ticket, "subject", "x"),
        lambda: delattr(ticket, "id"),
        lambda: setattr(ticket, "x", 1),
    ):
        with pytest.raises(AttributeError):
            change()
    assert copy.copy(ticket) is ticket and copy.deepcopy(ticket) is ticket


def test_a_ticket_matches_patterns():
    match one(status="Open", priority="High"):
        case Ticket(status=Status.OPEN, priority="High", subject=subject):
            assert subject == "This is a sample ticket"
        case _:
            pytest.fail("no match")
    match one():
        case Ticket(id, "516757"):
            assert id == 1
        case _:
            pytest.fail("no match")


def test_its_repr_is_short_and_shows_no_secret():
    ticket = one(subject="x" * 1000, c="TOPSECRET", name="Cynthia Reilly", email="who@example.com")
    shown = repr(ticket)
    assert len(shown) < 160
    assert not re.search("TOPSECRET|Cynthia|who@example.com", shown)
    assert (
        repr(one(subject="a\n\x1b[31m")) == r"Ticket(id=1, tid='516757', subject='a\n\x1b[31m', status='Answered')"
    )


def test_a_dict_has_every_field_and_json_the_fields_that_were_sent():
    ticket = one(deptname="Sales")
    as_dict, as_json = ticket.to_dict(), json.loads(ticket.to_json())
    assert list(as_dict) == list(as_json) == [*ticket.fields, "extra"]
    moments = {name: value.isoformat() for name, value in as_dict.items() if isinstance(value, datetime)}
    assert {**as_dict, **moments} == as_json
    bare = gettickets.decode('{"result":"success","tickets":{"ticket":[{"id":1}]}}')[0]
    assert list(bare.to_dict()) == [*(field.name for field in FIELDS), "extra"]
    assert {name for name, value in bare.to_dict().items() if value} == {"id"} and bare.to_dict()["extra"] == {}


def test_a_ticket_is_unpacked_like_a_mapping():
    ticket = one(deptname="Sales")
    assert {**ticket} == dict(ticket) == {name: ticket[name] for name in ticket.keys()}
    assert ticket["status"] is ticket.status and ticket["extra"] == {"deptname": "Sales"}
    assert dict(ticket.attachments[0]) == ticket.attachments[0].to_dict()
    for key in ("nothing", "raw", 0, None):
        with pytest.raises(KeyError):
            ticket[key]
    with pytest.raises(TypeError):
        iter(ticket)


def test_fastapi_and_pydantic_accept_tickets_and_words():
    encoders = pytest.importorskip("fastapi.encoders")
    pydantic = pytest.importorskip("pydantic")
    ticket = one(deptname="Sales")
    encoded = encoders.jsonable_encoder(ticket)
    assert json.loads(json.dumps(encoded)) == json.loads(ticket.to_json())

    class Model(pydantic.BaseModel):
        status: Status
        priority: Priority = Priority.LOW
        requestor_type: RequestorType | None = None

    model = Model(status="Open", requestor_type="Robot")
    assert model.status is Status.OPEN and type(model.requestor_type) is RequestorType
    assert Model.model_validate_json(model.model_dump_json()) == model
    assert Model.model_json_schema()["properties"]["status"]["type"] == "string"
    with pytest.raises(pydantic.ValidationError):
        Model(status=5)


def test_times_with_and_without_a_time_zone_are_not_equal():
    naive, berlin, utc = (gettickets.decode(reply(), timezone=zone) for zone in (None, "Europe/Berlin", "UTC"))
    for one, other in ((naive, berlin), (berlin, utc), (naive, utc)):
        assert one != other and one[0] != other[0] and other[0] not in one and one.count(other[0]) == 0
    also_utc = gettickets.decode(reply(), timezone=timezone.utc)
    assert utc == also_utc and utc[0] == also_utc[0] and utc.index(also_utc[0]) == 0
    assert hash(utc[0]) == hash(also_utc[0])
    nowhen = [gettickets.decode(reply({"date": "", "lastreply": None}), timezone=zone) for zone in (None, "UTC")]
    assert nowhen[0] == nowhen[1] and nowhen[0][0] == nowhen[1][0]


def test_the_repr_of_none_is_none():
    body = '{"result":"success","tickets":{"ticket":[{"id":1,"subject":null}]}}'
    assert repr(gettickets.decode(body)[0]) == "Ticket(id=1, tid=None, subject=None, status=None)"


def test_html_is_escaped_and_bounded():
    evil = "<script>alert('x')</script>"
    ticket = one(subject=evil, tid=evil, name="x" * 500, c="TOPSECRET", status=evil, odd=evil, **{evil: 1})
    shown = ticket._repr_html_()
    assert "<script" not in shown and "TOPSECRET" not in shown and "&lt;script" in shown and "x" * 80 not in shown
    page = gettickets.decode(reply(*[{"subject": evil, "c": "TOPSECRET"}] * 12))
    shown = page._repr_html_()
    assert shown.count("<tr>") == 11 and "2 more not shown" in shown
    assert "<script" not in shown and "TOPSECRET" not in shown
    assert "<tr>" in gettickets.decode(reply(*[{}] * 10))._repr_html_()
    assert "more not shown" not in gettickets.decode(reply(*[{}] * 10))._repr_html_()


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_pickled_ticket_is_the_same_ticket(zone):
    odd = {"id": 5, "requestor_name": None, "date": "soon", "attachments_removed": "", "deptname": "é", "flag": 3}
    for ticket in gettickets.decode(reply({}, odd), timezone=zone):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(ticket, protocol))
            assert again == ticket and again.lastreply == ticket.lastreply
            assert [again.raw(name) for name in again.fields] == [ticket.raw(name) for name in ticket.fields]
            assert again.extra == ticket.extra


def test_a_ticket_can_be_built():
    moment = datetime(2024, 2, 29, 12, 30)
    built = Ticket(id=7, subject="Hi", status="Odd", date=moment, attachments=[Attachment("a", 0)], extra={"x": 1})
    assert (built.id, built.subject, built.status, built.date) == (7, "Hi", "Odd", moment)
    assert built.attachments == (Attachment("a", 0),) and built.extra == {"x": 1}
    assert built.requestor_type is None and built.priority is Priority.MEDIUM
    assert Ticket(**built.to_dict()) == built
    with pytest.raises(TypeError, match='has no field "color"'):
        Ticket(color="red")
    with pytest.raises(TypeError):
        Ticket(7)


def test_every_field_can_be_given_and_is_read_back():
    values = {
        "integer": 7,
        "text": "a text",
        "datetime": datetime(2024, 2, 29, 12, 30),
        "boolean": True,
        "attachments": [{"filename": "a", "index": 0}],
    }
    for spec in gettickets.FIELDS:
        built = Ticket(**{spec.name: values[spec.kind]})
        assert built.to_dict()[spec.name] == values[spec.kind], spec.name
        if spec.since > gettickets.Version("1.0") or spec.optional:
            assert getattr(Ticket(**{spec.name: None}), spec.name) is None


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": "seven"}, TypeError, "id must be an int, not str"),
        ({"flag": True}, TypeError, "flag must be an int, not bool"),
        ({"deptid": -1}, ValueError, "deptid must be from 0 to 18446744073709551615"),
        ({"userid": 2**64}, ValueError, "userid must be from 0 to 18446744073709551615"),
        ({"subject": 5}, TypeError, "subject must be a str, not int"),
        ({"subject": None}, TypeError, "subject must be a str, not NoneType"),
        ({"c": b"key"}, TypeError, "c must be a str, not bytes"),
        ({"name": "\ud800"}, ValueError, "name has a lone surrogate, which is not a character"),
        ({"date": 5}, TypeError, "date must be a datetime, not int"),
        (
            {"date": date(2024, 2, 29)},
            TypeError,
            "date must be a datetime, not date; datetime.combine(day, time.min)",
        ),
        ({"date": "soon"}, ValueError, 'date must be a time such as "2024-02-29T12:30:00", not "soon"'),
        ({"date": "2024-02-29T12:30+02"}, ValueError, "date must be a time such as"),
        ({"lastreply": "2024-02-29T12:30:00+02:00"}, ValueError, "lastreply must be a time such as"),
        (
            {"lastreply": datetime(2024, 2, 29, tzinfo=timezone.utc)},
            ValueError,
            "lastreply has a time zone, and must be in the install's own time, without one: give lastreply.astimezone",
        ),
        ({"attachments_removed": "yes"}, TypeError, "attachments_removed must be a bool, not str"),
        ({"attachments": 5}, TypeError, "attachments must be an iterable of Attachments or mappings, not int"),
        ({"attachments": [5]}, TypeError, "attachments[0] must be an Attachment or a mapping, not int"),
        ({"attachments": [{"filename": "a"}]}, ValueError, 'attachments[0] has no "index"'),
        (
            {"attachments": [Attachment("a", 0), {"filename": 1, "index": 0}]},
            TypeError,
            "attachments[1].filename must be a str, not int",
        ),
        ({"attachments": [Attachment("a", -1)]}, ValueError, "attachments[0].index must be from 0"),
        ({"extra": 5}, TypeError, "extra must be a mapping, not int"),
        ({"extra": {"id": 5}}, ValueError, 'extra has "id", which is not an unknown field'),
        ({"extra": {"x": object()}}, TypeError, "extra can't be written as JSON: Object of type object"),
        ({"extra": {"x": float("nan")}}, ValueError, "extra can't be written as JSON: Out of range float"),
        ({"extra": {"x": "\ud800"}}, ValueError, "extra has a text that is not Unicode"),
        ({"color": "red"}, TypeError, 'a ticket has no field "color"; unknown ones go into extra'),
    ],
    ids=str,
)
def test_an_invalid_field_value_is_reported_with_the_argument(fields, kind, says):
    with pytest.raises(kind, match=f"^{re.escape(says)}"):
        Ticket(**fields)


def test_times_may_be_given_as_texts():
    for text in ("2024-02-29 12:30:00", "2024-02-29T12:30:00"):
        assert Ticket(date=text).date == datetime(2024, 2, 29, 12, 30)
    built = Ticket(id=7, date="2024-02-29 12:30:00")
    assert Ticket(**json.loads(built.to_json())) == built


def test_attachments_are_values():
    first = Attachment("a.png", 1)
    assert first == Attachment("a.png", 1) != Attachment("a.png", 2) and first != "a.png"
    assert len({first, Attachment("a.png", 1)}) == 1
    assert repr(first) == "Attachment(filename='a.png', index=1)" and first.to_dict() == {
        "filename": "a.png",
        "index": 1,
    }
    assert pickle.loads(pickle.dumps(first)) == first
    match first:
        case Attachment(filename, index):
            assert (filename, index) == ("a.png", 1)
    with pytest.raises(TypeError):
        Attachment("a.png", "1")


def test_a_class_of_words_can_be_iterated():
    assert list(Priority) == ["Low", "Medium", "High"] and list(RequestorType) == ["Owner", "Operator"]
    assert len(Status) == len(list(Status)) == 9 and all(type(word) is Status and word.is_known for word in Status)
    assert next(iter(Status)) is Status.OPEN and list(Status)[-1] is Status.MY_FLAGGED
    assert Status and "Open" in Status and "Odd" not in Status
