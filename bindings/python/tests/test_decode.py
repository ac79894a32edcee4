"""`decode`, with every kind of object that can hold a reply."""

import array
import gzip
import io
import json
import mmap
import pathlib
import signal
from unittest import mock

import pytest

import gettickets
from conftest import reply

BODY = reply({"subject": "Ünïcode"}, {"subject": "\U0001f5a8 on fire"})


def test_a_reply_is_read_from_every_kind_of_object(tmp_path):
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


def test_non_ascii_text_is_read():
    body = json.dumps(json.loads(BODY), ensure_ascii=False)
    assert not body.isascii()
    assert gettickets.decode(body) == gettickets.decode(BODY)


def test_a_slice_of_a_memoryview_is_read():
    assert len(gettickets.decode(memoryview(b"xx" + BODY.encode() + b"xx")[2:-2])) == 2
    every_other = memoryview(bytes(byte for byte in BODY.encode() for _ in range(2)))[::2]
    assert len(gettickets.decode(every_other)) == 2


def test_mutable_buffers_are_copied():
    body = bytearray(BODY.encode())
    page = gettickets.decode(body)
    body[:] = b"x" * len(body)
    assert page[0].subject == "Ünïcode"


def test_a_page_keeps_the_bytes_that_it_points_into():
    pages = [gettickets.decode(reply({"subject": f"number {number}"}).encode()) for number in range(1000)]
    assert [page[0].subject for page in pages] == [f"number {number}" for number in range(1000)]


@pytest.mark.parametrize("body", [5, None, 1.5, [], object()])
def test_an_object_that_cannot_hold_a_reply_is_a_type_error(body):
    with pytest.raises(TypeError, match="a reply must be str, bytes, an open file or a path, not"):
        gettickets.decode(body)


def test_a_missing_path_raises_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        gettickets.decode(tmp_path / "missing.json")
    assert error.value.filename == str(tmp_path / "missing.json")


def test_a_lone_surrogate_in_a_str_is_refused():
    with pytest.raises(UnicodeEncodeError):
        gettickets.decode("\ud800")


def test_the_error_for_a_reply_that_is_too_large_has_the_limit():
    with pytest.raises(gettickets.TooLargeError) as error:
        gettickets.decode(BODY, max_len=100)
    assert (error.value.limit, error.value.code) == (100, "too-large")
    assert len(gettickets.decode(BODY, max_len=len(BODY))) == 2


def test_a_decode_error_has_the_position():
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
    with pytest.raises(gettickets.DecodeError, match="text precedes the reply") as error:
        gettickets.decode(body, strict=True)
    assert error.value.code == "strict"


def test_findings_are_sentences():
    finding = gettickets.decode(reply({"date": "soon"}, {"date": "later"})).findings[0]
    assert (finding.code, finding.field, finding.count) == ("unreadable-date", "date", 2)
    assert str(finding) == (
        'a date cannot be read; it is kept as text (at tickets.ticket[0].date and 1 more): "soon"'
    )


def test_options_are_keyword_only():
    with pytest.raises(TypeError):
        gettickets.decode(BODY, True)
    with pytest.raises(TypeError):
        gettickets.decode(BODY, lenient=True)


@pytest.mark.parametrize("name", ["reply.json", "/var/tmp/a reply.xml", "C:\\replies\\1.json", "x" * 300])
def test_a_file_name_is_distinguished_from_a_reply(name):
    with pytest.raises(gettickets.UnexpectedResponseError) as error:
        gettickets.decode(name)
    assert error.value.hint.startswith("A str is read as the reply itself.") and "pathlib.Path" in error.value.hint
    assert error.value.__notes__ == [error.value.hint]


@pytest.mark.parametrize(
    "body", ["", " ", "<html><title>Log in</title>", "x" * 5000, "Down\nfor maintenance", b"reply.json"]
)
def test_other_text_has_the_usual_hint(body):
    with pytest.raises(gettickets.Error) as error:
        gettickets.decode(body)
    assert error.value.hint and "A str is read" not in error.value.hint


class Reader:
    """A file whose read() returns these parts one after another, and then the last part forever."""

    def __init__(self, *parts):
        self.parts, self.calls = list(parts), 0

    def read(self, size=-1):
        self.calls += 1
        return self.parts.pop(0) if len(self.parts) > 1 else self.parts[0]


def test_a_reader_that_returns_neither_text_nor_bytes_is_refused():
    itself = Reader(None)
    itself.parts = [itself]
    for body in (itself, Reader(Reader(b"")), Reader(None), Reader(5), mock.MagicMock(), Reader(b"{", object())):
        with pytest.raises(TypeError, match=r"read\(\) of a file must return str, bytes"):
            gettickets.decode(body)
    assert itself.calls == 1
    with pytest.raises(TypeError):
        gettickets.decode(Reader(b"{", "}", b""))


def test_reading_stops_at_the_limit():
    endless = Reader(b"x" * 100)
    with pytest.raises(gettickets.TooLargeError):
        gettickets.decode(endless, max_len=1000)
    assert endless.calls <= 11
    with open("/dev/zero", "rb") as zeros, pytest.raises(gettickets.TooLargeError):
        gettickets.decode(zeros, max_len=100_000)
    with pytest.raises(gettickets.TooLargeError):
        gettickets.decode(pathlib.Path("/dev/zero"), max_len=100_000)
    asked = []

    class Asked(io.BytesIO):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

    assert len(gettickets.decode(Asked(BODY.encode()), max_len=len(BODY))) == 2
    assert asked[0] == len(BODY) + 1 and min(asked) > 0


def test_a_reader_with_small_chunks_is_read_to_its_end():
    raw = BODY.encode()
    parts = [raw[at : at + 7] for at in range(0, len(raw), 7)]
    assert gettickets.decode(Reader(*parts, b"")) == gettickets.decode(BODY)
    texts = [BODY[at : at + 7] for at in range(0, len(BODY), 7)]
    assert gettickets.decode(Reader(*texts, "")) == gettickets.decode(BODY)
    with pytest.raises(gettickets.UnexpectedResponseError):
        gettickets.decode(Reader(b""))


def test_gzip_is_decompressed_within_the_limit(tmp_path):
    packed = gzip.compress(BODY.encode())
    path = tmp_path / "reply.json.gz"
    path.write_bytes(packed)
    for body in (packed, bytearray(packed), path, io.BytesIO(packed), gzip.open(path), gzip.open(path, "rt")):
        assert gettickets.decode(body) == gettickets.decode(BODY)
        if hasattr(body, "close"):
            body.close()
    # Consecutive members are one text.
    assert gettickets.decode(gzip.compress(BODY[:100].encode()) + gzip.compress(BODY[100:].encode()))
    with pytest.raises(gettickets.TooLargeError):
        gettickets.decode(gzip.compress(b" " * 1_000_000), max_len=10_000)
    for broken in (packed[:-10], packed[:20], b"\x1f\x8bnothing of the kind"):
        with pytest.raises(gettickets.DecodeError, match="gzip") as error:
            gettickets.decode(broken)
        assert error.value.code == "gzip" and error.value.hint


def test_a_signal_interrupts_the_decoding_of_a_large_reply():
    class Alarm(Exception):
        pass

    def ring(signum, frame):
        raise Alarm

    body = reply(*[{}] * 100_000).encode()
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        # The alarm arrives while this runs, however fast the machine is.
        with pytest.raises(Alarm):
            while True:
                gettickets.decode(body)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
