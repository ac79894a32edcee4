"""The source for dlt, loaded into DuckDB."""

import datetime
import logging

import pytest

import gettickets
from conftest import client_of, engine

dlt = engine("dlt")
duckdb = engine("duckdb")

import gettickets.dlt as source_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def two():
    with (
        gettickets.Sandbox(tickets=130, seed=1) as eu,
        gettickets.Sandbox(tickets=70, seed=2) as us,
    ):
        yield {"eu": eu, "us": us}


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    """A pipeline into a DuckDB file, without telemetry, that writes only into the folder."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.chdir(tmp_path)
    return dlt.pipeline(
        "support",
        destination=dlt.destinations.duckdb(str(tmp_path / "tickets.duckdb")),
        dataset_name="whmcs",
        pipelines_dir=str(tmp_path / "pipelines"),
    )


def clients(sandboxes, **settings):
    return {name: client_of(sandbox, **settings) for name, sandbox in sandboxes.items()}


def rows(pipeline, query):
    with pipeline.sql_client() as client, client.execute_query(query) as cursor:
        return cursor.fetchall()


def loaded(pipeline):
    """The tickets of the table: install and id, with status and department."""
    found = rows(pipeline, "SELECT install, id, status, deptid FROM tickets")
    assert len(found) == len({row[:2] for row in found}), "the key is unique"
    return {(install, id): (status, deptid) for install, id, status, deptid in found}


def truth(sandboxes):
    """The same for the sandboxes."""
    tickets = ((name, sandbox.get(id)) for name, sandbox in sandboxes.items() for id in sandbox.ids())
    return {(name, ticket.id): (str(ticket.status), ticket.deptid) for name, ticket in tickets}


def test_updates_are_merged_and_a_full_load_deletes_what_is_gone(two, pipeline):
    pipeline.run(source_of.source(clients(two)))
    assert loaded(pipeline) == truth(two)

    answered, deleted, moved = (two["eu"].ids()[place] for place in (100, 50, 60))
    two["eu"].reply(answered, "Answered")
    two["us"].open(subject="New")
    pipeline.run(source_of.source(clients(two)))
    assert loaded(pipeline) == truth(two)

    # Neither changes the time of the last reply, so only a full load finds them.
    two["eu"].delete(deleted)
    two["eu"].set_department(moved, 99)
    pipeline.run(source_of.source(clients(two)))
    assert {key for key, row in loaded(pipeline).items() if truth(two).get(key) != row} == {
        ("eu", deleted),
        ("eu", moved),
    }
    pipeline.run(source_of.source(clients(two), full=True))
    assert loaded(pipeline) == truth(two)

    # The next load is incremental again, and deletes nothing.
    two["us"].reply(two["us"].ids()[30])
    pipeline.run(source_of.source(clients(two)))
    assert loaded(pipeline) == truth(two)


def test_a_full_load_of_some_installs_keeps_the_others(two, pipeline):
    pipeline.run(source_of.source(clients(two)))
    two["eu"].delete(two["eu"].ids()[3])
    pipeline.run(source_of.source({"eu": client_of(two["eu"])}, full=True))
    assert loaded(pipeline) == truth(two)


def test_an_incremental_load_reads_only_recent_tickets(two, pipeline):
    pipeline.run(source_of.source(clients(two)))
    assert pipeline.last_trace.last_normalize_info.row_counts["tickets"] == 200
    two["eu"].reply(two["eu"].ids()[90])
    pipeline.run(source_of.source(clients(two), overlap=0))
    # The answered ticket, and the tickets in the same second as the previous newest reply.
    assert 1 <= pipeline.last_trace.last_normalize_info.row_counts["tickets"] <= 5


def test_columns_and_types(two, pipeline):
    pipeline.run(source_of.source(clients(two, timezone="America/New_York")))
    types = dict(
        rows(
            pipeline, "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'tickets'"
        )
    )
    assert types["id"] == types["deptid"] == "BIGINT"
    assert types["date"] == types["lastreply"] == "TIMESTAMP"
    assert types["date_utc"] == "TIMESTAMP WITH TIME ZONE"
    assert types["attachments"] == types["extra"] == "JSON"
    assert "c" not in types and "_dlt_id" not in types
    ticket = next(iter(client_of(two["eu"], timezone="America/New_York").tickets()))
    [(date, utc, subject)] = rows(
        pipeline, f"SELECT date, epoch(date_utc), subject FROM tickets WHERE install = 'eu' AND id = {ticket.id}"
    )
    assert date == ticket.date.replace(tzinfo=None) and subject == ticket.subject
    assert datetime.datetime.fromtimestamp(utc, datetime.timezone.utc) == ticket.date


def test_access_keys_are_loaded_on_request(two, pipeline):
    pipeline.run(source_of.source(clients(two), access_keys=True))
    assert rows(pipeline, "SELECT count(*) FROM tickets WHERE c IS NULL") == [(0,)]


def test_a_failed_install_fails_the_load_and_leaves_the_state(two, pipeline):
    pipeline.run(source_of.source(clients(two)))
    two["eu"].reply(two["eu"].ids()[90])
    broken = {
        **clients(two),
        "us": gettickets.Client(two["us"].url, identifier="i", secret="hunter2", max_attempts=1),
    }
    before = loaded(pipeline)
    with pytest.raises(Exception, match="1 of 2 installs failed: us: ") as raised:
        pipeline.run(source_of.source(broken))
    assert "hunter2" not in str(raised.value)
    assert loaded(pipeline) == before
    # The tickets that were read from the other install were not stored, and are read again.
    pipeline.drop_pending_packages()
    pipeline.run(source_of.source(clients(two)))
    assert loaded(pipeline) == truth(two)


def test_other_installs_are_loaded_on_request(two, pipeline, caplog):
    two["eu"].reply(two["eu"].ids()[90])
    broken = {**clients(two), "us": gettickets.Client(two["us"].url, identifier="i", secret="x", max_attempts=1)}
    with caplog.at_level(logging.ERROR, "gettickets"):
        pipeline.run(source_of.source(broken, on_error="report"))
    assert {install for install, _ in loaded(pipeline)} == {"eu"}
    assert any("us was not loaded" in record.getMessage() for record in caplog.records)
    pipeline.run(source_of.source(clients(two)))
    assert loaded(pipeline) == truth(two)


def test_a_reply_dated_in_the_future_does_not_hide_later_ones(two, pipeline):
    """The clock of a server was wrong for a short time."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
    two["eu"].open(subject="From the future", lastreply=now + datetime.timedelta(days=400))
    pipeline.run(source_of.source(clients(two)))
    two["eu"].open(subject="Later", lastreply=now)
    pipeline.run(source_of.source(clients(two)))
    assert loaded(pipeline) == truth(two)


