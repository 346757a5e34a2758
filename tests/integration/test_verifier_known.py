"""The same tree is never checked twice: not for another attempt, and not after a restart."""

import threading
from dataclasses import replace

import pytest

from fleet.domain.errors import TransientError
from fleet.domain.result import VerdictStatus
from tests.checking import LIMITS, SCRIPT, a_bench
from tests.containers import IMAGE, a_home, eventually
from tests.repos import git

pytestmark = pytest.mark.docker

# seconds in which a container that does nothing has ended, whatever else the machine does
ENOUGH = 6.0


@pytest.fixture
def bench(tmp_path):
    with a_home() as (_, home8), a_bench(tmp_path, home8) as bench:
        yield bench


@pytest.fixture
def other(bench):
    """Answer the id of another task's attempt."""
    return f"app-2-1-{bench.home8}"


def the_same_tree(bench, sha):
    """Answer another commit of the same files."""
    tree = git(bench.repository, "rev-parse", f"{sha}^{{tree}}")
    return git(bench.repository, "commit-tree", tree, "-m", "the same once more")


@pytest.mark.parametrize("code", [0, 3])
def test_a_tree_known_to_the_ledger_is_not_checked_again(bench, other, code):
    sha = bench.branch({SCRIPT: f"echo said; exit {code}"})
    ran = bench.said(sha)
    bench.recorded(ran)
    bench.opened()

    again = bench.said(the_same_tree(bench, sha), attempt=other)

    assert len(bench.runtime.started) == 1
    assert (again.attempt, again.source, again.status) == (other, bench.attempt, ran.status)
    assert (again.stdout, again.exit_code, again.log) == ("said\n", code, ran.log)
    assert again.sha != ran.sha
    assert again.at > ran.at
    assert ran.source == ""


def test_a_copy_of_a_copy_names_the_run(bench, other):
    sha = bench.branch({"app.txt": "two\n"})
    bench.recorded(bench.said(sha), bench.said(sha, attempt=other))
    bench.opened()

    assert bench.said(sha, attempt=other).source == bench.attempt


