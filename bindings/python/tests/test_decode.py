"""`decode`, from whatever holds a reply."""

import array
import io
import json
import mmap

import pytest

import gettickets
from conftest import reply

BODY = reply({"subject": "Ünïcode"}, {"subject": "\U0001f5a8 on fire"})


def test_a_reply_is_read_from_whatever_holds_it(tmp_path):
    path = tmp_path / "reply.json"
    raw = BODY.encode()
    path.write_bytes(raw)
    wanted = gettickets.decode(BODY)
    assert wanted[1].subject == "\U0001f5a8 on fire"
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        for body in [raw, bytearray(raw), memoryview(raw), memoryview(raw)[:], array.array("B", raw), mapped]:
            assert gettickets.decode(body) == wanted, type(body)
    with open(path, "rb") as binary, open(path, encoding="utf-8") as text:
        for body in [path, binary, text, io.BytesIO(raw), io.StringIO(BODY)]:
            assert gettickets.decode(body) == wanted, type(body)


def test_text_that_is_spelled_beyond_ascii_is_read_too():
    body = json.dumps(json.loads(BODY), ensure_ascii=False)
    assert not body.isascii()
    assert gettickets.decode(body) == gettickets.decode(BODY)


def test_a_part_of_a_memoryview_is_that_part():
    assert len(gettickets.decode(memoryview(b"xx" + BODY.encode() + b"xx")[2:-2])) == 2
    every_other = memoryview(bytes(byte for byte in BODY.encode() for _ in range(2)))[::2]
    assert len(gettickets.decode(every_other)) == 2


def test_what_can_change_is_copied():
    body = bytearray(BODY.encode())
    page = gettickets.decode(body)
    body[:] = b"x" * len(body)
    assert page[0].subject == "Ünïcode"


def test_a_page_keeps_the_bytes_that_it_points_into():
    pages = [gettickets.decode(reply({"subject": f"number {number}"}).encode()) for number in range(1000)]
    assert [page[0].subject for page in pages] == [f"number {number}" for number in range(1000)]


@pytest.mark.parametrize("body", [5, None, 1.5, [], object()])
def test_what_holds_no_reply_is_a_type_error(body):
    with pytest.raises(TypeError, match="a reply is str, bytes, an open file or a path, not"):
        gettickets.decode(body)


def test_a_path_that_is_not_there_is_told_as_python_tells_it(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        gettickets.decode(tmp_path / "missing.json")
    assert error.value.filename == str(tmp_path / "missing.json")


def test_half_a_surrogate_pair_in_a_str_is_refused():
    with pytest.raises(UnicodeEncodeError):
        gettickets.decode("\ud800")


def test_a_reply_that_is_too_large_is_told_with_the_limit():
    with pytest.raises(gettickets.TooLargeError) as error:
        gettickets.decode(BODY, max_len=100)
    assert (error.value.limit, error.value.code) == (100, "too-large")
    assert len(gettickets.decode(BODY, max_len=len(BODY))) == 2


def test_a_place_is_told_of_what_cannot_be_read():
    body = reply({}, {"id": "seven"})
    with pytest.raises(gettickets.DecodeError) as error:
        gettickets.decode(body)
    error = error.value
    assert (error.code, error.path, error.http_status) == ("invalid-integer", "tickets.ticket[1].id", None)
    assert body[error.offset :].startswith('"seven"')
    assert "seven" in error.excerpt and "tickets.ticket[1].id" in str(error)
    assert error.hint and error.__notes__ == [error.hint]
    assert not error.may_have_been_sent


def test_strict_names_the_first_finding():
    body = "Notice: something\n" + reply()
    assert [finding.code for finding in gettickets.decode(body).findings] == ["leading-text"]
    with pytest.raises(gettickets.DecodeError, match="text stands before the reply") as error:
        gettickets.decode(body, strict=True)
    assert error.value.code == "strict"


def test_findings_read_well():
    finding = gettickets.decode(reply({"date": "soon"}, {"date": "later"})).findings[0]
    assert (finding.code, finding.field, finding.count) == ("unreadable-date", "date", 2)
    assert str(finding) == (
        'a date can\'t be read; it is kept as text (at tickets.ticket[0].date and 1 more): "soon"'
    )


def test_keywords_are_keywords():
    with pytest.raises(TypeError):
        gettickets.decode(BODY, True)
    with pytest.raises(TypeError):
        gettickets.decode(BODY, lenient=True)


@pytest.mark.parametrize("name", ["reply.json", "/var/tmp/a reply.xml", "C:\\replies\\1.json", "x" * 300])
def test_a_name_of_a_file_is_told_from_a_reply(name):
    with pytest.raises(gettickets.NotTheApiError) as error:
        gettickets.decode(name)
    assert (
        error.value.hint.startswith("A str is taken for the reply itself.") and "pathlib.Path" in error.value.hint
    )
    assert error.value.__notes__ == [error.value.hint]


@pytest.mark.parametrize(
    "body", ["", " ", "<html><title>Log in</title>", "x" * 5000, "Down\nfor maintenance", b"reply.json"]
)
def test_what_is_no_name_has_the_hint_of_its_own(body):
    with pytest.raises(gettickets.Error) as error:
        gettickets.decode(body)
    assert error.value.hint and "A str is taken" not in error.value.hint
