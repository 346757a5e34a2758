"""An agent whose code runs inside of the check: there it finds nothing, and nothing it does stays.

Each adds a test to the project that passes only where it could do no harm.
"""

from tests.hostile.night import MARKS, Aftermath, attack

pytestmark = MARKS


def a_test(body: str) -> str:
    """Answer the script of an agent that adds a test with this body."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f"""
Path(f"tests/test_{{KEY[4:]}}.py").write_text('''import os, pathlib, socket, subprocess, time

import calc


def came_of(do):
    try:
        do()
    except OSError as error:
        return error.errno
    return 0


def test_more():
{lines}    assert calc.add(1, 1) == 2
''')
"""


@attack(
    a_test("""
for host in ("1.1.1.1", "169.254.169.254", "172.17.0.1", "host.docker.internal"):
    assert came_of(lambda: socket.create_connection((host, 80), timeout=1)) != 0, host
assert os.listdir("/sys/class/net") == ["lo"]
""")
)
def test_a_check_reaches_no_network(after: Aftermath) -> None:
    assert after.merged


@attack(
    a_test("""
left = {"packet.json", "context.json", "secret", "state"} & set(os.listdir("/fleet"))
assert not left
assert not any("TOKEN" in name or "FLEET" in name for name in os.environ)
""")
)
def test_a_check_sees_nothing_of_the_agents_folder(after: Aftermath) -> None:
    assert after.merged


@attack(
    a_test("""
(alternates,) = pathlib.Path("/fleet/git/objects/info/alternates").read_text().split()
for place in ("/", "/usr/bin", "/opt", "/etc/passwd", alternates, alternates + "/pack"):
    path = place if place == "/etc/passwd" else place + "/evil"
    assert came_of(lambda: open(path, "a").close()) != 0, path
""")
)
def test_a_check_writes_nowhere_but_to_its_copy(after: Aftermath) -> None:
    assert after.merged


@attack(
    a_test("""
pathlib.Path("calc.py").write_text("def add(a, b): return 7")
pathlib.Path("evil.txt").write_text("x")
subprocess.run(["git", "checkout", "-q", "-b", "evil"], check=False)
subprocess.run(["git", "commit", "-qam", "evil"], check=False)
""")
)
def test_what_a_check_writes_is_thrown_away(after: Aftermath) -> None:
    assert after.merged
    assert b"evil.txt" not in after.files
    assert after.read("calc.py").endswith(b"a + b\n")


@attack(
    a_test("""
subprocess.Popen(["sh", "-c", "trap '' TERM HUP; while :; do date >>late.txt; sleep 0.1; done"],
                 start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
""")
)
def test_what_a_check_leaves_running_ends_with_its_container(after: Aftermath) -> None:
    assert after.merged
    assert after.night.home.containers() == []


@attack(
    a_test("""
forks = []
while len(forks) < 5000:
    forks.append(subprocess.Popen(["sleep", "30"]))
""")
)
def test_a_fork_bomb_in_a_check_is_red(after: Aftermath) -> None:
    assert after.verdicts == [("check", "failed")]


@attack(
    a_test("""
hog = []
while len(hog) < 64:
    hog.append(b"x" * 2**27)
""")
)
def test_a_check_that_eats_all_memory_is_red_and_says_so(after: Aftermath) -> None:
    assert after.verdicts == [("check", "failed")]
    assert "memory" in after.log


@attack(
    a_test(r"""
print(chr(27) + "[2J" + chr(27) + "]0;evil" + chr(7) + "x" * 3_000_000)
raise ValueError(chr(27) + "[31m all green")
""")
)
def test_a_flood_and_escapes_in_a_checks_output_are_bounded_and_plain(after: Aftermath) -> None:
    assert after.verdicts == [("check", "failed")]
    assert "\x1b" not in after.log
    assert len(after.log) < 100_000
