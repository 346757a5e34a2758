"""The runner as PID 1 of a real hardened container, with agents that do their worst."""

import json
from contextlib import closing, contextmanager

import docker
import pytest

from tests.agent.stage import Said, a_packet
from tests.containers import eventually

pytestmark = pytest.mark.docker

IMAGE = "fleet-agent:small"
MEGABYTE = 1024 * 1024
# seconds that an engine may take on a machine where much else goes on
LONG = 100

# Tries every way from a process of the same uid into PID 1 and writes what came of it.
PROBE = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
FAKE = json.dumps({"v": 1, "seq": 1, "at": "2026-01-01", "type": "result", "status": "success",
                   "forged": True}).encode() + b"\\n"
won = []
def attack(name, deed):
    try:
        if deed():
            won.append(name)
    except OSError:
        pass
def inject(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        return os.write(descriptor, FAKE)
    finally:
        os.close(descriptor)
def call(number, *rest):
    answer = libc.syscall(number, *rest)
    if answer < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return answer
def steal(descriptor):
    pidfd = call(434, 1, 0)
    return os.write(call(438, pidfd, descriptor, 0), FAKE)
def peek():
    class Span(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    room = ctypes.create_string_buffer(8)
    here, there = Span(ctypes.addressof(room), 8), Span(id(room), 8)
    return call(310, 1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
for number in range(32):
    attack("write to a descriptor", lambda: inject(f"/proc/1/fd/{number}"))
    attack("write to a thread's descriptor", lambda: inject(f"/proc/1/task/1/fd/{number}"))
    attack("steal a descriptor", lambda: steal(number))
for name in ("environ", "mem", "maps", "auxv", "stack"):
    attack(f"read {name}", lambda: bool(open(f"/proc/1/{name}", "rb").read(1)))
attack("name a descriptor", lambda: os.readlink("/proc/1/fd/1"))
attack("enter its root", lambda: os.listdir("/proc/1/root"))
attack("trace it", lambda: call(101, 0x4206, 1, 0, 0) == 0)
attack("read its memory", peek)
for path in ("/dev/console", "/dev/tty", "/dev/stdout", "/dev/stderr", "/proc/self/fd/1"):
    attack(path, lambda: inject(path) and path in ("/dev/console", "/dev/tty"))
print(FAKE.decode(), end="", flush=True)
open("/workspace/won.json", "w").write(json.dumps(sorted(set(won))))
"""
# a PID 1 that protects nothing: what the probe must be able to break
DEFENCELESS = ["python3", "-I", "-c", "import os; os.system('python3 -I /workspace/probe.py')"]
HOG = "import time; block = bytearray(b'x') * (400 * 1024 * 1024); time.sleep(60)"


@pytest.fixture(scope="module")
def engine():
    with closing(docker.from_env()) as client:
        yield client


@contextmanager
def container_started(engine, folder, *, user=0, command=("run",), **options):
    """A container as the coordinator starts it."""
    for part in (folder, folder / "workspace"):
        part.chmod(0o777)
    mounts = {str(folder / "workspace"): {"bind": "/workspace", "mode": "rw"}}
    for name in ("packet.json", "context.json"):
        mounts[str(folder / name)] = {"bind": f"/fleet/{name}", "mode": "ro"}
    tmpfs = "exec,nosuid,nodev,size=8m,mode=1777"
    container = engine.containers.run(
        IMAGE,
        list(command),
        **{
            "detach": True,
            "entrypoint": ["/usr/local/bin/fleet-agent"],
            "user": f"{user}:{user}",
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "network_mode": "none",
            "read_only": True,
            "tmpfs": {"/tmp": tmpfs, "/home/agent": tmpfs},
            "pids_limit": 60,
            "mem_limit": 128 * MEGABYTE,
            "environment": {"HOME": "/home/agent"},
            "volumes": mounts,
            **options,
        },
    )
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


def a_folder(tmp_path, shell="true", **context):
    (tmp_path / "workspace").mkdir()
    told = {"session_id": "s-1", "trace_id": "t-1", "workspace_root": "/workspace"}
    (tmp_path / "packet.json").write_text(json.dumps(a_packet(shell, **context)))
    (tmp_path / "context.json").write_text(json.dumps(told | {"safe_mode": False}))
    return tmp_path


def heard(container):
    """Wait for the end and return what the runner said; standard error must be empty."""
    exit_code = container.wait(timeout=LONG)["StatusCode"]
    assert container.logs(stdout=False, stderr=True) == b""
    return Said(container.logs(stdout=True, stderr=False), exit_code)


@pytest.mark.parametrize("user", [0, 1000])
def test_no_agent_reaches_into_the_runner_or_forges_a_line(engine, tmp_path, user):
    folder = a_folder(tmp_path, "kill -KILL 1; kill -STOP 1; python3 -I probe.py; exit 1")
    (folder / "workspace" / "probe.py").write_text(PROBE)

    with container_started(engine, folder, user=user) as container:
        said = heard(container)

    assert json.loads((folder / "workspace" / "won.json").read_text()) == []
    assert "forged" not in said.lines[-1]
    assert [line["type"] for line in said.lines if "forged" in line] == []
    assert (said.failure, len(said.of("result"))) == ("crash", 1)
    assert [line["seq"] for line in said.lines] == list(range(1, len(said.lines) + 1))


@pytest.mark.parametrize("user", [0, 1000])
def test_the_same_attacks_break_a_runner_that_protects_nothing(engine, tmp_path, user):
    folder = a_folder(tmp_path)
    (folder / "workspace" / "probe.py").write_text(PROBE)

    entry, *rest = DEFENCELESS
    options = {"entrypoint": [entry], "command": rest}
    with container_started(engine, folder, user=user, **options) as container:
        container.wait(timeout=LONG)
        forged = container.logs().count(b'"forged": true')

    won = json.loads((folder / "workspace" / "won.json").read_text())
    assert {"write to a descriptor", "read environ", "name a descriptor"} <= set(won)
    assert forged > 3


@pytest.mark.parametrize("user", [0, 1000])
def test_an_attempt_goes_its_way_in_a_hardened_container(engine, tmp_path, user):
    agent = "fleet-agent report progress 'at it' && echo $(id -u) > /workspace/who && touch ~/.x"
    check = ["sh", "-c", "grep -q . who"]
    folder = a_folder(tmp_path, agent, check=check, self_check_rounds=2)

    with container_started(engine, folder, user=user) as container:
        said = heard(container)

    assert (said.result["status"], said.exit_code) == ("success", 0)
    assert [line["message"] for line in said.of("progress")] == ["at it"]
    assert [line["exit_code"] for line in said.of("check")] == [0]
    assert (folder / "workspace" / "who").read_text() == f"{user}\n"


def test_an_init_in_front_of_the_runner_is_refused(engine, tmp_path):
    with container_started(engine, a_folder(tmp_path), init=True) as container:
        assert heard(container).failure == "isolation"


def test_what_the_agent_leaves_running_is_gone_before_the_check(engine, tmp_path):
    agent = "setsid sleep 300 & setsid sh -c 'trap \"\" TERM; sleep 300; sleep 300' & sleep 0.2"
    check = ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[s]leep 300'"]
    folder = a_folder(tmp_path, agent, check=check, self_check_rounds=1)

    with container_started(engine, folder) as container:
        said = heard(container)

    assert [line["tail"] for line in said.of("check")] == ["0\n"]


def test_dead_orphans_do_not_fill_the_process_limit(engine, tmp_path):
    orphans = "i=0; while [ $i -lt 200 ]; do (true &); i=$((i+1)); sleep 0.005; done"

    with container_started(engine, a_folder(tmp_path, orphans)) as container:
        said = heard(container)

    assert (said.result["status"], said.diagnostics["stderr_tail"]) == ("success", "")


def test_a_fork_bomb_ends_with_its_time(engine, tmp_path):
    bomb = "bomb() { bomb | bomb & bomb; }; bomb"
    folder = a_folder(tmp_path, bomb, limits={"attempt_timeout_seconds": 1})

    with container_started(engine, folder) as container:
        said = heard(container)

    assert said.failure in {"timeout", "crash"}


def test_an_agent_that_eats_all_memory_ends_as_oom_and_the_runner_lives(engine, tmp_path):
    folder = a_folder(tmp_path, f'exec python3 -c "{HOG}"')

    with container_started(engine, folder, memswap_limit=128 * MEGABYTE) as container:
        said = heard(container)

    assert (said.failure, said.exit_code) == ("oom", 1)


def test_a_full_scratch_folder_ends_the_rounds_with_a_result(engine, tmp_path):
    filler = "head -c 20m /dev/zero > /tmp/full; true"
    check = ["sh", "-c", "head -c 9000 /dev/zero | tr '\\0' x; exit 1"]
    folder = a_folder(tmp_path, filler, check=check, self_check_rounds=3)

    with container_started(engine, folder) as container:
        said = heard(container)

    assert said.failure == "crash"
    assert "no room" in said.diagnostics["message"]


@pytest.mark.parametrize("shell", ["sleep 300", "trap '' TERM; while :; do sleep 0.1; done"])
def test_a_stop_ends_the_container_soon_with_a_result(engine, tmp_path, shell):
    with container_started(engine, a_folder(tmp_path, shell)) as container:
        eventually(lambda: b'"started"' in container.logs())
        container.stop(timeout=LONG)
        said = heard(container)

    assert (said.failure, said.exit_code) == ("stopped", 1)
    # the half second of grace, and not the time of the command
    assert said.diagnostics["duration_seconds"] < 30
