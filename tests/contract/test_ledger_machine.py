"""Hypothesis drives the ledger on SQLite and its in-memory twin together: they never differ."""

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.domain.attempt import LIVE, ROADS, Attempt, State, advance
from fleet.domain.errors import DuplicateError, FleetError, StaleLeaseError
from fleet.domain.merge import PullRequestStatus
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution
from fleet.ports import Append, Immutable, Log, Save, Write
from tests.builders import (
    NOW,
    TODAY,
    a_health,
    a_pull,
    a_receipt,
    a_reservation,
    a_settlement,
    a_task,
    a_verdict,
    an_attempt,
    an_event,
)
from tests.ledgers import a_ledger

TASKS = ("APP-1", "APP-2", "LIB-1")
SUBJECTS = ("account ada", "account bob", "vendor codex")
DAYS = st.dates(TODAY - timedelta(days=4), TODAY + timedelta(days=4))
RUNS = st.sampled_from(("", "first", "second"))


def moved(attempt: Attempt, to: State) -> list[Write]:
    data = {"from": attempt.state.value, "to": to.value}
    event = an_event("attempt.moved", task=attempt.task, attempt=attempt.id, data=data)
    return [Save(row=advance(attempt, to, at=NOW)), Log(event=event)]


class Ledgers(RuleBasedStateMachine):
    """Both ledgers, written alike."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock(NOW)
        self.sql = a_ledger(self.folder, self.clock)
        self.memory = MemoryLedger(clock=self.clock)
        self.commit(*(Save(row=a_task(key)) for key in TASKS))

    def teardown(self):
        self.sql.close()
        shutil.rmtree(self.folder)

    def commit(self, *writes: Write) -> type[FleetError] | None:
        """Commit to both and answer what both refused it with, if they did."""
        refusals: list[type[FleetError] | None] = []
        for ledger in (self.sql, self.memory):
            try:
                ledger.commit(writes)
                refusals.append(None)
            except FleetError as error:
                refusals.append(type(error))
        assert refusals[0] is refusals[1]
        return refusals[0]

    @contextmanager
    def unchanged(self):
        before = told(self.sql)
        yield
        assert told(self.sql) == before

    def pick(self, data, live_only=False) -> Attempt | None:
        found = [a for a in self.memory.attempts() if a.live or not live_only]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(task=st.sampled_from(TASKS))
    def open(self, task):
        attempts = self.memory.attempts(task)
        fresh = an_attempt(task, len(attempts) + 1)
        busy = any(attempt.live for attempt in attempts)

        refusal = self.commit(Save(row=fresh), Append(row=a_reservation(fresh)))

        assert refusal is (DuplicateError if busy else None)

    @rule(data=st.data())
    def move(self, data):
        attempt = self.pick(data, live_only=True)
        if attempt is not None:
            to = data.draw(st.sampled_from(sorted(ROADS[attempt.state])))

            assert self.commit(*moved(attempt, to)) is None

    @rule(data=st.data(), behind=st.integers(1, 3))
    def move_as_a_revenant(self, data, behind):
        attempt = self.pick(data, live_only=True)
        if attempt is not None and attempt.version > behind:
            revenant = replace(attempt, version=attempt.version - behind)
            to = data.draw(st.sampled_from(sorted(ROADS[attempt.state])))

            with self.unchanged():
                assert self.commit(*moved(revenant, to)) is StaleLeaseError

    @rule(data=st.data())
    def succeed_in_one_transaction(self, data):
        attempt = self.pick(data, live_only=True)
        ends = sorted(ROADS[attempt.state] - LIVE) if attempt else []
        if attempt is not None and ends:
            fresh = an_attempt(attempt.task, len(self.memory.attempts(attempt.task)) + 1)

            refusal = self.commit(
                *moved(attempt, data.draw(st.sampled_from(ends))), Save(row=fresh)
            )

            assert refusal is None

    @rule(data=st.data(), micros=st.integers(0, 2**52), days=st.tuples(DAYS, DAYS), run=RUNS)
    def append_twice(self, data, micros, days, run):
        attempt = self.pick(data)
        if attempt is not None:
            day, other = days
            settled = a_settlement(attempt, micros=micros, day=day, project_day=other, run=run)
            rows: list[Immutable] = [settled, a_verdict(attempt.id)]
            for _ in range(2):
                assert self.commit(*(Append(row=row) for row in rows)) is None

    @rule(data=st.data(), cause=st.sampled_from(Cause), night=DAYS)
    def append_a_receipt_twice(self, data, cause, night):
        attempt = self.pick(data)
        if attempt is not None:
            receipt = a_receipt(attempt, cause=cause, night=night)
            assert self.commit(Append(row=receipt)) is None
            with self.unchanged():
                assert self.commit(Append(row=receipt)) is None

    @rule(subject=st.sampled_from(SUBJECTS), strikes=st.integers(0, 9), behind=st.integers(0, 1))
    def fare(self, subject, strikes, behind):
        standing = {row.subject: row.version for row in self.memory.snapshot().health}
        version = max(0, standing.get(subject, 0) - behind)

        refusal = self.commit(Save(row=a_health(subject, strikes=strikes, version=version)))

        stale = DuplicateError if version == 0 else StaleLeaseError
        assert refusal is (None if version == standing.get(subject, 0) else stale)

    @rule(data=st.data(), micros=st.integers(1, 2**52))
    def fail_after_all_was_written(self, data, micros):
        attempt = self.pick(data)
        if attempt is not None:
            rows: list[Immutable] = [a_settlement(attempt, micros=micros), a_receipt(attempt)]
            with self.unchanged():
                refusal = self.commit(
                    Save(row=replace(attempt, summary="changed")),
                    Save(row=a_health("account new")),
                    *(Append(row=row) for row in rows),
                    Log(event=an_event()),
                    Save(row=a_task()),
                )
                assert refusal is DuplicateError

    @rule(days=st.integers(1, 2))
    def let_days_pass(self, days):
        self.clock.advance(timedelta(days=days))

    @rule(data=st.data(), seq=st.integers(1, 4))
    def tell_an_event_twice(self, data, seq):
        attempt = self.pick(data)
        if attempt is not None:
            told = an_event("agent.progress", task=attempt.task, attempt=attempt.id, seq=seq)
            for _ in range(2):
                assert self.commit(Log(event=told)) is None

    @rule(task=st.sampled_from(TASKS), status=st.sampled_from(PullRequestStatus))
    def put_a_pull_request(self, task, status):
        number = TASKS.index(task) + 1
        standing = [pull for pull in self.memory.pull_requests() if pull.number == number]
        self.commit(
            Save(
                row=a_pull(
                    number,
                    task,
                    status=status,
                    version=max((p.version for p in standing), default=0),
                )
            )
        )

    @rule(task=st.sampled_from(TASKS), end=st.sampled_from([None, *Resolution]))
    def resolve(self, task, end):
        row = self.memory.task(task)

        assert self.commit(Save(row=replace(row, resolution=end))) is None

    @precondition(lambda self: self.memory.events())
    @rule(title=st.text(max_size=8), version=st.integers(0, 2))
    def retitle(self, title, version):
        self.commit(Save(row=a_task(title=title, goal=title, version=version)))

    @invariant()
    def a_task_has_at_most_one_live_attempt(self):
        live = [attempt.task for attempt in self.memory.attempts() if attempt.live]
        assert len(live) == len(set(live))

    @invariant()
    def events_replay_to_the_state(self):
        replayed = {attempt.id: State.LEASED.value for attempt in self.memory.attempts()}
        for event in self.memory.events():
            if event.kind == "attempt.moved" and event.attempt is not None:
                assert replayed[event.attempt] == event.data["from"]
                replayed[event.attempt] = event.data["to"]
        assert replayed == {a.id: a.state.value for a in self.memory.attempts()}

    # so what holds for the one holds for the other
    @invariant()
    def both_are_equal(self):
        assert told(self.sql) == told(self.memory)


def told(ledger) -> dict[str, object]:
    """Answer all a ledger says, event ids left out: SQLite burns some on what it ignores."""
    return {
        "snapshot": replace(ledger.snapshot(), latest_event=0),
        "runs": [ledger.snapshot(run=run).run_settled for run in ("first", "second")],
        "tasks": ledger.tasks(),
        "attempts": ledger.attempts(),
        "pulls": ledger.pull_requests(),
        "reservations": ledger.reservations(),
        "settlements": ledger.settlements(),
        "receipts": ledger.receipts(),
        "verdicts": [ledger.verdicts(attempt.id) for attempt in ledger.attempts()],
        "events": [replace(event, id=0) for event in ledger.events()],
    }


Ledgers.TestCase.settings = settings(settings.default, stateful_step_count=30)
TestLedgers = pytest.mark.timeout(600)(Ledgers.TestCase)
