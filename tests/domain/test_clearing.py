"""What goes in a clean-up, what stays, and why: nothing that is needed or the last copy goes."""

from datetime import timedelta
from typing import Any

import pytest

from fleet.domain.attempt import LIVE, ROADS, State
from fleet.domain.clearing import (
    _RULES,
    KEPT_REFS,
    Known,
    Leftover,
    LeftoverKind,
    Wish,
    attempt_in,
    fate,
    fates,
    task_in,
)
from fleet.domain.task import Resolution
from tests.builders import HOME8, NOW, a_task, an_attempt

DAY = timedelta(days=1)
MINE = an_attempt().id
WRITTEN = (LeftoverKind.CONTAINER, LeftoverKind.NETWORK, LeftoverKind.WORKTREE, LeftoverKind.PACKET)


def a_leftover(kind: LeftoverKind, **fields: Any) -> Leftover:
    """Answer what the first attempt of APP-1 left."""
    defaults: dict[str, Any] = {
        "name": MINE,
        "where": "/there",
        "attempt": MINE,
        "task": "APP-1",
        "at": NOW,
    }
    return Leftover(kind=kind, **(defaults | fields))


def known(state: State | None = None, resolution: Resolution | None = None, **fields: Any) -> Known:
    """Answer a ledger with APP-1, and where a state is named its first attempt."""
    attempts = {MINE: an_attempt(state=state)} if state else {}
    tasks = {"APP-1": a_task(resolution=resolution)}
    defaults: dict[str, Any] = {"attempts": attempts, "tasks": tasks}
    return Known(**(defaults | fields))


def wish(**fields: Any) -> Wish:
    defaults: dict[str, Any] = {"now": NOW, "keep": 30 * DAY}
    return Wish(**(defaults | fields))


def test_every_kind_has_a_rule():
    assert _RULES.keys() == set(LeftoverKind)


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("state", ROADS)
def test_what_an_attempt_works_with_stays_until_it_has_ended(kind, state):
    found = fate(a_leftover(kind), known(state), wish())

    assert found.goes == (state not in LIVE)
    assert state.value in found.why


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_no_row_of_the_ledger_knows_goes(kind):
    found = fate(a_leftover(kind), known(), wish())

    assert found.goes
    assert found.why == "the ledger knows no such attempt"


@pytest.mark.parametrize("kind", LeftoverKind)
def test_what_is_odd_is_left_to_a_person(kind):
    found = fate(a_leftover(kind, odd="a link"), Known(), wish(forced={MINE}))

    assert (found.goes, found.why) == (False, "a link")


@pytest.mark.parametrize(
    ("state", "goes"),
    [(State.PREPARING, False), (State.RUNNING, False), (State.VERIFYING, True), (None, True)],
)
def test_a_secret_stays_only_for_a_container_that_may_still_read_it(state, goes):
    assert fate(a_leftover(LeftoverKind.SECRET), known(state), wish()).goes == goes


@pytest.mark.parametrize("kind", [LeftoverKind.CHECK, LeftoverKind.CHECKOUT])
def test_what_a_check_works_with_goes_when_nobody_coordinates(kind):
    left = a_leftover(kind)

    assert fate(left, known(State.VERIFYING), wish()).goes
    assert not fate(left, known(State.VERIFYING, coordinated=True), wish()).goes
    assert not fate(left, known(State.REJECTED, coordinated=True), wish()).goes


@pytest.mark.parametrize("kind", [LeftoverKind.CHECK, LeftoverKind.CHECKOUT])
def test_beside_a_coordinator_only_what_is_older_than_any_check_goes(kind):
    old = a_leftover(kind, at=NOW - 2 * DAY)

    assert fate(old, known(State.REJECTED, coordinated=True), wish()).goes
    assert not fate(old, known(State.VERIFYING, coordinated=True), wish()).goes


def test_the_tree_of_a_build_stays_while_it_may_be_under_way_whoever_builds():
    tree = a_leftover(LeftoverKind.CHECKOUT, name="image-APP", attempt="", task="")
    old = a_leftover(LeftoverKind.CHECKOUT, name="image-APP", attempt="", at=NOW - 2 * DAY)

    assert not fate(tree, Known(), wish()).goes
    assert fate(old, Known(), wish()).goes


@pytest.mark.parametrize("kind", [LeftoverKind.PROXY, LeftoverKind.IMAGE])
def test_what_all_attempts_share_goes_only_when_nothing_runs(kind):
    left = a_leftover(kind, attempt="", task="")

    assert fate(left, Known(), wish()).goes
    assert not fate(left, Known(coordinated=True), wish()).goes
    assert not fate(left, Known(running=True), wish()).goes
    needed = a_leftover(kind, holder="project APP")
    assert fate(needed, Known(), wish()).why == "project APP needs it"


