"""What `task show` tells of work that is kept: where, why, and how to look at it."""

from datetime import UTC, datetime

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.views import kept_rows
from fleet.domain.attempt import State
from fleet.domain.clearing import KEPT_REFS, Leftover, LeftoverKind
from fleet.ports import Save
from tests.builders import HOME8, NOW, a_task, an_attempt

FIRST, SECOND = (an_attempt(number=number) for number in (1, 2))


def kept(name: str, attempt: str = "", task: str = "APP-1") -> Leftover:
    return Leftover(
        kind=LeftoverKind.KEPT,
        name=f"{KEPT_REFS}{name}",
        where="/srv/my app",
        attempt=attempt,
        task=task,
        at=datetime(2026, 5, 1, tzinfo=UTC),
        sha="a" * 40,
    )


def why(*found: Leftover) -> list[str]:
    """Answer the reasons that are told of a task with one failed attempt."""
    ledger = MemoryLedger(clock=ManualClock(NOW))
    failed = an_attempt(state=State.FAILED, reason="crash: no result")
    ledger.commit([Save(row=a_task()), Save(row=failed)])
    return [row["why"] for row in kept_rows("APP-1", found, ledger)]


def test_the_reason_is_that_of_the_attempt():
    assert (
        why(kept(FIRST.id, FIRST.id), kept(f"{FIRST.id}-2", FIRST.id))
        == ["attempt 1 is failed: crash: no result"] * 2
    )


def test_what_a_branch_held_before_a_fresh_start_is_told_as_such():
    (told,) = why(kept(f"{FIRST.id}-before", FIRST.id))

    assert told == "attempt 1 began at the target; its branch held this before"


def test_work_of_an_attempt_that_the_ledger_does_not_know_is_told_too():
    assert why(kept(SECOND.id, SECOND.id), kept("app-1")) == [
        "its attempt is not in the ledger",
        "its branch was put away",
    ]


def test_only_what_is_the_tasks_own_is_told():
    assert why(kept(f"app-2-1-{HOME8}", f"app-2-1-{HOME8}", task="APP-2")) == []


def test_the_way_to_look_at_it_can_be_pasted():
    ledger = MemoryLedger(clock=ManualClock(NOW))

    (row,) = kept_rows("APP-1", [kept(FIRST.id, FIRST.id)], ledger)

    assert row["look"] == f"git -C '/srv/my app' log -p {KEPT_REFS}{FIRST.id}"
    assert (row["ref"], row["sha"]) == (f"{KEPT_REFS}{FIRST.id}", "a" * 40)
    assert row["at"] == "2026-05-01T00:00:00+00:00"
