"""Ledgers that an older fleet wrote: they are brought up with all that they hold."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.ledger.engine import engine_for, migrate
from fleet.adapters.ledger.rows import TABLES, to_row
from fleet.domain.attempt import Outcome, State
from fleet.domain.budget import Settlement, Tally
from fleet.domain.result import Usage
from fleet.domain.swap import Cause
from fleet.ports import Append
from tests.builders import (
    NOW,
    TODAY,
    a_receipt,
    a_reservation,
    a_settlement,
    a_task,
    a_verdict,
    an_attempt,
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def older(url, monkeypatch):
    """Return what makes a ledger of that schema, with rows as they were written then."""

    def make(schema: str, *values: object) -> None:
        engine = engine_for(url)
        with monkeypatch.context() as patch:
            patch.setattr("fleet.adapters.ledger.engine.HEAD", schema)
            migrate(engine)
        then = sa.MetaData()
        then.reflect(engine)
        with engine.begin() as connection:
            for value in values:
                table = then.tables[TABLES[type(value)].name]
                connection.execute(table.insert(), written(value, table))
        engine.dispose()

    return make


@pytest.fixture
def opened(url, clock):
    """Return what opens it with the fleet of today."""
    ledgers = []

    def opening() -> SqlLedger:
        ledgers.append(SqlLedger(url, clock=clock))
        return ledgers[-1]

    yield opening
    for ledger in ledgers:
        ledger.close()


def written(value: object, table: sa.Table) -> dict[str, Any]:
    """Answer the columns that were there then."""
    row = {name: field for name, field in to_row(value).items() if name in table.c}
    instants = {name: at for name, at in row.items() if isinstance(at, datetime)}
    return row | {name: at.isoformat(timespec="microseconds") for name, at in instants.items()}


def test_a_verdict_of_the_first_schema_names_no_image(older, opened):
    older("0001", a_task(), an_attempt(), a_verdict(image="sha256:1"))

    assert opened().verdicts(an_attempt().id) == (a_verdict(image=""),)


def test_what_an_older_ledger_holds_is_still_there(older, opened):
    attempt = an_attempt(state=State.RUNNING, started=NOW, usage=Usage(turns=3), version=4)
    older("0002", a_task(), attempt, a_reservation(attempt), a_verdict())

    ledger = opened()

    assert ledger.tasks() == (a_task(),)
    assert ledger.attempts() == (attempt,)
    assert ledger.reservations() == (a_reservation(attempt),)
    assert ledger.verdicts(attempt.id) == (a_verdict(),)
    assert (ledger.receipts(), ledger.snapshot().health) == ((), ())


def test_an_older_settlement_belongs_to_the_day_it_was_in_utc_and_to_no_run(older, opened):
    late = NOW.replace(hour=23, minute=59)
    attempt = an_attempt(state=State.FAILED)
    older("0002", a_task(), attempt, a_settlement(attempt, usage=Usage(turns=7), at=late))

    ledger = opened()

    counted = a_settlement(attempt, usage=Usage(turns=7), requests=7, run="", at=late)
    assert ledger.settlements() == (counted,)
    assert ledger.snapshot().account_days == {("local", TODAY): Tally(micros=250_000, requests=7)}
    assert ledger.snapshot().project_days == {("APP", TODAY): 250_000}


@pytest.mark.parametrize(
    ("swapped", "cause"),
    [
        ({"state": State.SWAPPED, "reason": "longer than 3600 s"}, Cause.OVERTIME),
        ({"state": State.SWAPPED, "reason": "no progress for 600 s"}, Cause.STALLED),
        ({"state": State.COLLECTED, "outcome": Outcome.SWAP}, Cause.STALLED),
        ({"state": State.RUNNING, "stopping": Outcome.SWAP}, Cause.STALLED),
        ({"state": State.LOST, "reason": "no heartbeat for 60 s"}, None),
        ({"state": State.RUNNING, "reason": "longer than usual"}, None),
    ],
)
def test_an_older_swap_is_given_its_cause(older, opened, swapped, cause):
    older("0002", a_task(), an_attempt(**swapped))

    assert opened().attempts() == (an_attempt(**swapped, cause=cause),)


def test_an_upgraded_ledger_takes_what_is_new(older, opened):
    attempt, second = an_attempt(state=State.FAILED), an_attempt("APP-2", state=State.FAILED)
    older("0002", a_task(), a_task("APP-2"), attempt, second, a_settlement(attempt))
    tomorrow = TODAY + timedelta(days=1)
    fresh = a_settlement(second, day=tomorrow)

    ledger = opened()
    ledger.commit([Append(row=fresh), Append(row=a_receipt(attempt))])

    assert ledger.settlements() == (replace(a_settlement(attempt), run=""), fresh)
    assert ledger.receipts() == (a_receipt(attempt),)


def test_an_upgraded_ledger_takes_no_settlement_without_a_day(older, opened, url):
    attempt = an_attempt(state=State.FAILED)
    older("0002", a_task(), attempt, a_settlement(attempt))
    opened()
    settlements = TABLES[Settlement]
    engine = engine_for(url)

    for column in ("requests", "day", "project_day", "run"):
        with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
            connection.execute(settlements.update().values({column: None}))
    engine.dispose()


def test_an_upgrade_that_fails_at_its_end_has_changed_nothing(older, opened, url):
    attempt = an_attempt(state=State.SWAPPED, reason="longer than 3600 s")
    older("0002", a_task(), attempt, a_settlement(attempt))
    engine = engine_for(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX spent_by_run ON settlements (at)")
        before = schema(connection)

    with pytest.raises(sa.exc.DBAPIError, match="spent_by_run"):
        opened()

    with engine.begin() as connection:
        assert schema(connection) == before
        connection.exec_driver_sql("DROP INDEX spent_by_run")
    engine.dispose()
    assert len(opened().settlements()) == 1


def schema(connection: sa.Connection) -> dict[str, list[str]]:
    """Answer the columns of all tables."""
    found = sa.inspect(connection)
    return {
        table: [column["name"] for column in found.get_columns(table)]
        for table in found.get_table_names()
    }
