"""What PostgreSQL alone has to show: several coordinators' hosts, one ledger."""

import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.ledger.columns import metadata
from fleet.adapters.ledger.engine import HEAD, engine_for, migrate
from fleet.adapters.memory import ManualClock
from fleet.domain.errors import StaleLeaseError, TransientError
from fleet.ports import Log, Save
from tests.builders import NOW, a_task, an_event

pytestmark = pytest.mark.postgres


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def ledger(postgres_url, clock):
    opened = SqlLedger(postgres_url, clock=clock)
    yield opened
    opened.close()


def with_words(url: str, **words: str) -> str:
    """Answer the URL with more of libpq's words."""
    changed = sa.make_url(url).update_query_dict(words)
    return changed.render_as_string(hide_password=False)


def together(*works) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_migrated_schema_is_the_one_the_code_knows(postgres_url):
    engine = engine_for(postgres_url)
    migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
        migrated = conditions(connection)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert conditions(connection) == migrated
    engine.dispose()


def conditions(connection: sa.Connection) -> dict[str, str]:
    """Answer each index in the server's words: alembic does not compare conditions."""
    found = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename <> 'alembic_version'"
    return {name: words for name, words in connection.exec_driver_sql(found) if "public" in words}


def test_ledgers_that_open_an_empty_database_at_once_all_find_it_migrated(postgres_url, clock):
    opened = []

    def open_it() -> None:
        ledger = SqlLedger(postgres_url, clock=clock)
        opened.append(ledger.tasks())
        ledger.close()

    together(*[open_it] * 4)

    assert opened == [()] * 4


def test_of_two_racing_writers_one_wins_each_version(postgres_url, ledger, clock):
    ledger.commit([Save(row=a_task())])
    other = SqlLedger(postgres_url, clock=clock)
    won = []

    def race(mine: SqlLedger) -> None:
        for _ in range(40):
            task = mine.task("APP-1")
            try:
                mine.commit([Save(row=task), Log(event=an_event())])
                won.append(1)
            except StaleLeaseError:
                continue

    together(lambda: race(ledger), lambda: race(other))
    other.close()

    assert ledger.task("APP-1").version == 1 + len(won) == 1 + len(ledger.events())


def test_who_reads_events_above_a_number_misses_none(postgres_url, ledger, clock):
    def write() -> None:
        mine = SqlLedger(postgres_url, clock=clock)
        for _ in range(40):
            mine.commit([Log(event=an_event()), Log(event=an_event())])
        mine.close()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    while any(writer.is_alive() for writer in writers) or len(seen) < ledger.latest_event():
        seen += [event.id for event in ledger.events(after=seen[-1] if seen else 0)]

    assert seen == [event.id for event in ledger.events()]
    assert len(seen) == 240


def test_a_snapshot_sees_one_instant_while_others_write(ledger):
    ledger.commit([Save(row=a_task()), Log(event=an_event())])
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            ledger.commit([Save(row=ledger.task("APP-1")), Log(event=an_event())])

    writer = threading.Thread(target=write)
    writer.start()
    seen = [ledger.snapshot() for _ in range(40)]
    done.set()
    writer.join()

    assert all(one.tasks[0].version == one.latest_event for one in seen)


def test_a_cut_connection_is_transient_and_the_next_try_goes_through(postgres_url, ledger):
    ledger.commit([Save(row=a_task())])
    admin = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"

    with pytest.raises(TransientError), ledger._writing(), admin.connect() as connection:
        connection.exec_driver_sql(f"{others} AND datname = current_database()")
    admin.dispose()

    ledger.commit([Save(row=replace(ledger.task("APP-1"), title="after"))])
    assert ledger.task("APP-1").title == "after"


def test_a_server_that_is_not_there_is_transient(clock):
    with pytest.raises(TransientError):
        SqlLedger("postgresql://nobody@/nothing?host=/nonexistent", clock=clock)


def test_a_server_or_a_network_that_hangs_is_not_waited_for_for_hours(postgres_url):
    engine = engine_for(with_words(postgres_url, keepalives_idle="7", options="-c lock_timeout=4s"))
    limits = "idle_in_transaction_session_timeout", "lock_timeout"

    with engine.connect() as connection:
        told = [connection.exec_driver_sql(f"SHOW {limit}").scalar_one() for limit in limits]
        driver: Any = connection.connection.dbapi_connection
        asked = driver.info.get_parameters()
    engine.dispose()

    assert told == ["20s", "4s"]
    assert (asked["connect_timeout"], asked["keepalives_idle"]) == ("10", "7")
    assert (asked["keepalives_count"], asked["tcp_user_timeout"]) == ("3", "30000")


def test_a_writer_that_fell_silent_in_its_turn_keeps_nobody_out(postgres_url, ledger, clock):
    silence = "-c idle_in_transaction_session_timeout=2s"
    other = SqlLedger(with_words(postgres_url, options=silence), clock=clock)

    def fall_silent() -> None:
        with other._writing() as connection:
            # goes through as soon as the server has ended the other one's turn
            ledger.commit([Save(row=a_task())])
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(TransientError):
        fall_silent()
    other.close()

    assert ledger.task("APP-1").version == 1


def test_who_waits_in_vain_for_a_turn_may_try_again(postgres_url, ledger, clock):
    other = SqlLedger(with_words(postgres_url, options="-c lock_timeout=1s"), clock=clock)

    with ledger._writing(), pytest.raises(TransientError):
        other.commit([Save(row=a_task())])
    other.commit([Save(row=a_task())])
    other.close()

    assert ledger.task("APP-1").version == 1
