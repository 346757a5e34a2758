"""An engine that hangs takes calls and answers none: nobody waits for it for ever."""

import pytest

from fleet.adapters.runtimes import docker, engine
from fleet.domain.errors import EngineDownError
from fleet.ports import Exit
from tests.containers import a_container, a_home
from tests.own_engine import SMALL_IMAGE, own_engine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

SILENCE = 2


@pytest.fixture(scope="module")
def running():
    with own_engine(SMALL_IMAGE) as started:
        yield started


@pytest.fixture
def home(running, monkeypatch):
    with a_home(running.url) as made:
        # an engine of its own on a loaded machine first needs its time
        assert made[0].ping()
        monkeypatch.setattr(engine, "_PATIENCE", SILENCE)
        monkeypatch.setattr(engine, "SOON", SILENCE)
        monkeypatch.setattr(docker, "SOON", SILENCE)
        yield made


@pytest.fixture
def frozen(running, home):
    """Answer a way to let the engine hang for the rest of a test, and all calls be short of time.

    Not before: on a loaded machine an engine that works may need longer to start a container.
    """
    client = home[0]._engine._client
    usual = client.timeout

    def freeze():
        client.timeout = SILENCE
        running.freeze()

    yield freeze
    running.thaw()
    client.timeout = usual


def test_no_call_waits_for_ever(home, frozen):
    runtime, home8 = home
    spec = a_container(home8, "sleep 100")
    runtime.start(spec)
    frozen()

    for call in (
        runtime.ping,
        runtime.containers,
        lambda: runtime.image_id(SMALL_IMAGE),
        lambda: runtime.start(a_container(home8, number=2)),
        lambda: runtime.stop(spec.name, grace=1),
        lambda: runtime.remove(spec.name),
        lambda: runtime.output(spec.name, limit=100),
        lambda: list(runtime.transcript(spec.name)),
        lambda: runtime.wait(spec.name),
        lambda: runtime.wait(spec.name, timeout=100),
        lambda: list(runtime.follow(spec.name)),
    ):
        with pytest.raises(EngineDownError, match="did not answer in time"):
            call()


def test_a_reader_notices_an_engine_that_began_to_hang(home, frozen):
    runtime, home8 = home
    spec = a_container(home8, "echo one; sleep 100")
    runtime.start(spec)
    reader = runtime.follow(spec.name)
    assert next(reader) == b"one\n"
    frozen()

    with pytest.raises(EngineDownError):
        next(reader)


def test_a_container_that_is_silent_for_long_is_heard_to_its_end_and_nothing_twice(home):
    runtime, home8 = home
    spec = a_container(home8, f"echo one; sleep {SILENCE * 2}.5; echo two; exit 3")
    runtime.start(spec)

    assert b"".join(runtime.follow(spec.name)) == b"one\ntwo\n"
    assert runtime.wait(spec.name) == Exit(code=3, out_of_memory=False)


def test_a_long_wait_is_waited_to_its_end(home):
    runtime, home8 = home
    spec = a_container(home8, f"sleep {SILENCE * 2}.5; exit 3")
    runtime.start(spec)

    assert runtime.wait(spec.name, timeout=SILENCE / 4) is None
    assert runtime.wait(spec.name) == Exit(code=3, out_of_memory=False)


def test_a_paused_container_can_be_stopped_and_is_not_taken_for_an_ended_one(running, home):
    runtime, home8 = home
    spec = a_container(home8, "trap 'exit 7' TERM; while :; do sleep 0.1; done")
    runtime.start(spec)
    running.docker("pause", spec.name)
    (paused,) = runtime.containers()
    assert (paused.running, paused.exit) == (True, None)

    runtime.stop(spec.name, grace=1)

    assert runtime.wait(spec.name, timeout=0) in {
        Exit(code=7, out_of_memory=False),
        Exit(code=137, out_of_memory=False),
    }


def test_a_paused_container_can_be_removed(running, home):
    runtime, home8 = home
    spec = a_container(home8, "sleep 100")
    runtime.start(spec)
    running.docker("pause", spec.name)

    runtime.remove(spec.name)

    assert runtime.containers() == ()


def test_a_container_that_was_made_but_never_started_is_started_by_the_next_life(running, home):
    runtime, home8 = home
    spec = a_container(home8, "exit 4")
    made = ("--name", spec.name, "--label", f"fleet.home={home8}")
    running.docker("create", *made, "--entrypoint", "sh", SMALL_IMAGE, "-c", "exit 4")
    (before,) = runtime.containers()
    assert (before.running, before.exit) == (False, None)

    runtime.start(spec)

    assert runtime.wait(spec.name) == Exit(code=4, out_of_memory=False)
