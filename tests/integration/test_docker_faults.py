"""The engine goes, comes back, or refuses; the client is killed: nothing is lost or doubled."""

import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fleet.adapters.runtimes.docker import DockerRuntime
from fleet.domain.errors import EngineDownError, TransientError
from fleet.ports import Exit
from tests.conftest import ROOT
from tests.containers import IMAGE, a_container, a_home, eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


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


def answers(runtime):
    with suppress(EngineDownError):
        return runtime.ping()
    return None


@contextmanager
def dockerd_running(folder: Path):
    """Answer an engine of the test's own, with containers that outlive it, and a way to restart."""
    # its paths are bounded by the 108 bytes of a socket's name
    # in a network of its own: --bridge=none deletes the docker0 that it finds, the user's
    command = [
        "unshare",
        "--net",
        "dockerd",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--host=unix://{folder}/sock",
        f"--pidfile={folder}/pid",
        "--bridge=none",
        "--iptables=false",
        "--live-restore",
        "--containerd-namespace=fleet-test",
        "--containerd-plugins-namespace=fleet-test-plugins",
    ]
    running: list[subprocess.Popen[bytes]] = []

    def start():
        with (folder / "log").open("ab") as log:
            running.append(
                subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            )
        runtime = DockerRuntime("0badcafe", f"unix://{folder}/sock")
        try:
            eventually(lambda: answers(runtime))
        except AssertionError:
            pytest.fail((folder / "log").read_text()[-2000:])

    def kill():
        for process in running:
            process.kill()
            process.wait()
        # the kernel ends containerd with it; where nobody reaps that, the next dockerd takes the
        # dead for the living
        (folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)
        running.clear()

    start()
    try:
        yield f"unix://{folder}/sock", start, kill
    finally:
        for process in running:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture
def short_path():
    folder = Path("/tmp") / f"fleet-{secrets.token_hex(3)}"
    folder.mkdir()
    yield folder
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False)
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def own_engine(short_path):
    with dockerd_running(short_path) as (url, start, kill):
        rootfs = subprocess.Popen(["tar", "-C", "/", "-c", *floor()], stdout=subprocess.PIPE)
        importing = ["docker", "-H", url, "import", "-", IMAGE]
        with rootfs:
            subprocess.run(importing, stdin=rootfs.stdout, check=True, stdout=subprocess.DEVNULL)
        yield url, start, kill


def test_a_container_survives_the_engines_death_and_is_followed_anew(own_engine):
    url, start, kill = own_engine
    with a_home(url) as (runtime, home8):
        script = "n=0; while [ $n -lt 60 ]; do n=$((n+1)); echo $n; sleep 0.1; done; exit 9"
        spec = a_container(home8, script)
        runtime.start(spec)

        following = runtime.follow(spec.name)
        assert next(following) == b"1\n"
        kill()
        with pytest.raises(TransientError):
            list(following)
        with pytest.raises(EngineDownError):
            runtime.containers()
        start()

        assert [c.running for c in runtime.containers()] == [True]
        said = b"".join(runtime.follow(spec.name)).split()
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
