"""The documentation does what it says: docstrings, the README, and the examples for type checkers."""

import doctest
import inspect
import pathlib
import re
import runpy
import types

import pytest

import gettickets
from gettickets import (
    _client,
    _errors,
    _fleet,
    _mirror,
    _native,
    _notes,
    _records,
    _sandbox,
    _version,
    _words,
    _zones,
)

HERE = pathlib.Path(__file__).parent
MODULES = [gettickets, _client, _errors, _fleet, _mirror, _notes, _records, _sandbox, _version, _words, _zones]
READMES = [HERE.parent / "README.md", HERE.parents[2] / "README.md"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_of_docstrings_run(module):
    assert doctest.testmod(module).failed == 0


def public_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in gettickets.__all__:
        thing = getattr(gettickets, name)
        if callable(thing):
            # For every class, wherever it is defined.
            tests = finder.find(thing, name, module=False, globs=dict(vars(gettickets)))
            yield from (pytest.param(test, id=test.name) for test in tests if test.examples)


@pytest.mark.parametrize("test", list(public_examples()))
def test_the_examples_of_public_objects_run(test):
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_stated_limit_of_a_reply_is_that_of_the_decoder():
    with pytest.raises(gettickets.ArgumentError, match=f"max_len must be from 1 to {340 << 20}, not"):
        gettickets.decode("{}", max_len=(340 << 20) + 1)
    for documented in (gettickets.decode, gettickets.Client, gettickets.AsyncClient):
        docs = [documented.__doc__, documented.__init__.__doc__]
        assert any("340 MiB" in doc for doc in docs if doc), documented


def test_there_are_examples():
    found = {case.id for case in public_examples()}
    assert found >= {
        "Client",
        "Client.tickets",
        "AsyncClient",
        "Fleet",
        "Mirror",
        "Sandbox",
        "Status",
        "Ticket",
        "Version",
        "decode",
    }


def python_blocks():
    for path in READMES:
        for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.S | re.M)):
            yield pytest.param(block, id=f"{path.parent.name}-{number}")


@pytest.mark.parametrize("block", list(python_blocks()))
def test_the_examples_of_the_readmes_run(block, tmp_path, monkeypatch):
    for module in re.findall(r"^ *import (polars|pyarrow|pandas|duckdb)", block, re.M):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pasted.py"
    path.write_text(block, "utf-8")
    runpy.run_path(str(path), run_name="__main__")


def test_the_readmes_have_examples():
    assert len(list(python_blocks())) >= 4


def test_the_examples_for_type_checkers_run():
    pytest.importorskip("typing_extensions")
    runpy.run_path(str(HERE / "typing" / "examples.py"), run_name="__main__")


def public():
    """Every public name and its object, including members of classes."""
    for name in gettickets.__all__:
        thing = getattr(gettickets, name)
        yield name, thing
        if inspect.isclass(thing):
            for inner, value in vars(thing).items():
                if not inner.startswith("_"):
                    yield f"{name}.{inner}", value


def test_everything_public_is_documented():
    plain = (str, int, bool, type(None), tuple, dict)
    lacking = [
        name
        for name, thing in public()
        if not isinstance(thing, plain)
        and not inspect.getdoc(thing.__func__ if isinstance(thing, classmethod) else thing)
    ]
    assert lacking == []


def test_all_lists_every_public_name():
    there = {
        name
        for name, thing in vars(gettickets).items()
        if not name.startswith("_") and not isinstance(thing, types.ModuleType)
    }
    assert there | {"__version__"} == set(gettickets.__all__)


def test_stubs_and_schema_have_every_field_of_the_history():
    stub = (pathlib.Path(_native.__file__).parent / "_native.pyi").read_text("utf-8")
    ticket = stub.partition("class Ticket:")[2].partition("@final")[0]
    assert re.findall(r"^        (\w+): .* = \.\.\.,$", ticket, re.M)[:-1] == [
        field.name for field in gettickets.FIELDS
    ]
    for field in gettickets.FIELDS:
        assert f"def {field.name}(self)" in ticket
