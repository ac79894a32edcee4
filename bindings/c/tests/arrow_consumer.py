"""Hands pages and scans to pyarrow, which has an Arrow of its own, and compares what arrives.

arrow_consumer.py LIBRARY REPLY: LIBRARY is libgettickets.so with the sandbox, REPLY a saved reply.
"""

import ctypes
import json
import sys

import pyarrow

library = ctypes.CDLL(sys.argv[1])
pointer, size = ctypes.c_void_p, ctypes.c_size_t
for name, arguments in {
    "gettickets_decode": [ctypes.c_char_p, size, pointer, pointer],
    "gettickets_page_arrow_stream": [pointer, pointer],
    "gettickets_page_to_json": [pointer, pointer],
    "gettickets_sandbox_start": [ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p, pointer, pointer],
    "gettickets_client_builder_new": [ctypes.c_char_p],
    "gettickets_client_builder_set_api_credentials": [pointer, ctypes.c_char_p, ctypes.c_char_p],
    "gettickets_client_builder_build": [pointer, pointer, pointer],
    "gettickets_client_scan": [pointer, pointer, pointer, pointer],
    "gettickets_scan_arrow_stream": [pointer, size, pointer, pointer],
    "gettickets_sandbox_url": [pointer],
    "gettickets_string_data": [pointer],
}.items():
    getattr(library, name).argtypes = arguments
library.gettickets_client_builder_new.restype = pointer
library.gettickets_sandbox_url.restype = ctypes.c_char_p
library.gettickets_string_data.restype = ctypes.c_char_p


def made(function, *arguments):
    """The handle that a call brings."""
    handle = pointer()
    code = function(*arguments, ctypes.byref(handle), *([None] if function.argtypes[-2:] == [pointer] * 2 else []))
    assert code == 0, f"{function.__name__} gave {code}"
    return handle


def table(function, *arguments):
    """What pyarrow makes of the stream that a call brings."""
    stream = ctypes.create_string_buffer(40)  # four functions and a pointer
    address = ctypes.addressof(stream)
    telling = [None] if function is library.gettickets_scan_arrow_stream else []
    assert function(*arguments, address, *telling) == 0
    return pyarrow.RecordBatchReader._import_from_c(address).read_all()


def same(value, wanted):
    """Whether a value is what canonical JSON has for it."""
    return (value.isoformat() if hasattr(value, "isoformat") else value) == wanted


body = open(sys.argv[2], "rb").read()
page = made(library.gettickets_decode, body, len(body))
text = pointer()
assert library.gettickets_page_to_json(page, ctypes.byref(text)) == 0
canonical = json.loads(library.gettickets_string_data(text))["tickets"]
rows = table(library.gettickets_page_arrow_stream, page).to_pylist()
assert len(rows) == len(canonical) > 0
for row, ticket in zip(rows, canonical):
    for name, value in row.items():
        wanted = json.dumps(ticket[name]) if name == "extra" and name in ticket else ticket.get(name)
        assert same(value, wanted), f"{name}: {value!r} is not {wanted!r}"

sandbox = made(library.gettickets_sandbox_start, 250, None, None)
builder = library.gettickets_client_builder_new(library.gettickets_sandbox_url(sandbox))
library.gettickets_client_builder_set_api_credentials(builder, b"sandbox-identifier", b"sandbox-secret")
client = made(library.gettickets_client_builder_build, builder)
scan = made(library.gettickets_client_scan, client, None)
tickets = table(library.gettickets_scan_arrow_stream, scan, 100)
assert sorted(tickets["id"].to_pylist()) == list(range(1, 251))
print(f"pyarrow {pyarrow.__version__} read {len(rows)} and {tickets.num_rows} tickets")
