"""Runs the scripts of docs/recipes against sandboxes that change between two runs."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import gettickets
from conftest import ROOT, engine

RECIPES = ROOT / "docs" / "recipes"


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two sandboxes, with a profile for each."""
    folder = tmp_path / "config" / "gettickets"
    folder.mkdir(parents=True)
    with (
        gettickets.Sandbox(tickets=120, seed=1) as eu,
        gettickets.Sandbox(tickets=80, seed=2) as us,
    ):
        sandboxes = {"shop-eu": eu, "shop-us": us}
        text = ""
        for name, sandbox in sandboxes.items():
            secret = folder / f"{name}.secret"
            secret.write_text(sandbox.credentials["secret"])
            secret.chmod(0o600)
            text += f'[profiles.{name}]\nurl = "{sandbox.url}"\nsecret-file = "{name}.secret"\n'
            text += f'identifier = "{sandbox.credentials["identifier"]}"\n'
        (folder / "config.toml").write_text(text)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder.parent))
        yield sandboxes


def run(script, *arguments, fails=False):
    """Runs a recipe, and returns what it prints, or its error."""
    done = subprocess.run(
        [sys.executable, str(RECIPES / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "DO_NOT_TRACK": "1", "DAFT_ANALYTICS_ENABLED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


def change(sandboxes):
    """Opens, closes, moves and deletes tickets. Returns how many are new, changed and gone."""
    eu, us = sandboxes.values()
    ids = eu.ids()
    eu.set_status(ids[10], "Closed by test")
    eu.set_department(ids[20], 99)
    eu.delete(ids[30])
    us.delete(us.ids()[5])
    us.open(subject="New")
    return 1, 2, 2


def truth(sandboxes):
    tickets = ((name, sandbox.get(id)) for name, sandbox in sandboxes.items() for id in sandbox.ids())
    return sorted((name, ticket.id, str(ticket.status), ticket.deptid) for name, ticket in tickets)


KEY = ["install", "id", "status", "deptid"]


def rows(table):
    return sorted(tuple(row[name] for name in KEY) for row in table.select(KEY).to_pylist())


def test_delta_lake(two, tmp_path):
    deltalake = engine("deltalake")
    lake = tmp_path / "tickets"
    assert run("delta_lake.py", "shop-*", lake) == "200 tickets in a new table\n"
    assert run("delta_lake.py", "shop-*", lake) == "0 new, 0 changed, 0 gone\n"
    assert run("delta_lake.py", "shop-eu", lake) == "0 new, 0 changed, 0 gone\n", "the other install is kept"
    assert "{} new, {} changed, {} gone\n".format(*change(two)) == run("delta_lake.py", "shop-*", lake)
    table = deltalake.DeltaTable(lake).to_pyarrow_table()
    assert rows(table) == truth(two) and "c" not in table.column_names

    # Nothing is deleted if an install cannot be read.
    two["shop-us"].close()
    assert "FleetError" in run("delta_lake.py", "shop-*", lake, fails=True)
    assert len(deltalake.DeltaTable(lake).to_pyarrow_table()) == 199


def test_iceberg(two, tmp_path):
    engine("pyiceberg")
    from pyiceberg.catalog.sql import SqlCatalog

    lake = tmp_path / "lake"
    assert run("iceberg.py", "shop-*", lake) == "200 new, 0 changed, 0 gone\n"
    assert run("iceberg.py", "shop-*", lake) == "0 new, 0 changed, 0 gone\n"
    assert "{} new, {} changed, {} gone\n".format(*change(two)) == run("iceberg.py", "shop-*", lake)
    assert run("iceberg.py", "shop-us", lake) == "0 new, 0 changed, 0 gone\n"
    catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/catalog.db", warehouse=lake.as_uri())
    table = catalog.load_table("whmcs.tickets").scan().to_arrow()
    assert rows(table) == truth(two) and "c" not in table.column_names


def test_polars(two):
    engine("polars")
    header, *lines = run("polars_report.py", "shop-*").splitlines()
    assert header == "install,tickets,since,longest"
    for name, line in zip(two, lines, strict=True):
        client = gettickets.Client.from_profile(name)
        waiting = list(client.tickets(status=gettickets.Status.AWAITING_REPLY))
        install, tickets, _, longest = line.split(",")
        oldest = min(ticket.lastreply for ticket in waiting)
        assert (install, int(tickets)) == (name, len(waiting))
        assert longest in {ticket.tid for ticket in waiting if ticket.lastreply == oldest}


def test_duckdb(two):
    engine("duckdb")
    counts = [line.split(",") for line in run("duckdb_report.py", "shop-*").splitlines()]
    assert sum(int(count) for *_, count in counts) == 200
    opened = {
        (name, ticket.date.strftime("%Y-%m"), str(ticket.status)) for name in two for ticket in tickets(name)
    }
    assert {(install, month, status) for install, month, status, _ in counts} == opened


def tickets(profile):
    return gettickets.Client.from_profile(profile).tickets()


DUCKDB_SQLITE = """
import importlib.util, json, pathlib, sys
import duckdb

package = pathlib.Path(importlib.util.find_spec("duckdb_extension_sqlite_scanner").origin).parent
(extension,) = package.glob("extensions/*/sqlite_scanner.duckdb_extension")
with duckdb.connect() as connection:
    connection.execute(f"LOAD '{extension}'")
    for statement in sys.argv[1].split(";"):
        # The extension is loaded from the package instead of being downloaded.
        if statement.strip() and statement.split()[0] not in ("INSTALL", "LOAD"):
            connection.execute(statement)
    print(json.dumps([connection.sql(query).fetchall() for query in sys.argv[2:]]))
"""


def test_duckdb_attaches_a_mirror(two, tmp_path, monkeypatch):
    python = os.environ.get("GETTICKETS_DUCKDB_SQLITE")
    if not python:
        pytest.skip("GETTICKETS_DUCKDB_SQLITE names a Python with DuckDB and its extension for SQLite")
    monkeypatch.chdir(tmp_path)
    with gettickets.Mirror("tickets.db") as mirror:
        mirror.run(gettickets.Fleet.from_profiles("*"))
        change(two)
        mirror.run(gettickets.Fleet.from_profiles("*"), full=True)
    text = (RECIPES / "duckdb.md").read_text("utf-8")
    blocks = [block.partition("\n```")[0] for block in re.split("\n```(?:text|sql)\n", text)[1:]]
    attach, by_status, moves, *_ = blocks
    assert attach.startswith("INSTALL") and "mirror.tickets" in by_status and "mirror.changes" in moves
    command = [python, "-c", DUCKDB_SQLITE, attach, by_status, moves]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    statuses, moved = json.loads(done.stdout)
    living = {name: len(sandbox.ids()) for name, sandbox in two.items()}
    assert {name: sum(count for install, _, count in statuses if install == name) for name in living} == living
    assert moved == [[1, 1]]


def test_daft(two, tmp_path):
    engine("daft")
    pyarrow_dataset = engine("pyarrow.dataset")
    lake = tmp_path / "tickets"
    assert run("daft_lake.py", "shop-*", lake).startswith("200 tickets in ")
    table = pyarrow_dataset.dataset(lake, partitioning="hive").to_table()
    assert rows(table) == truth(two) and "c" not in table.column_names


def test_every_script_has_a_test():
    source = pathlib.Path(__file__).read_text("utf-8")
    assert all(f'"{script.name}"' in source for script in RECIPES.glob("*.py"))
