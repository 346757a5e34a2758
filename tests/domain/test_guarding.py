"""Guards: what keeps attempts from starting, and what ends one that takes too much of the disk."""

from dataclasses import replace

import pytest

from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.chain import avoided, swaps_left
from fleet.domain.guarding import (
    EVERY,
    UNCOUNTED,
    Disk,
    Machine,
    Weighed,
    counted,
    guards,
    lacking,
    uncounted,
    unseen,
)
from fleet.domain.plan import Stop
from fleet.domain.slot import Slot
from fleet.domain.stopping import outgrown
from fleet.domain.swap import Cause
from tests.builders import a_fleet, an_attempt
from tests.domain.planning import a_snapshot, planned, running

GB = 1024**3
FLEET = a_fleet(
    disk_free_bytes=5 * GB, memory_free_bytes=GB, load_per_core=4, worktree_bytes=2 * GB
)


def a_machine(**fields: object) -> Machine:
    """Answer a machine that has enough of all."""
    defaults: dict[str, object] = {
        "disks": (Disk(whose="the home", path="/home/fleet", free=50 * GB, files=10**6),),
        "memory": 8 * GB,
        "load": 0.5,
    }
    return Machine(**(defaults | fields))  # type: ignore[arg-type]


def a_disk(whose: str = "the home", **fields: object) -> Disk:
    """Answer a disk of five gigabytes free."""
    return Disk(**({"whose": whose, "path": "/disk", "free": 5 * GB} | fields))  # type: ignore[arg-type]


def test_a_machine_with_enough_of_all_lets_attempts_start() -> None:
    assert lacking(a_machine(), FLEET) == ""


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (
            {"disks": (a_disk(free=5 * GB - 1),)},
            "less than 5 GB are free on the disk of the home, /disk (limits.disk_free_gb)",
        ),
        (
            {"disks": (a_disk(), a_disk("the Docker engine", path="/engine", free=GB))},
            "less than 5 GB are free on the disk of the Docker engine, /engine"
            " (limits.disk_free_gb)",
        ),
        (
            {"disks": (a_disk(files=9_999),)},
            "the disk of the home, /disk, has no room for 10000 files more",
        ),
        (
            {"memory": GB - 1},
            "less than 1 GB of memory are free (limits.memory_free_gb)",
        ),
        ({"load": 4.01}, "the load is above 4 per core (limits.load_per_core)"),
        (
            {"memory": 0, "load": 9.0},
            "less than 1 GB of memory are free (limits.memory_free_gb); "
            "the load is above 4 per core (limits.load_per_core)",
        ),
    ],
)
def test_what_is_below_a_limit_keeps_attempts_from_starting(
    machine: dict[str, object], said: str
) -> None:
    assert lacking(a_machine(**machine), FLEET) == said


def test_exactly_the_limit_is_enough() -> None:
    machine = a_machine(disks=(a_disk(free=5 * GB, files=10_000),), memory=GB, load=4.0)

    assert lacking(machine, FLEET) == ""


def test_what_the_machine_does_not_tell_keeps_nothing_from_starting() -> None:
    machine = a_machine(disks=(a_disk(),), memory=None, load=None)

    assert lacking(machine, FLEET) == ""
    assert [each.name for each in guards(machine, FLEET) if not each.told] == ["memory", "load"]


def test_a_reason_does_not_change_with_every_byte() -> None:
    said = {lacking(a_machine(memory=free, load=5.0 + free), FLEET) for free in range(100)}

    assert len(said) == 1


def test_a_guard_tells_the_numbers_and_what_to_do() -> None:
    (short,) = [each for each in guards(a_machine(memory=GB - 1), FLEET) if each.lack]

    assert (short.name, short.detail) == ("memory", "0.999 GB free, 1 wanted")
    assert "limits.memory_free_gb" in short.remedy


def test_an_attempt_whose_files_outgrow_their_limit_is_stopped_with_the_numbers() -> None:
    assert outgrown(running(), 2 * GB, FLEET) is None
    assert outgrown(running(), 3 * GB, FLEET) == (
        Cause.OVERGROWN,
        "its worktree takes 3.0 GB (limits.worktree_gb allows 2)",
    )


def test_a_small_limit_is_told_as_it_was_set_and_what_exceeds_it_in_a_unit_that_shows_it() -> None:
    fleet = replace(FLEET, worktree_bytes=int(0.001 * GB))

    stopped = outgrown(running(), 1_600_000, fleet)

    assert stopped is not None
    assert stopped[1] == "its worktree takes 1.5 MB (limits.worktree_gb allows 0.001)"
    assert outgrown(running(), 900, replace(FLEET, worktree_bytes=0)) == (
        Cause.OVERGROWN,
        "its worktree takes 0.9 kB (limits.worktree_gb allows 0)",
    )


def test_a_look_that_takes_long_is_followed_by_a_longer_pause_but_never_by_a_blind_one() -> None:
    pauses = [counted(GB, took=seconds).pause for seconds in (0, 0.5, 1, 60, 240)]

    assert pauses == [EVERY, EVERY, 20, 120, 120]


def test_looks_that_come_to_no_end_twice_in_a_row_say_that_a_tree_has_outgrown_all() -> None:
    known = counted(GB, took=1)

    once = uncounted(known, took=120)
    twice = uncounted(unseen(once, took=0), took=120)
    between = uncounted(counted(GB, took=100), took=120)

    assert [each.size for each in (once, twice, between)] == [GB, UNCOUNTED, GB]
    assert counted(GB, took=100) == Weighed(size=GB, took=100)


def test_an_attempt_that_told_its_result_has_only_to_leave() -> None:
    assert outgrown(running(failure_kind="none"), 3 * GB, FLEET) is None


def test_the_planner_stops_whom_it_sees_outgrow_its_limit() -> None:
    attempt = running()
    snapshot = a_snapshot(attempt)
    followed = frozenset({attempt.id})

    fits = planned(snapshot, FLEET, followed=followed, sizes={attempt.id: GB})
    outgrows = planned(snapshot, FLEET, followed=followed, sizes={attempt.id: 3 * GB})

    assert fits.actions == ()
    (stop,) = outgrows.actions
    assert isinstance(stop, Stop)
    assert (stop.outcome, stop.cause) == (Outcome.SWAP, Cause.OVERGROWN)


def overgrown(number: int) -> Attempt:
    """Answer an attempt that was stopped for the size of its worktree."""
    return an_attempt(number=number, state=State.SWAPPED, cause=Cause.OVERGROWN, reason="too big")


def test_an_overgrown_attempt_leaves_its_slot_to_another_and_does_not_come_back_for_ever() -> None:
    thrice = [overgrown(number) for number in (1, 2, 3)]

    assert avoided(thrice[:1]) == Slot(profile="local", account="local")
    assert swaps_left(thrice[:2], FLEET.swap) == ""
    assert swaps_left(thrice, FLEET.swap) == "3 attempts broke off: too big"
