"""`decode` with mutated replies: a page or one of the documented errors, and never anything else."""

import json
import os
import pickle
import random

import gettickets
from conftest import BODIES

# As many as take a few seconds. A failure shows its seed; GETTICKETS_MUTATIONS=1 GETTICKETS_SEED=… repeats it.
COUNT = int(os.environ.get("GETTICKETS_MUTATIONS", "4000"))
SEED = int(os.environ.get("GETTICKETS_SEED", "1"))
LONGEST = 4096

TOKENS = [
    b'"id":', b"null", b"true", b"[]", b"{}", b"[[]]", b'""', b"\\ud83d", b"\\u0000", b"18446744073709551616", b"-1",
    b"1e400", b'"requestor_name":null,', b'"attachments":[{"filename":"a","index":0}],', b"<ticket>", b"</ticket>",
    b"<![CDATA[", b"&#x0;", b"&amp;", b'<?xml version="1.0" encoding="iso-8859-1"?>', b"\xef\xbb\xbf", b"\xff", b"\0",
    b"\xed\xa0\x80", b"result=error;message=", b"0000-00-00 00:00:00",
]  # fmt: skip


def mutated(draw, bodies):
    """A body with some changes, determined only by the random numbers."""
    body = bytearray(draw.choice(bodies))
    for _ in range(draw.choice([1, 1, 2, 4, 8])):
        at = draw.randrange(len(body) + 1)
        end = min(len(body), at + draw.choice([1, 2, 8, 64]))
        change = draw.randrange(6)
        if change == 0:
            body[at:end] = b""
        elif change == 1 and at < len(body):
            body[at] ^= 1 << draw.randrange(8)
        elif change == 2:
            body[at:at] = draw.choice(TOKENS)
        elif change == 3:
            body[at:end] = draw.choice(TOKENS)
        elif change == 4:
            del body[at:]
        else:
            other = draw.choice(bodies)
            begin = draw.randrange(len(other) + 1)
            body[at:end] = other[begin : begin + draw.choice([8, 64, 512])]
    return bytes(body)


def check(body, strict):
    try:
        page = gettickets.decode(body, strict=strict)
    except gettickets.Error as error:
        assert error.code
        # Text from the server, so it is bounded and on one line.
        assert len(str(error)) < 4000 and "\n" not in str(error)
        assert pickle.loads(pickle.dumps(error)).code == error.code
        return False
    assert not (strict and page.findings)
    canonical = page.to_json()
    tickets = json.loads(canonical)["tickets"]
    assert [ticket["id"] for ticket in tickets] == [ticket.id for ticket in page]
    if '"extra":' not in canonical:
        # Canonical JSON decodes to the same page, except that unknown fields move one level down.
        assert gettickets.decode(canonical).to_json() == canonical
    for ticket in page:
        # Whatever the texts contain, every way to display them works.
        for value in (ticket.tid, ticket.subject, ticket.subject_text, ticket.status, repr(ticket)):
            assert value is None or value.encode() is not None
        assert pickle.loads(pickle.dumps(ticket)) == ticket
    page._repr_html_().encode()
    return True


def test_mutated_replies_are_pages_or_errors():
    bodies = [body for path in BODIES if len(body := path.read_bytes()) <= LONGEST]
    pages = 0
    for seed in range(SEED, SEED + COUNT):
        draw = random.Random(seed)
        body = mutated(draw, bodies)
        try:
            pages += check(body, strict=draw.random() < 0.25)
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {body!r}") from error
    if COUNT > 1000:
        # If no mutation yielded a page, the test would check little.
        assert pages > COUNT // 20, pages
