"""The engine goes, comes back, or refuses; the client is killed: nothing is lost or doubled."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from fleet.domain.errors import EngineDownError, HalfStartedError, TransientError
from fleet.ports import Exit
from tests.conftest import ROOT
from tests.containers import IMAGE, a_container, a_home, eventually
from tests.own_engine import own_engine

# an engine of its own is started up to twenty times
pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


def test_a_killed_client_leaves_a_container_that_the_next_finds():
    with a_home() as (runtime, home8):
        spec = a_container(home8, "for n in 1 2 3 4 5 6; do echo $n; sleep 0.3; done; exit 9")
        client = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.containers import DockerRuntime, a_container
runtime = DockerRuntime({home8!r})
spec = a_container({home8!r}, {spec.command[0]!r})
runtime.start(spec)
print("started", flush=True)
list(runtime.follow(spec.name))
"""
        process = subprocess.Popen([sys.executable, "-c", client], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"started\n"
            process.send_signal(signal.SIGKILL)

        assert [c.name for c in runtime.containers()] == [spec.name]
        runtime.start(spec)
        assert b"".join(runtime.follow(spec.name)).split() == [b"1", b"2", b"3", b"4", b"5", b"6"]
        assert runtime.wait(spec.name) == Exit(code=9, out_of_memory=False)


@pytest.fixture
def engine():
    with own_engine() as started:
        rootfs = subprocess.Popen(["tar", "-C", "/", "-c", *floor()], stdout=subprocess.PIPE)
        importing = ["docker", "-H", started.url, "import", "-", IMAGE]
        with rootfs:
            subprocess.run(importing, stdin=rootfs.stdout, check=True, stdout=subprocess.DEVNULL)
        yield started


def test_a_container_survives_the_engines_death_and_is_followed_anew(engine):
    with a_home(engine.url) as (runtime, home8):
        counts = "n=0; while [ $n -lt 60 ]; do n=$((n+1)); echo $n; sleep 0.1; done"
        # it lives until it is told to end, however long the engine takes to come back
        script = f"trap 'exit 9' TERM; {counts}; while :; do sleep 0.1; done"
        spec = a_container(home8, script)
        runtime.start(spec)

        following = runtime.follow(spec.name)
        assert next(following) == b"1\n"
        engine.kill()
        with pytest.raises(TransientError):
            list(following)
        with pytest.raises(EngineDownError):
            runtime.containers()
        engine.start()

        assert [c.running for c in runtime.containers()] == [True]
        heard, following = b"", runtime.follow(spec.name)
        while b"\n60\n" not in heard:
            heard += next(following)
        runtime.stop(spec.name, grace=60)
        said = (heard + b"".join(following)).split()
        assert said == [b"%d" % n for n in range(1, 61)]
        assert runtime.wait(spec.name) == Exit(code=9, out_of_memory=False)


def floor():
    """Name the few files of this machine that a shell needs."""
    needed = {Path("/bin/sh").resolve(), Path("/bin/sleep").resolve()}
    for program in tuple(needed):
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        needed |= {Path(w) for w in told.split() if w.startswith("/")}
    links = [p for p in ("/bin", "/lib", "/lib64", "/usr/bin/sh") if Path(p).is_symlink()]
    resolved = {str(path.parent.resolve() / path.name) for path in needed}
    resolved |= {str(path.resolve()) for path in needed}
    return sorted({p.removeprefix("/") for p in (*links, *resolved)})


def test_a_start_in_which_the_engine_died_is_told_apart_and_its_container_removed(engine):
    with a_home(engine.url) as (runtime, home8):
        for number in range(1, 21):
            spec = a_container(home8, "sleep 600", number=number)
            if not half_started(engine, spec):
                continue
            begun = watchers(engine.docker("inspect", "--format", "{{.Id}}", spec.name))
            with pytest.raises(HalfStartedError):
                runtime.start(spec)
            runtime.remove(spec.name)
            assert runtime.containers() == ()
            runtime.start(spec)
            for watcher in begun:
                # no engine would ever end it
                os.kill(watcher, signal.SIGKILL)
            return
        pytest.fail("the engine was never killed in the middle of a start")


def half_started(engine, spec) -> bool:
    """Kill the engine while it starts a container; tell whether it was in the middle of it."""
    create = ["create", "--name", spec.name, "--label", f"fleet.home={spec.name[-8:]}"]
    made = engine.docker(*create, "--network=none", "--entrypoint=sleep", IMAGE, "600")
    command = ["docker", "-H", engine.url, "start", spec.name]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        # who watches over its process is there before the engine writes down that it runs
        eventually(lambda: watchers(made))
        engine.kill()
    engine.start()
    state = str(engine.docker("inspect", "--format", "{{.State.Status}}", spec.name))
    if state != "created":
        engine.docker("rm", "--force", spec.name)
    return state == "created"


def watchers(container: str) -> list[int]:
    """Answer the processes that name a container by its id in their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"-id\0{container}\0" in path.read_text(errors="replace"):
                found.append(int(path.parent.name))
    return found
