"""The contract of the container runtime, on a real engine."""

import secrets
import subprocess
import threading

import docker
import pytest

from fleet.domain.errors import FleetError
from fleet.ports import ContainerRuntime, Exit
from tests.containers import IMAGE, a_container, a_home

pytestmark = pytest.mark.docker


@pytest.fixture
def home():
    with a_home() as found:
        yield found


@pytest.fixture
def engine():
    client = docker.APIClient()
    yield client
    client.close()


@pytest.fixture
def tag(engine):
    name = f"fleet-agent:test-{secrets.token_hex(4)}"
    yield name
    engine.remove_image(name)


@pytest.mark.parametrize(
    ("label", "agents"),
    [
        ("", None),
        ("LABEL fleet.agents=command", None),
        ("LABEL fleet.agents='[1]'", None),
        (f"LABEL fleet.agents='{'[' * 5000}'", None),
        ("""LABEL fleet.agents='{"claude": "2.1", "codex": null}'""", frozenset({"claude"})),
        ("LABEL fleet.agents='{}'", frozenset()),
    ],
)
def test_an_image_says_which_agents_it_has_or_nothing(home, tag, label, agents):
    runtime, _ = home
    build = ["docker", "build", "-q", "-t", tag, "-"]
    subprocess.run(build, check=True, input=f"FROM scratch\nCMD x\n{label}\n".encode())

    assert runtime.image_agents(tag) == agents
    assert runtime.image_agents("fleet-agent:never-built") is None


def test_it_names_the_engine_and_its_images(home):
    runtime, _ = home

    assert isinstance(runtime, ContainerRuntime)
    assert runtime.ping()
    assert str(runtime.image_id(IMAGE)).startswith("sha256:")
    assert runtime.image_id("fleet-agent:never-built") is None


def test_a_container_says_and_ends_as_it_did(home):
    runtime, home8 = home
    spec = a_container(home8, "echo out; echo err >&2; echo again; exit 3")

    runtime.start(spec)

    assert b"".join(runtime.follow(spec.name)) == b"out\nagain\n"
    assert runtime.wait(spec.name, timeout=60) == Exit(code=3, out_of_memory=False)
    assert runtime.output(spec.name, limit=100) == ("out\nagain\n", "err\n")
    said = list(runtime.transcript(spec.name))
    assert b"".join(piece for stream, piece in said if stream == 1) == b"out\nagain\n"
    assert b"".join(piece for stream, piece in said if stream == 2) == b"err\n"


def test_starting_again_neither_runs_it_twice_nor_fails(home):
    runtime, home8 = home
    spec = a_container(home8, "echo once")
    runtime.start(spec)
    runtime.wait(spec.name)

    runtime.start(spec)

    assert b"".join(runtime.follow(spec.name)) == b"once\n"


def test_one_created_but_never_started_is_started(home, engine):
    runtime, home8 = home
    spec = a_container(home8, "echo late")
    config = {
        "Image": IMAGE,
        "Entrypoint": ["sh", "-c"],
        "Cmd": ["echo late"],
        "Labels": {"fleet.home": home8},
    }
    engine.create_container_from_config(config, name=spec.name)
    assert [(c.running, c.exit) for c in runtime.containers()] == [(False, None)]
    assert runtime.wait(spec.name, timeout=1) is None

    runtime.start(spec)

    assert b"".join(runtime.follow(spec.name)) == b"late\n"


def test_one_made_anew_under_the_name_of_one_that_was_taken_away_is_stopped(home, engine):
    runtime, home8 = home
    spec = a_container(home8, "exec sleep 60")
    runtime.start(spec)
    engine.remove_container(spec.name, force=True)
    config = {
        "Image": IMAGE,
        "Entrypoint": ["sleep", "60"],
        "Labels": {"fleet.home": home8},
    }
    engine.create_container_from_config(config, name=spec.name)
    runtime.start(spec)

    runtime.stop(spec.name, grace=0)

    assert [container.running for container in runtime.containers()] == [False]