def test_an_empty_install_is_loaded_and_emptied_with_a_warning(pipeline, caplog):
    with gettickets.Sandbox(tickets=3) as sandbox:
        pipeline.run(source_of.source({"eu": client_of(sandbox)}))
        for id in sandbox.ids():
            sandbox.delete(id)
        with caplog.at_level(logging.WARNING, "gettickets"):
            pipeline.run(source_of.source({"eu": client_of(sandbox)}, full=True))
    assert any("eu has no ticket" in record.getMessage() for record in caplog.records)
    assert len(loaded(pipeline)) == 3


def test_profiles_are_read(two, pipeline, tmp_path, monkeypatch):
    folder = tmp_path / "gettickets"
    folder.mkdir()
    text = ""
    for name, sandbox in two.items():
        monkeypatch.setenv(f"SECRET_{name.upper()}", sandbox.credentials["secret"])
        text += f'[profiles.{name}]\nurl = "{sandbox.url}"\nidentifier = "{sandbox.credentials["identifier"]}"\n'
        text += f'secret-env = "SECRET_{name.upper()}"\n'
    (folder / "config.toml").write_text(text)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    pipeline.run(source_of.source("eu, u*"))
    assert loaded(pipeline) == truth(two)


def test_wrong_arguments_are_refused(two):
    for wrong in ({"on_error": "ignore"}, {"overlap": -1}, {"overlap": float("nan")}):
        with pytest.raises(gettickets.ArgumentError):
            source_of.source(clients(two), **wrong)
    with pytest.raises(gettickets.ArgumentError, match="would delete"):
        source_of.source(clients(two), full=True, on_error="report")
    with pytest.raises(gettickets.ArgumentError, match="no profile"):
        source_of.source("")
