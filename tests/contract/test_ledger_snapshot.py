"""The snapshot: all that can still move, and no more."""

import pytest

from fleet.domain.attempt import State
from fleet.domain.merge import CLOSED, PullRequestStatus
from fleet.domain.plan import Snapshot
from fleet.domain.task import Resolution
from fleet.ports import Ledger, Log, Save
from tests.builders import a_health, a_pull, a_task, an_action, an_attempt, an_event

DONE = Resolution.MERGED


def save(ledger: Ledger, *rows):
    ledger.commit([Save(row=row) for row in rows])


def test_an_empty_ledger_has_an_empty_snapshot(ledger):
    assert ledger.snapshot() == Snapshot()


def test_only_open_tasks_are_in_it(ledger):
    closed = [a_task(f"APP-{n}", resolution=end) for n, end in enumerate(Resolution, start=3)]
    save(ledger, a_task("APP-2"), a_task("APP-1"), *closed)

    assert [task.key for task in ledger.snapshot().tasks] == ["APP-1", "APP-2"]


def test_resolutions_name_what_open_tasks_depend_on(ledger):
    save(
        ledger,
        a_task("APP-1", resolution=DONE),
        a_task("APP-2", resolution=DONE),
        a_task("APP-3", depends=("APP-1", "APP-4", "APP-99")),
        a_task("APP-4"),
    )

    assert ledger.snapshot().resolutions == {"APP-1": DONE, "APP-3": None, "APP-4": None}


def test_children_of_open_tasks_are_named_with_their_parent(ledger):
    save(
        ledger,
        a_task("APP-1"),
        a_task("APP-2", parent="APP-1", resolution=Resolution.FAILED),
        a_task("APP-3", parent="APP-1"),
        a_task("APP-4", resolution=DONE),
        a_task("APP-5", parent="APP-4", resolution=DONE),
        a_task("APP-6", parent="APP-4"),
    )
    snapshot = ledger.snapshot()

    assert snapshot.parents == {"APP-2": "APP-1", "APP-3": "APP-1"}
    assert snapshot.resolutions == {
        "APP-1": None,
        "APP-2": Resolution.FAILED,
        "APP-3": None,
        "APP-6": None,
    }


def test_more_dependencies_than_a_statement_can_name_are_found(ledger):
    depends = tuple(f"APP-{number}" for number in range(2, 2502))
    save(ledger, a_task(depends=depends), *(a_task(key, resolution=DONE) for key in depends))

    assert len(ledger.snapshot().resolutions) == 2501


def test_attempts_of_open_tasks_are_in_it_and_others_until_they_are_cleaned(ledger):
    save(ledger, a_task("APP-1"), a_task("APP-2", resolution=DONE))
    save(ledger, an_attempt("APP-1", 1, state=State.LOST, cleaned=True), an_attempt("APP-1", 2))
    save(ledger, an_attempt("APP-2", 1, state=State.FAILED, cleaned=True))
    save(ledger, an_attempt("APP-2", 2, state=State.MERGED))

    seen = [(attempt.task, attempt.number) for attempt in ledger.snapshot().attempts]
    assert seen == [("APP-1", 1), ("APP-1", 2), ("APP-2", 2)]


def test_a_live_attempt_of_a_closed_task_is_in_it(ledger):
    save(ledger, a_task(resolution=DONE), an_attempt(state=State.RUNNING, cleaned=True))

    assert len(ledger.snapshot().attempts) == 1


@pytest.mark.parametrize("status", PullRequestStatus)
def test_pull_requests_are_in_it_until_they_are_closed(ledger, status):
    save(ledger, a_task(), a_pull(status=status))

    assert bool(ledger.snapshot().pulls) == (status not in CLOSED)


def test_actions_of_open_tasks_are_in_it(ledger):
    save(ledger, a_task("APP-1"), a_task("APP-2", resolution=DONE))
    save(ledger, an_action(3, "APP-2"), an_action(2), an_action(1))

    assert [action.id for action in ledger.snapshot().pending] == ["A-1", "A-2"]


def test_the_newest_numbers_count_closed_rows_too(ledger):
    save(ledger, a_task(resolution=DONE))
    save(ledger, a_pull(7, status=PullRequestStatus.MERGED), an_action(12))
    ledger.commit([Log(event=an_event()), Log(event=an_event())])
    snapshot = ledger.snapshot()

    assert (snapshot.last_pull, snapshot.last_action) == (7, 12)
    assert snapshot.latest_event == ledger.latest_event() == 2


def test_the_health_of_every_subject_is_in_it(ledger):
    rows = [a_health("vendor codex"), a_health("account bob", until=None, blocked=True)]
    save(ledger, *rows)
    save(ledger, a_health("vendor codex", strikes=2, version=1))

    seen = [(row.subject, row.strikes, row.version) for row in ledger.snapshot().health]
    assert seen == [("account bob", 1, 1), ("vendor codex", 2, 2)]