def test_a_verdict_counts_before_it_is_written_down(bench, other):
    sha = bench.branch({"app.txt": "two\n"})
    bench.said(sha)

    assert bench.said(sha, attempt=other).source == bench.attempt
    assert len(bench.runtime.started) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"command": ("sh", SCRIPT, "more")},
        {"timeout_seconds": 50.0},
        {"limits": replace(LIMITS, pids=65)},
        {"no_tests": "none"},
        {"name": "other"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_check_of_the_same_tree_runs(bench, changed):
    sha = bench.branch({"app.txt": "two\n"})
    bench.said(sha)

    bench.said(sha, **changed)

    assert len(bench.runtime.started) == 2


def test_how_often_a_red_one_is_repeated_makes_no_other_check(bench):
    sha = bench.branch({SCRIPT: "exit 1"})
    bench.said(sha)

    bench.said(sha, repeat_red=3)

    assert len(bench.runtime.started) == 1


def test_another_image_of_the_same_name_runs(bench):
    sha = bench.branch({"app.txt": "two\n"})
    bench.recorded(replace(bench.said(sha), image="sha256:before"))
    bench.opened()

    assert bench.said(sha).image == bench.runtime.image_id(IMAGE)
    assert len(bench.runtime.started) == 2


def test_a_tree_with_the_targets_check_is_not_the_branchs_own(bench):
    cheat = bench.branch({SCRIPT: "exit 0", "app.txt": "broken\n"})
    bench.target({SCRIPT: "grep -q one app.txt"})

    own, laid_over = bench.said(cheat), bench.said(cheat, overlay=True)

    assert (own.status, laid_over.status) == (VerdictStatus.PASSED, VerdictStatus.FAILED)
    assert own.tree != laid_over.tree
    assert bench.said(cheat, overlay=True).source == bench.attempt
    assert len(bench.runtime.started) == 2
    assert bench.clean()


def test_a_branch_is_checked_anew_when_the_targets_check_changed(bench):
    sha = bench.branch({"app.txt": "broken\n"})
    bench.recorded(bench.said(sha, overlay=True))

    bench.target({SCRIPT: "grep -q one app.txt"})

    assert bench.said(sha, overlay=True).status is VerdictStatus.FAILED


def test_an_error_is_found_out_again(bench):
    sha = bench.branch({"app.txt": "two\n"})
    first = bench.said(sha, command=("no-such-program",))
    bench.recorded(first)

    assert first.status is VerdictStatus.ERROR
    assert bench.said(sha, command=("no-such-program",)).source == ""


def test_a_check_that_was_not_watched_to_its_end_is_not_known(bench):
    sha = bench.branch({SCRIPT: "test -e /tmp/never || sleep 30"})
    said = []

    def check():
        with pytest.raises(TransientError):
            bench.said(sha)
        said.append("nothing")

    checking = threading.Thread(target=check)
    checking.start()
    eventually(lambda: [c for c in bench.runtime.containers() if c.running])
    for container in bench.runtime.containers():
        bench.runtime.remove(container.name)
    checking.join()

    assert said == ["nothing"]
    assert bench.said(sha, timeout_seconds=1.0).source == ""


def test_who_asks_while_a_check_runs_waits_for_it(bench, other):
    sha = bench.branch({SCRIPT: "sleep 2; echo once"})
    said = {}

    def check(attempt):
        said[attempt] = bench.said(sha, attempt=attempt)

    both = [threading.Thread(target=check, args=(name,)) for name in (bench.attempt, other)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert len(bench.runtime.started) == 1
    assert sorted(bool(verdict.source) for verdict in said.values()) == [False, True]
    assert {verdict.stdout for verdict in said.values()} == {"once\n"}


def test_whoever_waited_runs_it_when_the_first_came_to_nothing(bench, other):
    sha = bench.branch({SCRIPT: "sleep 3; echo once"})
    said = {}

    def check(attempt):
        try:
            said[attempt] = bench.said(sha, attempt=attempt).stdout
        except TransientError:
            said[attempt] = "nothing"

    first = threading.Thread(target=check, args=(bench.attempt,))
    first.start()
    eventually(lambda: [c for c in bench.runtime.containers() if c.running])
    second = threading.Thread(target=check, args=(other,))
    second.start()
    for container in bench.runtime.containers():
        bench.runtime.remove(container.name)
    first.join()
    second.join()

    assert said == {bench.attempt: "nothing", other: "once\n"}


def test_a_killed_check_is_red_without_a_run_where_the_target_is_known_to_be_green(bench, other):
    tip = bench.worktrees.tip(bench.project)
    bench.recorded(bench.said(tip, attempt=other, timeout_seconds=ENOUGH))
    bench.opened()

    slow = bench.branch({SCRIPT: "sleep 60"})
    verdict = bench.said(slow, timeout_seconds=ENOUGH)

    assert (verdict.status, verdict.error) == (VerdictStatus.FAILED, "time limit of 6 s")
    assert len(bench.runtime.started) == 2


def test_a_target_tried_for_a_killed_check_is_known_then(bench):
    shas = [bench.branch({SCRIPT: "sleep 60", "app.txt": text}) for text in "ab"]

    said = [bench.said(sha, timeout_seconds=ENOUGH) for sha in shas]

    assert [verdict.status for verdict in said] == [VerdictStatus.FAILED] * 2
    assert len(bench.runtime.started) == 3


def test_a_red_by_a_limit_is_known_like_any(bench, other):
    slow = bench.branch({SCRIPT: "sleep 60"})
    bench.recorded(bench.said(slow, timeout_seconds=ENOUGH))
    bench.opened()

    again = bench.said(slow, attempt=other, timeout_seconds=ENOUGH)

    assert (again.status, again.source) == (VerdictStatus.FAILED, bench.attempt)
    assert len(bench.runtime.started) == 2
