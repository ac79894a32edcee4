"""A lake that `gettickets export --partition-by` writes, read by DuckDB, polars and pyarrow."""

import os
import pathlib
import subprocess
import sys
from collections import Counter

import pytest

import gettickets

RECIPE = pathlib.Path(__file__).parents[3] / "docs" / "recipes" / "lake.md"
INSTALLS = {"eu": 300, "us & /=": 200}
"""The names of installs and their numbers of tickets. Special characters are encoded in paths."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """The directory of the lake, and the expected number of tickets of each install and month."""
    home = tmp_path_factory.mktemp("lake")
    (home / "gettickets").mkdir()
    expected = Counter()
    sandboxes = [gettickets.Sandbox(tickets=tickets, seed=tickets) for tickets in INSTALLS.values()]
    profiles = ""
    for number, (name, sandbox) in enumerate(zip(INSTALLS, sandboxes, strict=True)):
        secret = home / "gettickets" / f"{number}.secret"
        secret.touch(mode=0o600)
        secret.write_text(sandbox.credentials["secret"])
        profiles += f'[profiles."{name}"]\nurl = "{sandbox.url}"\nsecret-file = "{number}.secret"\n'
        profiles += f'identifier = "{sandbox.credentials["identifier"]}"\ntime-zone = "Europe/Berlin"\n'
        for ticket in gettickets.Client(sandbox.url, **sandbox.credentials).tickets():
            expected[name, ticket.date.strftime("%Y-%m") if ticket.date else None] += 1
    (home / "gettickets" / "config.toml").write_text(profiles)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GETTICKETS")}
    command = [sys.executable, "-m", "gettickets", "export", "--all-profiles", "--output", str(home / "lake")]
    command += ["--partition-by", "install,opened_month"]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**environment, "XDG_CONFIG_HOME": str(home)}
    )
    assert ran.returncode == 0, ran.stderr
    for sandbox in sandboxes:
        sandbox.close()
    # The unreadable files of an interrupted run are skipped.
    left = "part-20251129T001500Z-Ab3xYz"
    (home / "lake" / f".{left}.run").touch()
    (home / "lake" / "install=eu" / f".{left}.parquet.tmp").write_bytes(b"PAR1")
    return home / "lake", expected


def test_duckdb_reads_a_lake(lake):
    duckdb = pytest.importorskip("duckdb")
    directory, expected = lake
    with duckdb.connect() as connection:
        rows = connection.sql(
            f"select install, opened_month, count(*), count(distinct id), min(date_utc) < max(lastreply_utc)"
            f" from read_parquet('{directory}/**/*.parquet', hive_partitioning = true) group by all"
        ).fetchall()
    assert {(install, month): count for install, month, count, *_ in rows} == expected
    assert all(count == distinct and ordered for _, _, count, distinct, ordered in rows)


def test_polars_reads_a_lake(lake):
    pl = pytest.importorskip("polars")
    directory, expected = lake
    scanned = pl.scan_parquet(
        f"{directory}/**/*.parquet",
        hive_partitioning=True,
        hive_schema={"install": pl.String, "opened_month": pl.String},
    )
    counts = scanned.group_by("install", "opened_month").len().collect()
    assert {(install, month): count for install, month, count in counts.rows()} == expected
    assert scanned.filter(pl.col("install") == "us & /=").collect()["id"].n_unique() == 200


def test_pyarrow_reads_a_lake(lake):
    pytest.importorskip("pyarrow")
    dataset = pytest.importorskip("pyarrow.dataset")
    directory, expected = lake
    table = dataset.dataset(directory, partitioning="hive").to_table(columns=["install", "opened_month", "id"])
    found = Counter(zip(table["install"].to_pylist(), table["opened_month"].to_pylist(), strict=True))
    assert found == expected


def blocks(language):
    """The blocks of the recipe in this language."""
    found = [block.partition("\n```")[0] for block in RECIPE.read_text("utf-8").split(f"\n```{language}\n")[1:]]
    assert found
    return found


def test_the_sql_of_the_recipe_returns_rows(lake, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(lake[0].parent)
    for sql in blocks("sql"):
        with duckdb.connect() as connection:
            assert connection.sql(sql).fetchall()


def test_the_python_of_the_recipe_returns_rows(lake, monkeypatch, capsys):
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(lake[0].parent)
    for code in blocks("python"):
        exec(compile(code, str(RECIPE), "exec"), {})
        assert "Answered" in capsys.readouterr().out
