"""What a container may not do, however hostile: asked from inside."""

import json
import os
import subprocess
import threading

import pytest

from fleet.domain.errors import FleetError
from fleet.domain.etc import etc_files
from fleet.domain.limits import Limits
from fleet.ports import Exit, Mount
from tests.containers import MEGABYTE, SMALL, a_container, a_home, eventually

pytestmark = pytest.mark.docker

LOOK = """
import json, os, pathlib, socket
lines = open("/proc/self/status").read().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
def allowed(deed):
    try:
        deed()
    except OSError:
        return False
    return True
def runs(folder):
    program = pathlib.Path(folder, "program")
    program.write_text("#!/bin/sh\\nexit 0\\n")
    program.chmod(0o700)
    return os.system(str(program)) == 0
print(json.dumps({
    "caps": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"],
    "seccomp": status["Seccomp"],
    "who": [os.getuid(), os.getgid(), os.getgroups()],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "root": allowed(lambda: open("/etc/motd2", "w")),
    "ro_mount": allowed(lambda: open("/given/file", "w")),
    "rw_mount": allowed(lambda: open("/work/file", "w")),
    "tmp_runs": runs("/tmp"),
    "home_runs": runs("/home/agent"),
    "home_owner": os.stat("/home/agent").st_uid,
    "sizes": [os.statvfs(p).f_blocks * os.statvfs(p).f_frsize for p in ("/tmp", "/home/agent")],
    "parent": open("/proc/1/comm").read().strip(),
}))
"""

CALL = """
import json, pathlib, socket
server = socket.create_server(("localhost", 0))
caller = socket.create_connection(("localhost", server.getsockname()[1]))
routes = pathlib.Path("/proc/net/route").read_text().splitlines()
print(json.dumps({
    "localhost": socket.getaddrinfo("localhost", 80)[0][4][0],
    "answered": server.accept()[1] == caller.getsockname(),
    "servers": pathlib.Path("/etc/resolv.conf").read_text(),
    "routes": len(routes) - 1,
}))
"""

BOMB = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""


@pytest.fixture
def home():
    with a_home() as found:
        yield found


