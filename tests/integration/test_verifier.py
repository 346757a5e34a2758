"""Verdicts come only from a check watched from beginning to end, at exactly the SHA."""

import os
import tempfile
import threading
from pathlib import Path

import pytest

from fleet.adapters.runtimes.docker import DockerRuntime
from fleet.adapters.verifying.container import Wanted
from fleet.adapters.verifying.transcript import TAIL
from fleet.domain.errors import EngineDownError, TransientError
from fleet.domain.result import Check, VerdictStatus
from fleet.ports import Verifier
from tests.checking import SCRIPT, a_bench
from tests.containers import MEGABYTE, a_container, a_home, eventually
from tests.repos import a_commit, belongs_to, git

pytestmark = pytest.mark.docker


@pytest.fixture
def bench(tmp_path):
    with a_home() as (_, home8), a_bench(tmp_path, home8) as bench:
        yield bench


def test_green_and_red_are_told_with_their_output(bench):
    green = bench.branch({SCRIPT: "echo fine; echo aside >&2", "app.txt": "two\n"})
    red = bench.branch({SCRIPT: "cat app.txt; exit 3", "app.txt": "three\n"})

    passed, failed = bench.one(green), bench.one(red)

    assert isinstance(bench.verifier, Verifier)
    assert (passed.status, passed.exit_code, passed.error) == (VerdictStatus.PASSED, 0, None)
    assert (passed.stdout, passed.stderr) == ("fine\n", "aside\n")
    assert (failed.status, failed.exit_code, failed.stdout) == (VerdictStatus.FAILED, 3, "three\n")
    assert failed.sha == red
    assert failed.tree == git(bench.repository, "rev-parse", f"{red}^{{tree}}")
    assert failed.duration_seconds > 0
    assert bench.clean()


def test_checks_stop_at_the_first_that_is_not_green(bench):
    sha = bench.worktrees.tip(bench.project)

    verdicts = bench.check(sha, ("true",), ("false",), ("true",))

    assert [v.status for v in verdicts] == [VerdictStatus.PASSED, VerdictStatus.FAILED]


def test_a_check_rewritten_by_the_branch_is_the_targets_with_overlay(bench):
    git(bench.repository, "switch", "--quiet", "main")
    a_commit(bench.repository, {SCRIPT: "grep -q two app.txt"})
    cheat = bench.branch({SCRIPT: "exit 0", "app.txt": "broken\n"})

    assert bench.one(cheat, overlay=True).status is VerdictStatus.FAILED
    assert bench.one(cheat, overlay=False).status is VerdictStatus.PASSED


def test_a_check_has_git_but_neither_network_nor_credentials(bench):
    look = """
set -e
test "$(git rev-parse HEAD)" = "$1"
test -z "$(git status --porcelain)"
git ls-files | grep -q app.txt
test "$(whoami)" = agent
test "$HOME" = /home/agent
test "$(ls /sys/class/net)" = lo
test -z "$(cat /proc/net/route | tail -n +2)"
python3 -c 'import socket; socket.create_server(("localhost", 0))'
test ! -e /fleet/packet.json
test ! -e /fleet/secret
test ! -e /fleet/state
test ! -e /var/run/docker.sock
test ! -e "$2"
test -z "$(env | grep -i -e token -e secret -e _key -e docker)"
touch built && git add built && git commit -qm built
! touch "$3/objects/x" 2>/dev/null
! git -C "$3" update-ref refs/heads/main "$1" 2>/dev/null
test "$(awk '$2 == "/" { print substr($4, 1, 2) }' /proc/mounts)" = ro
! touch /etc/motd2 2>/dev/null
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status
grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/self/status
test "$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)" \\
    = 134217728
test "$(cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null)" = 64
"""
    sha = bench.branch({"look.sh": look})
    agents = bench.home / ".fleet" / "worktrees" / bench.attempt
    agents.mkdir(parents=True)
    store = bench.repository / ".git"

    verdict = bench.one(sha, ("sh", "-x", "look.sh", sha, str(agents), str(store)))
    agents.rmdir()

    assert (verdict.status, verdict.error) == (VerdictStatus.PASSED, None), verdict.stderr


def test_nothing_a_check_does_reaches_the_repository(bench):
    before = git(bench.repository, "for-each-ref"), git(bench.repository, "status", "--porcelain")
    mess = "rm -rf .git /fleet/git/* *; echo x >app.txt; exit 0"
    sha = bench.branch({"mess.sh": mess})

    bench.one(sha, ("sh", "mess.sh"))

    after = git(bench.repository, "for-each-ref"), git(bench.repository, "status", "--porcelain")
    assert after == before
    assert git(bench.repository, "fsck") == ""
    assert bench.clean()


