"""Each fault alone does no harm: a small night with it ends as one without."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random  # noqa: TID251 - a night is given a seeded one

import pytest

from tests.chaos import checker
from tests.chaos.driver import LAST, Life, finish, live
from tests.chaos.faults_calls import CALLS
from tests.chaos.faults_containers import CONTAINERS, Revenant
from tests.chaos.faults_disk import DISK, small_disk
from tests.chaos.faults_engine import ENGINE
from tests.chaos.night import IMAGE, night
from tests.chaos.stage import Fault, Stage
from tests.chaos.witness import watched
from tests.own_engine import OwnEngine, own_engine

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

KINDS = ("slow", "red_then_good", "conflict", "conflict")
BEATS = {"timeout": {"max_swaps": 40, "heartbeat_lost_after": "4s"}}


def named(fault: Fault) -> str:
    return fault.name


@pytest.fixture(params=[True, False], ids=["live-restore", "no-live-restore"], scope="module")
def own(request) -> Iterator[OwnEngine]:
    """An engine of these tests' own, with and without containers that outlive it."""
    with own_engine(IMAGE, live_restore=request.param) as engine:
        yield engine


def troubled(stage: Stage, fault: Fault, *, kill_after: float = LAST) -> tuple[str, ...]:
    """Play a night whose first life is troubled by a fault; answer what is wrong."""
    assert fault.able(stage) == ""
    life = Life(way="", points="", kill_after=kill_after, fault=fault, begins=2.5, lasts=8)
    with watched(stage):
        wrong = [*live(stage, life), *finish(stage)]
    return (*wrong, *checker.check(stage))


@pytest.mark.parametrize("fault", CALLS, ids=named)
def test_a_fault_of_calls_and_lines_is_harmless(tmp_path, fault):
    with night(tmp_path, KINDS[1:], random=Random(1)) as stage:
        assert troubled(stage, fault) == ()


@pytest.mark.parametrize("fault", CONTAINERS[:-1], ids=named)
def test_a_fault_of_a_container_is_harmless(tmp_path, fault):
    with night(tmp_path, KINDS, random=Random(1)) as stage:
        impatient(stage)
        assert troubled(stage, fault) == ()


def test_what_a_container_of_a_superseded_attempt_still_writes_is_never_merged(tmp_path):
    with night(tmp_path, ("late", "slow", "slow"), random=Random(1)) as stage:
        undisturbed = Life(way="", points="", kill_after=4, fault=None, begins=0, lasts=0)
        assert live(stage, undisturbed) == []

        assert troubled(stage, Revenant()) == ()


@pytest.mark.parametrize("fault", ENGINE, ids=named)
def test_a_fault_of_the_engine_is_harmless(tmp_path, fault, own):
    with night(tmp_path, KINDS, random=Random(1), own=own) as stage:
        assert troubled(stage, fault) == ()


@pytest.mark.parametrize("fault", DISK, ids=named)
def test_a_full_disk_is_harmless(tmp_path, fault):
    with ExitStack() as stack:
        stack.enter_context(small_disk(tmp_path / "disk", megabytes=64))
        stage = stack.enter_context(night(tmp_path, KINDS, random=Random(1)))
        assert troubled(stage, fault) == ()


def impatient(stage: Stage) -> None:
    """Let a container that says nothing be given up after four seconds."""
    stage.home.configure(swap=BEATS)


def test_a_fault_is_undone_though_it_never_began(tmp_path: Path):
    with night(tmp_path, (), random=Random(1)) as stage:
        for fault in (*CALLS, *CONTAINERS, *ENGINE, *DISK):
            fault.end(stage)

        assert stage.containers() == []
