"""What SQLite alone has to show: killed writers, racing processes, and a schema that migrates."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from fleet.adapters.ledger import SqlLedger, queries
from fleet.adapters.ledger.columns import metadata
from fleet.adapters.ledger.engine import HEAD, engine_for, migrate
from fleet.adapters.memory import ManualClock
from fleet.domain.errors import ConfigError, FleetError, StaleLeaseError, TransientError
from fleet.ports import Append, Log, Save
from tests.builders import NOW, a_task, an_event
from tests.ledgers import a_ledger

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(tmp_path, clock):
    opened = a_ledger(tmp_path, clock)
    yield opened
    opened.close()


def writer(url: str, what: str) -> "subprocess.Popen[str]":
    """Start another process that writes to the ledger."""
    command = [sys.executable, "-m", "tests.contract.ledger_writer", what, url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_a_killed_writer_leaves_state_and_event_together(url, ledger, lines):
    ledger.commit([Save(row=a_task())])
    with writer(url, "forever") as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)][-1]
        os.kill(process.pid, signal.SIGKILL)

    titles = [event.what for event in ledger.events()]
    assert len(titles) >= int(said)
    assert titles == [str(number) for number in range(1, len(titles) + 1)]
    assert ledger.task("APP-1").title == titles[-1]
    assert ledger.task("APP-1").version == 1 + len(titles)


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_after_a_kill_money_and_swaps_are_whole_and_a_repeat_adds_none(url, ledger, lines):
    ledger.commit([Save(row=a_task())])
    with writer(url, "swap") as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)][-1]
        os.kill(process.pid, signal.SIGKILL)

    ended = ledger.attempts()
    appended = [*ledger.settlements(), *ledger.receipts()]
    ledger.commit([Append(row=row) for row in appended])

    assert len(ended) >= int(said)
    assert len(appended) == 2 * len(ended)
    assert ledger.snapshot().task_settled == {"APP-1": len(ended)}
    assert ledger.snapshot().swaps == {ledger.receipts()[0].night: len(ended)}


def test_of_two_racing_processes_one_wins_each_version(url, ledger):
    ledger.commit([Save(row=a_task())])

    with writer(url, "race") as first, writer(url, "race") as second:
        won = [int(process.communicate()[0]) for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0]
    assert sum(won) == ledger.task("APP-1").version - 1 == len(ledger.events())


def test_processes_that_open_an_empty_home_at_once_all_find_a_ledger(url):
    writers = [writer(url, "open") for _ in range(4)]

    for process in writers:
        with process:
            process.communicate()
    assert [process.returncode for process in writers] == [0] * 4


def test_threads_share_a_ledger(ledger):
    ledger.commit([Save(row=a_task())])
    won = []

    def climb() -> None:
        for _ in range(20):
            task = ledger.task("APP-1")
            try:
                ledger.commit([Save(row=task), Log(event=an_event())])
                won.append(1)
            except StaleLeaseError:
                ledger.snapshot()

    threads = [threading.Thread(target=climb) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ledger.task("APP-1").version == 1 + len(won) == 1 + len(ledger.events())


def test_a_reader_sees_one_instant_while_others_write(ledger):
    ledger.commit([Save(row=a_task()), Log(event=an_event())])
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            task = ledger.task("APP-1")
            ledger.commit([Save(row=task), Log(event=an_event())])

    thread = threading.Thread(target=write)
    thread.start()
    seen = [ledger.snapshot() for _ in range(100)]
    done.set()
    thread.join()

    assert all(one.tasks[0].version == one.latest_event for one in seen)


def test_the_migrated_schema_is_the_one_the_code_knows(url):
    engine = engine_for(url)
    migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
        assert partial_indexes(connection) == partial_indexes_of_metadata()
    engine.dispose()


def test_the_newest_question_is_found_without_a_walk_through_all_of_them(url, ledger):
    engine = engine_for(url)
    asked = str(queries.LATEST.compile(engine))

    with engine.connect() as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (0, 0, 0)).all()

    assert any("pending_actions USING COVERING INDEX" in step[-1] for step in steps)
    engine.dispose()


def partial_indexes(connection: sa.Connection) -> dict[str, str]:
    """Answer each index's own words: alembic does not compare conditions."""
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    return {name: words(sql) for name, sql in connection.exec_driver_sql(found)}


def partial_indexes_of_metadata() -> dict[str, str]:
    blank = sa.create_engine("sqlite://")
    metadata.create_all(blank)
    with blank.connect() as connection:
        indexes = partial_indexes(connection)
    blank.dispose()
    return indexes


def words(sql: str) -> str:
    return " ".join(sql.replace('"', "").split())


def test_opening_again_changes_nothing_and_does_not_import_alembic(url, ledger):
    ledger.commit([Save(row=a_task())])

    with writer(url, "open") as process:
        said, _ = process.communicate()

    assert said.strip() == "alembic imported: False"


def test_a_ledger_of_a_newer_fleet_is_refused(url, ledger, tmp_path, clock):
    with sqlite3.connect(tmp_path / "ledger.db") as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    file.close()

    with pytest.raises(ConfigError, match=r"schema 9999.*newer fleet"):
        SqlLedger(url, clock=clock)


def test_a_file_that_is_no_ledger_is_refused(tmp_path, clock):
    (tmp_path / "ledger.db").write_text("notes of mine, not a database\n" * 200)

    with pytest.raises(FleetError, match="cannot be used"):
        SqlLedger(f"sqlite:///{tmp_path}/ledger.db", clock=clock)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
def test_a_url_that_fleet_does_not_know_is_refused(url):
    with pytest.raises(ConfigError):
        SqlLedger(url, clock=ManualClock(NOW))


def test_a_ledger_that_stays_locked_is_called_busy(tmp_path, url, ledger, monkeypatch):
    monkeypatch.setattr("fleet.adapters.ledger.engine._BUSY_SECONDS", 0.1)
    impatient = SqlLedger(url, clock=ManualClock(NOW))
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(TransientError, match="locked"):
        impatient.commit([Save(row=a_task())])

    holder.execute("ROLLBACK")
    impatient.commit([Save(row=a_task())])
    holder.close()
    impatient.close()


def test_a_disk_that_fills_up_loses_nothing(ledger):
    ledger.commit([Save(row=a_task())])
    with ledger._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(TransientError, match="full"):
        ledger.commit([Save(row=replace(a_task(version=1), goal="x" * 10**6))])

    assert ledger.task("APP-1") == a_task(version=1)