@pytest.fixture
def open_folder():
    """Answer a folder that any user may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as another user")
def test_a_check_runs_as_the_projects_owner(open_folder):
    check = 'test "$(id -u):$(id -g)" = 1234:1234'
    with a_home() as (_, home8), a_bench(open_folder, home8, check) as bench:
        sha = git(bench.repository, "rev-parse", "HEAD")
        belongs_to(bench.repository, 1234)
        bench.opened()

        verdict = bench.one(sha)

        assert (verdict.status, verdict.error, verdict.stderr) == (VerdictStatus.PASSED, None, "")


def test_a_check_over_its_time_is_red_and_says_so(bench):
    slow = bench.branch({SCRIPT: "echo begun; sleep 60"})

    # long enough for the target's own check, which must be green within it
    verdict = bench.one(slow, timeout=6)

    assert (verdict.status, verdict.exit_code) == (VerdictStatus.FAILED, None)
    assert (verdict.error, verdict.stdout) == ("time limit of 6 s", "begun\n")
    assert bench.clean()


def test_a_check_over_its_memory_is_red_even_where_it_says_green(bench):
    eat = f"python3 -c \"bytearray(b'x') * {500 * MEGABYTE}\"; exit 0"
    hungry = bench.branch({SCRIPT: eat})

    verdict = bench.one(hungry)

    assert (verdict.status, verdict.error) == (VerdictStatus.FAILED, "memory limit of 128 MiB")


def test_a_check_over_its_processes_is_red_and_says_so(bench):
    many = "for n in $(seq 100); do sleep 5 & done; wait"
    verdict = bench.one(bench.branch({SCRIPT: many}))

    assert (verdict.status, verdict.error) == (VerdictStatus.FAILED, "limit of 64 processes")


def test_a_limit_that_ends_the_targets_own_check_is_nobodys_fault(bench):
    git(bench.repository, "switch", "--quiet", "main")
    a_commit(bench.repository, {SCRIPT: "sleep 60"})
    sha = bench.branch({"app.txt": "two\n"})

    verdict = bench.one(sha, timeout=1)

    assert verdict.status is VerdictStatus.ERROR
    assert "time limit of 1 s, and so at main" in str(verdict.error)
    assert bench.clean()


@pytest.mark.parametrize(
    ("fields", "command", "said"),
    [
        ({"image": "fleet-agent:never"}, ("true",), "image fleet-agent:never of APP is missing"),
        ({"check_files": ("gone.sh",)}, ("sh", "./gone.sh"), "gone.sh does not stand in main"),
        ({}, ("no-such-program",), "cannot start 'no-such-program'"),
    ],
    ids=["image", "script", "program"],
)
def test_what_is_no_fault_of_the_branch_is_an_error_with_a_remedy(bench, fields, command, said):
    sha = bench.worktrees.tip(bench.project)

    verdict = bench.one(sha, command, overlay=True, **fields)

    assert verdict.status is VerdictStatus.ERROR
    assert said in str(verdict.error)
    assert str(verdict.error).endswith(")")
    assert bench.clean()


def test_long_output_is_kept_as_its_tail(bench):
    sha = bench.branch({SCRIPT: "seq 100000; seq 100000 >&2; exit 1"})

    verdict = bench.one(sha)

    assert len(verdict.stdout) == len(verdict.stderr) == TAIL
    assert verdict.stdout.endswith("99999\n100000\n")


def test_what_a_killed_coordinator_left_is_not_believed(bench):
    sha = bench.branch({SCRIPT: "test ! -e left; exit 1"})
    check = Check(name="check 0", command=("sh", SCRIPT), timeout_seconds=60.0)
    wanted = Wanted(
        home8=bench.home8,
        project=bench.project,
        attempt=bench.attempt,
        sha=sha,
        check=check,
        overlay=False,
    )
    left = a_container(bench.home8, "exit 0", name=wanted.container)
    bench.runtime.start(left)
    bench.runtime.wait(left.name)

    assert bench.one(sha).status is VerdictStatus.FAILED
    assert bench.clean()


def test_a_check_taken_away_gives_no_verdict(bench):
    sha = bench.branch({SCRIPT: "sleep 60"})
    said = []

    def check():
        try:
            said.append(bench.check(sha))
        except TransientError as error:
            said.append(str(error))

    checking = threading.Thread(target=check)
    checking.start()
    eventually(lambda: [c for c in bench.runtime.containers() if c.running])
    for container in bench.runtime.containers():
        bench.runtime.remove(container.name)
    checking.join()

    assert len(said) == 1
    assert "taken away" in said[0]
    assert bench.clean()


def test_no_engine_is_no_verdict(bench, tmp_path):
    bench.opened(DockerRuntime(bench.home8, f"unix://{tmp_path}/none.sock"))
    sha = bench.worktrees.tip(bench.project)

    with pytest.raises(EngineDownError):
        bench.one(sha)


def test_checks_of_many_attempts_do_not_mix(bench):
    shas = {n: bench.branch({SCRIPT: f"echo {n}; exit {n}"}) for n in range(1, 9)}
    said = {}

    def check(number):
        (verdict,) = bench.verifier.check(
            bench.project,
            attempt=f"app-{number}-1-{bench.home8}",
            sha=shas[number],
            checks=bench.project.checks,
            overlay=False,
        )
        said[number] = verdict.stdout, verdict.exit_code

    hands = [threading.Thread(target=check, args=(n,)) for n in shas]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert said == {n: (f"{n}\n", n) for n in shas}
    assert bench.clean()
