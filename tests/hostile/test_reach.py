"""An agent that wants out of its container, or more of the machine than is its own."""

from tests.hostile.night import MARKS, Aftermath, attack

pytestmark = MARKS


@attack("""
tell(socket=came_of(lambda: os.stat("/var/run/docker.sock")),
     run=came_of(lambda: os.stat("/run/docker.sock")), tcp=reach("172.17.0.1", 2375),
     tls=reach("172.17.0.1", 2376), here=reach("127.0.0.1", 2375))
""")
def test_the_docker_engine_is_not_in_reach(after: Aftermath) -> None:
    assert after.found["socket"] == after.found["run"] == "ENOENT"
    assert "done" not in after.found.values()
    assert after.merged


@attack("""
tell(metadata=reach("169.254.169.254", 80), six=reach("fd00:ec2::254", 80),
     name=reach("metadata.google.internal", 80), lan=reach("192.168.0.1", 80),
     world=reach("1.1.1.1", 443), host=reach("172.17.0.1", 22),
     interfaces=os.listdir("/sys/class/net"))
""")
def test_metadata_host_and_world_are_not_in_reach(after: Aftermath) -> None:
    assert after.found.pop("interfaces") == ["lo"]
    assert "done" not in after.found.values()
    assert after.merged


@attack("""
import ctypes, time
libc = ctypes.CDLL(None, use_errno=True)
tell(clock=came_of(lambda: time.clock_settime(time.CLOCK_REALTIME, 0)),
     root=came_of(lambda: os.chroot("/tmp")), user=came_of(lambda: os.setuid(12345)),
     groups=came_of(lambda: os.setgroups([0, 999])), nice=came_of(lambda: os.nice(-20)),
     name=libc.sethostname(b"evil", 4), module=libc.syscall(175, 0, 0, 0),
     key=libc.syscall(250, 0, 0, 0), trace=libc.syscall(298, 0, 0, 0, 0, 0),
     space=libc.unshare(0x10000000), reboot=libc.reboot(0x1234567))
""")
def test_what_needs_a_capability_is_refused(after: Aftermath) -> None:
    assert set(after.found.values()) <= {"EPERM", "EACCES", "EINVAL", -1}
    assert after.merged


@attack("""
places = ("/", "/usr/bin", "/etc", "/opt", "/fleet", "/sys/kernel", "/proc/sys/kernel", "/proc")
tell(**{place: came_of(lambda: Path(place, "evil").write_text("x")) for place in places},
     pattern=came_of(lambda: Path("/proc/sys/kernel/core_pattern").write_text("|/bin/sh")),
     trigger=came_of(lambda: Path("/proc/sysrq-trigger").write_text("b")),
     cgroup=came_of(lambda: Path("/sys/fs/cgroup/memory.max").write_text("max")))
""")
def test_the_system_it_runs_on_is_read_only(after: Aftermath) -> None:
    assert "done" not in after.found.values()
    assert after.merged


@attack(
    """
work()
import subprocess
forks = []
try:
    while True:
        forks.append(subprocess.Popen(["sleep", "60"]))
except OSError as error:
    tell(forks=len(forks), why=str(error))
"""
)
def test_a_fork_bomb_stops_at_its_limit(after: Aftermath) -> None:
    assert after.found["forks"] < 128
    assert after.merged


@attack("""
work()
hog = []
while True:
    hog.append(b"x" * 2**24)
""")
def test_memory_beyond_the_limit_ends_the_attempt_and_says_so(after: Aftermath) -> None:
    assert after.kept_out
    assert "memory" in after.reason


@attack(
    """
def fill(place):
    with open(place, "wb") as file:
        while True:
            file.write(b"x" * 2**20)
tell(tmp=came_of(lambda: fill("/tmp/full")), home=came_of(lambda: fill("/home/agent/full")),
     shm=came_of(lambda: fill("/dev/shm/full")))
""",
    limits={"cpus": 2, "memory": "1g", "pids": 128},
)
def test_places_in_memory_are_full_before_the_machine_is(after: Aftermath) -> None:
    assert set(after.found.values()) <= {"ENOSPC", "EROFS", "EACCES"}
    assert after.merged
