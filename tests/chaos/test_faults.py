"""Each fault alone does no harm: a small night with it ends as one without."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random  # noqa: TID251 - a night is given a seeded one
from subprocess import TimeoutExpired

import pytest

from tests.chaos import checker
from tests.chaos.driver import ended, finish, started
from tests.chaos.faults_calls import CALLS
from tests.chaos.faults_containers import CONTAINERS, Revenant
from tests.chaos.faults_disk import DISK, small_disk
from tests.chaos.faults_engine import ENGINE, EngineKilled
from tests.chaos.night import IMAGE, night
from tests.chaos.stage import Fault, Stage
from tests.chaos.witness import watched
from tests.containers import eventually
from tests.own_engine import OwnEngine, own_engine

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

WITHIN = 240.0  # seconds that a life may take on a busy machine
KINDS = ("slow", "red_then_good", "good")
# of what stands still for LASTS none is heard for so long; who begins on a busy machine is
LASTS = 12.0  # seconds
BEATS = {"timeout": {"max_swaps": 40, "heartbeat_lost_after": "6s"}}


def named(fault: Fault) -> str:
    return fault.name


def troubled(stage: Stage, fault: Fault, *, lasts: float = 0) -> tuple[str, ...]:
    """Play a night whose first life is troubled by a fault for seconds; answer what is wrong."""
    assert fault.able(stage) == ""
    with watched(stage):
        wrong = [*_first_life(stage, fault, lasts), *finish(stage)]
    assert struck(stage, fault), "it struck nobody"
    return (*wrong, *checker.check(stage))


def _first_life(stage: Stage, fault: Fault, lasts: float) -> list[str]:
    if not fault.during:
        fault.begin(stage)
    process = started(stage, {})
    try:
        if fault.during:
            agents_at_work(stage)
            # a container may end in the moment in which it is chosen
            eventually(lambda: begun(stage, fault), within=WITHIN)
            with suppress(TimeoutExpired):
                process.wait(lasts)
            fault.end(stage)
        process.wait(WITHIN)
    finally:
        process.kill()
        fault.end(stage)
    return ended(stage, process.returncode)


def begun(stage: Stage, fault: Fault) -> bool:
    """Let it happen; tell whether it met somebody."""
    fault.begin(stage)
    return struck(stage, fault)


def struck(stage: Stage, fault: Fault) -> bool:
    """Tell whether the diary says that the fault met somebody."""
    return any(note.startswith(f"{fault.name}: ") for note in stage.diary)


def agents_at_work(stage: Stage, *, mark: str = "*") -> None:
    """Wait until an agent has left its mark, one of that name."""
    spaces = stage.home.folder / ".fleet" / "worktrees"
    found = f"*/marks/{mark}"
    eventually(lambda: stage.containers(running=True) and [*spaces.glob(found)], within=WITHIN)


@pytest.mark.parametrize("fault", CALLS, ids=named)
def test_a_fault_of_calls_and_lines_is_harmless(tmp_path, fault):
    with night(tmp_path, ("red_then_good", "conflict", "conflict"), random=Random(1)) as stage:
        assert troubled(stage, fault) == ()


@pytest.mark.parametrize("fault", CONTAINERS[:-1], ids=named)
def test_a_fault_of_a_container_is_harmless(tmp_path, fault):
    with night(tmp_path, KINDS, random=Random(1)) as stage:
        impatient(stage)
        assert troubled(stage, fault, lasts=LASTS) == ()


def test_what_a_container_of_a_superseded_attempt_still_writes_is_never_merged(tmp_path):
    with night(tmp_path, ("late", "slow", "good"), random=Random(1)) as stage:
        impatient(stage)
        process = started(stage, {})
        # one that works on for a while: there has to be somebody to strike when this is over
        (slow,) = (key for key, part in stage.parts.items() if part.kind == "slow")
        agents_at_work(stage, mark=f"{slow}-*")
        process.kill()
        process.wait()

        assert troubled(stage, Revenant()) == ()


@pytest.fixture(scope="module")
def own() -> Iterator[OwnEngine]:
    """An engine of these tests' own; its containers outlive it."""
    with own_engine(IMAGE, live_restore=True) as engine:
        yield engine


@pytest.mark.parametrize("fault", ENGINE, ids=named)
def test_a_fault_of_the_engine_is_harmless(tmp_path, fault, own):
    with night(tmp_path, KINDS, random=Random(1), own=own) as stage:
        assert troubled(stage, fault, lasts=5) == ()


def test_an_engine_that_ends_its_containers_with_itself_is_harmless(tmp_path):
    with ExitStack() as stack:
        own = stack.enter_context(own_engine(IMAGE, live_restore=False))
        stage = stack.enter_context(night(tmp_path, KINDS, random=Random(1), own=own))
        assert troubled(stage, EngineKilled(), lasts=5) == ()


@pytest.mark.parametrize("fault", DISK, ids=named)
def test_a_full_disk_is_harmless(tmp_path, fault):
    with ExitStack() as stack:
        stack.enter_context(small_disk(tmp_path / "disk", megabytes=64))
        stage = stack.enter_context(night(tmp_path, KINDS, random=Random(1)))
        assert troubled(stage, fault, lasts=5) == ()


def impatient(stage: Stage) -> None:
    """Let a container that says nothing be given up after six seconds."""
    stage.home.configure(swap=BEATS)


def test_a_fault_is_undone_though_it_never_began(tmp_path: Path):
    with night(tmp_path, (), random=Random(1)) as stage:
        for fault in (*CALLS, *CONTAINERS, *ENGINE, *DISK):
            fault.end(stage)

        assert stage.containers() == []