@pytest.mark.parametrize(("resolution", "goes"), [(None, False), *((r, True) for r in Resolution)])
def test_the_shelves_of_a_task_go_when_it_has_ended(resolution, goes):
    assert fate(a_leftover(LeftoverKind.SHELF), known(resolution=resolution), wish()).goes == goes


@pytest.mark.parametrize(
    ("resolution", "goes"),
    [
        (None, False),
        (Resolution.FAILED, False),
        (Resolution.MERGED, True),
        (Resolution.CANCELLED, True),
    ],
)
def test_a_branch_goes_when_its_task_is_over_and_something_else_holds_its_commits(resolution, goes):
    held = a_leftover(LeftoverKind.BRANCH, holder="refs/heads/main")
    alone = a_leftover(LeftoverKind.BRANCH)

    assert fate(held, known(resolution=resolution), wish()).goes == goes
    assert not fate(alone, known(resolution=resolution), wish()).goes


def test_a_branch_that_only_a_reference_holds_which_goes_too_stays():
    ref = f"{KEPT_REFS}{MINE}"
    branch = a_leftover(LeftoverKind.BRANCH, holder=ref)

    merged = known(resolution=Resolution.MERGED)

    assert fate(branch, merged, wish()).goes
    assert not fate(branch, merged, wish(forced={ref})).goes


def test_a_branch_of_no_task_may_be_somebodys_own():
    branch = a_leftover(LeftoverKind.BRANCH, task="", holder="refs/heads/main")

    assert not fate(branch, known(resolution=Resolution.MERGED), wish()).goes


@pytest.mark.parametrize("kind", [LeftoverKind.TRACE, LeftoverKind.LOG])
def test_traces_go_when_their_task_has_ended_and_they_were_kept_long_enough(kind):
    merged = known(State.MERGED, Resolution.MERGED)
    young, old = a_leftover(kind, at=NOW - 30 * DAY), a_leftover(kind, at=NOW - 31 * DAY)

    assert not fate(young, merged, wish()).goes
    assert fate(old, merged, wish()).goes
    assert not fate(old, known(State.REJECTED), wish()).goes
    assert fate(old, Known(), wish()).why == "last written 31 days ago"


def test_a_trace_of_tomorrow_is_young():
    tomorrow = a_leftover(LeftoverKind.TRACE, at=NOW + 90 * DAY)

    assert not fate(tomorrow, Known(), wish()).goes


def test_what_is_kept_goes_by_its_own_name_alone():
    ref = f"{KEPT_REFS}{MINE}"
    kept = a_leftover(LeftoverKind.KEPT, name=ref, at=NOW - 999 * DAY)

    assert not fate(kept, Known(), wish(forced={f"{ref}-before"})).goes
    assert fate(kept, Known(), wish(forced={ref})).goes


def test_who_writes_into_a_folder_goes_before_it_and_references_go_last():
    left = [a_leftover(kind) for kind in reversed(LeftoverKind)]

    order = [each.leftover.kind for each in fates(left, Known(), wish())]

    assert order.index(LeftoverKind.CONTAINER) < order.index(LeftoverKind.NETWORK)
    assert order.index(LeftoverKind.NETWORK) < order.index(LeftoverKind.PROXY)
    assert order.index(LeftoverKind.CONTAINER) < order.index(LeftoverKind.WORKTREE)
    assert order.index(LeftoverKind.CHECK) < order.index(LeftoverKind.CHECKOUT)
    assert order.index(LeftoverKind.BRANCH) < order.index(LeftoverKind.KEPT)


@pytest.mark.parametrize(
    ("name", "attempt", "task"),
    [
        (MINE, MINE, "APP-1"),
        (f"{MINE}-tests-0123456789.log", MINE, "APP-1"),
        (f"{MINE}.jsonl", MINE, "APP-1"),
        (f"{MINE}-before-2", MINE, "APP-1"),
        ("app-1-1-ffffffff", "", "APP-1"),
        (f"{MINE}0", "", "APP-1"),
        ("app-2", "", "APP-2"),
        ("APP-2", "", "APP-2"),
        ("image-APP", "", ""),
        ("app-0", "", ""),
        ("../app-1", "", ""),
        ("", "", ""),
    ],
)
def test_a_name_tells_whose_it_is(name, attempt, task):
    assert attempt_in(name, HOME8) == attempt
    assert task_in(name) == task