def test_the_container_is_a_hardened_one(home, tmp_path):
    runtime, home8 = home
    given, work = tmp_path / "given", tmp_path / "work"
    for folder in (given, work):
        folder.mkdir()
        os.chown(folder, 1000, 1000)
    mounts = (
        Mount(source=str(given), target="/given"),
        Mount(source=str(work), target="/work", writable=True),
    )
    spec = a_container(
        home8, entrypoint=("python3", "-c"), command=(LOOK,), uid=1000, gid=1001, mounts=mounts
    )

    runtime.start(spec)

    assert json.loads(b"".join(runtime.follow(spec.name))) == {
        "caps": 0,
        "no_new_privileges": "1",
        "seccomp": "2",
        "who": [1000, 1001, [1001]],
        "interfaces": ["lo"],
        "root": False,
        "ro_mount": False,
        "rw_mount": True,
        "tmp_runs": True,
        "home_runs": True,
        "home_owner": 1000,
        "sizes": [SMALL.memory_bytes // 4] * 2,
        "parent": "docker-init",
    }


def test_without_a_network_there_is_a_loopback_and_no_name_but_its_own(home, tmp_path):
    runtime, home8 = home
    hosts = tmp_path / "hosts"
    hosts.write_text(etc_files(1000, 1000)["hosts"])
    mounts = (Mount(source=str(hosts), target="/etc/hosts"),)
    spec = a_container(home8, entrypoint=("python3", "-c"), command=(CALL,), mounts=mounts)

    runtime.start(spec)

    # the first of its addresses: many programs try no other
    assert json.loads(b"".join(runtime.follow(spec.name))) == {
        "localhost": "127.0.0.1",
        "answered": True,
        "servers": "",
        "routes": 0,
    }


def test_the_engine_makes_no_network_for_who_has_none(home):
    runtime, home8 = home
    spec = a_container(home8)

    runtime.start(spec)

    asked = ["docker", "inspect", "--format", "{{json .NetworkSettings.Networks}}", spec.name]
    told = subprocess.run(asked, check=True, capture_output=True)
    assert json.loads(told.stdout) == {}


def test_the_images_own_entrypoint_is_pid_1_itself(home):
    runtime, home8 = home
    spec = a_container(home8, entrypoint=None, command=("--help",))

    runtime.start(spec)

    assert runtime.wait(spec.name, timeout=60) == Exit(code=0, out_of_memory=False)


def test_a_missing_mount_is_an_error_and_makes_no_folder(home, tmp_path):
    runtime, home8 = home
    missing = tmp_path / "missing"
    spec = a_container(home8, mounts=(Mount(source=str(missing), target="/given"),))

    with pytest.raises(FleetError, match="missing"):
        runtime.start(spec)

    assert not missing.exists()


def test_a_fork_bomb_stays_inside_and_can_be_ended(home):
    runtime, home8 = home
    bomb = a_container(home8, entrypoint=("python3", "-c"), command=(BOMB,))
    runtime.start(bomb)
    eventually(lambda: processes(bomb.name) > SMALL.pids // 2)

    peer = a_container(home8, "echo fine", number=2)
    runtime.start(peer)

    assert b"".join(runtime.follow(peer.name)) == b"fine\n"
    assert processes(bomb.name) <= SMALL.pids
    runtime.stop(bomb.name, grace=0)
    assert runtime.wait(bomb.name, timeout=60) is not None


def processes(name):
    """Count its processes as the host sees them."""
    said = subprocess.run(["docker", "top", name], check=True, capture_output=True, text=True)
    return len(said.stdout.splitlines()) - 1


def test_running_out_of_memory_is_told_apart_from_a_kill(home):
    runtime, home8 = home
    eat = "bytearray(b'x') * (500 * 1024 * 1024)"
    scripts = {
        1: f'exec python3 -c "{eat}"',
        2: f'python3 -c "{eat}"; exit 3',
        3: "kill -9 $$",
    }
    specs = {n: a_container(home8, script, number=n) for n, script in scripts.items()}
    for spec in specs.values():
        runtime.start(spec)

    ends = {number: runtime.wait(spec.name, timeout=60) for number, spec in specs.items()}

    assert ends == {
        1: Exit(code=137, out_of_memory=True),
        2: Exit(code=3, out_of_memory=True),
        3: Exit(code=137, out_of_memory=False),
    }


def test_a_full_tmp_hurts_the_container_alone(home):
    runtime, home8 = home
    spec = a_container(home8, "head -c 100000000 /dev/zero >/tmp/big; wc -c </tmp/big")

    runtime.start(spec)

    assert int(b"".join(runtime.follow(spec.name))) == SMALL.memory_bytes // 4
    assert "No space left" in runtime.output(spec.name, limit=1000)[1]


def test_a_flood_of_output_neither_hangs_nor_fills_memory(home):
    runtime, home8 = home
    roomy = Limits(cpus=1.0, memory_bytes=256 * MEGABYTE, pids=64)
    flood = "yes $(head -c 4000 /dev/zero | tr '\\0' x) | head -c 200000000; exit 5"
    spec = a_container(home8, flood, limits=roomy)
    runtime.start(spec)
    heard, longest = 0, 0

    for chunk in runtime.follow(spec.name):
        heard, longest = heard + len(chunk), max(longest, len(chunk))

    assert heard > 30 * MEGABYTE
    assert longest <= MEGABYTE
    assert runtime.wait(spec.name, timeout=60).code == 5
    assert len(runtime.output(spec.name, limit=16384)[0]) == 16384


def test_forty_starts_eight_at_a_time(home):
    runtime, home8 = home
    specs = [a_container(home8, f"echo {n}", number=n) for n in range(1, 41)]
    said, todo, lock = {}, list(specs), threading.Lock()

    def work():
        while True:
            with lock:
                if not todo:
                    return
                spec = todo.pop()
            runtime.start(spec)
            said[spec.name] = b"".join(runtime.follow(spec.name)), runtime.wait(spec.name).code
            runtime.remove(spec.name)

    hands = [threading.Thread(target=work) for _ in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert said == {spec.name: (f"{n}\n".encode(), 0) for n, spec in enumerate(specs, 1)}
    assert runtime.containers() == ()