def test_another_homes_container_is_refused_and_never_touched(home):
    runtime, home8 = home
    with a_home() as (other, other8):
        theirs = a_container(other8, "sleep 60", name=a_container(home8).name)
        other.start(theirs)

        with pytest.raises(FleetError, match="not of this home"):
            runtime.start(a_container(home8))
        runtime.stop(theirs.name, grace=0)
        runtime.remove(theirs.name)

        assert runtime.containers() == ()
        assert runtime.wait(theirs.name, timeout=0.2) is None
        assert [c.running for c in other.containers()] == [True]


def test_waiting_ends_when_its_time_is_over(home):
    runtime, home8 = home
    spec = a_container(home8, "sleep 60")
    runtime.start(spec)

    assert runtime.wait(spec.name, timeout=0.3) is None
    assert [c.running for c in runtime.containers()] == [True]


def test_stopping_asks_first_and_kills_after_the_grace(home):
    runtime, home8 = home
    polite = a_container(home8, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    deaf = a_container(home8, "trap '' TERM; echo ready; while :; do sleep 0.05; done", number=2)
    for spec in (polite, deaf):
        runtime.start(spec)
        # its trap is set once it has spoken
        assert next(runtime.follow(spec.name)) == b"ready\n"

    runtime.stop(polite.name, grace=60)
    runtime.stop(deaf.name, grace=0.2)
    runtime.stop(deaf.name, grace=0.2)

    assert runtime.wait(polite.name, timeout=60) == Exit(code=7, out_of_memory=False)
    assert runtime.wait(deaf.name, timeout=60) == Exit(code=137, out_of_memory=False)


def test_what_is_gone_is_gone_without_a_fuss(home):
    runtime, home8 = home
    name = a_container(home8).name

    runtime.stop(name, grace=1)
    runtime.remove(name)

    assert runtime.wait(name) is None
    assert list(runtime.follow(name)) == []
    assert runtime.output(name, limit=10) == ("", "")
    assert list(runtime.transcript(name)) == []


def test_containers_tell_whose_they_are_and_how_they_ended(home):
    runtime, home8 = home
    ended = a_container(home8, "exit 4")
    alive = a_container(home8, "sleep 60", number=2, labels={"fleet.purpose": "check"})
    for spec in (ended, alive):
        runtime.start(spec)
    runtime.wait(ended.name)

    first, second = runtime.containers()

    assert (first.attempt, first.purpose) == (f"app-1-1-{home8}", "agent")
    assert first.exit == Exit(code=4, out_of_memory=False)
    assert (second.attempt, second.purpose, second.running, second.exit) == (
        "",
        "check",
        True,
        None,
    )


def test_a_missing_image_is_named_with_what_to_do(home):
    runtime, home8 = home

    with pytest.raises(FleetError, match=r"never-built is missing.*fleet image build"):
        runtime.start(a_container(home8, image="fleet-agent:never-built"))

    assert runtime.containers() == ()


def test_output_is_cut_at_whole_characters(home):
    runtime, home8 = home
    spec = a_container(home8, "printf 'ääääx'; printf 'short' >&2")
    runtime.start(spec)
    runtime.wait(spec.name)

    assert runtime.output(spec.name, limit=6) == ("ääx", "short")


def test_a_line_longer_than_the_engines_own_comes_whole(home):
    runtime, home8 = home
    spec = a_container(home8, "python3 -c \"print('x' * 65000)\"; echo end")
    runtime.start(spec)

    assert b"".join(runtime.follow(spec.name)) == b"x" * 65000 + b"\nend\n"


def test_following_starts_at_the_beginning_however_late(home):
    runtime, home8 = home
    spec = a_container(home8, "echo first; sleep 1; echo last")
    runtime.start(spec)
    heard = []
    early = threading.Thread(target=lambda: heard.append(b"".join(runtime.follow(spec.name))))
    early.start()
    runtime.wait(spec.name)
    early.join()

    assert heard == [b"first\nlast\n"]
    assert b"".join(runtime.follow(spec.name)) == b"first\nlast\n"
