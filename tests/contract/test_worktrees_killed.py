"""A coordinator killed before any call of git or file of its own: the next puts all right."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.worktrees import a_stage, files_below, finished
from tests.repos import git, write

pytestmark = pytest.mark.slow

_KILLED = """
import os, sys
from pathlib import Path
from fleet.adapters.git import command, prepare
from tests.contract.worktrees import StillClock, finished
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.domain.profile import Project
from tests.builders import HOME8

left = int(sys.argv[3])

def counted(plain):
    def call(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return plain(*arguments, **options)
    return call

command.Git.run = counted(command.Git.run)
prepare.write = counted(prepare.write)
Path.rename = counted(Path.rename)
project = Project(key="APP", path=sys.argv[2], target="main", checks=())
worktrees = GitWorktrees(Path(sys.argv[1]), HOME8, StillClock(), variables={})
attempt = finished()
if sys.argv[4] == "prepare":
    worktrees.prepare(project, attempt.id, branch=attempt.branch, fresh=False)
elif sys.argv[4] == "collect":
    worktrees.collect(project, attempt, message="APP-1: do it")
else:
    worktrees.advance_target(project, old=sys.argv[5], new=sys.argv[6])
print("ended")
"""


def _killed_after(calls, stage, *what):
    """Run in a process that is killed before its next git; answer whether it was."""
    arguments = (str(stage.home), str(stage.repository), str(calls), *what)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, *arguments],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode == -9


def test_a_prepare_killed_anywhere_converges(tmp_path):
    for calls in range(30):
        stage = a_stage(tmp_path / str(calls), {"a": "1"})
        killed = _killed_after(calls, stage, "prepare")

        space = stage.prepared(finished())

        assert files_below(Path(space.path)) == {"a": b"1"}
        assert len(stage.git("worktree", "list").splitlines()) == 2
        assert git(Path(space.path), "status", "--porcelain") == ""
        assert not list((stage.repository / ".git").glob("fleet-*"))
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_collect_killed_anywhere_makes_one_commit(tmp_path):
    for calls in range(30):
        stage = a_stage(tmp_path / str(calls), {"a": "1"})
        write(Path(stage.prepared(finished()).path), {"a": "2"})
        killed = _killed_after(calls, stage, "collect")

        collected = stage.collected(finished())

        assert stage.content(collected.head, "a") == "2"
        assert stage.git("rev-list", "--count", "fleet/app-1") == "2"
        assert stage.collected(finished()) == collected
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_target_move_killed_anywhere_converges(tmp_path):
    for calls in range(40):
        stage = a_stage(tmp_path / str(calls), {"a": "1", "b": "1"})
        head = stage.worked({"a": "2", "b": None, "c": "2"}).head
        old = stage.git("rev-parse", "main")
        new = stage.merged(old, head).sha
        killed = _killed_after(calls, stage, "advance", old, new)

        assert stage.worktrees.advance_target(stage.project, old=old, new=new) is None

        assert stage.git("rev-parse", "main") == new
        assert stage.git("status", "--porcelain") == ""
        assert files_below(stage.repository) == {"a": b"2", "c": b"2"}
        if not killed:
            return
    pytest.fail("it never ended")


def _killed_with_a_move_noted(tmp_path):
    """Answer (stage, old, new): killed after the note was written, before any file was."""
    for calls in range(40):
        stage = a_stage(tmp_path / str(calls), {"a": "1", "b": "1"})
        head = stage.worked({"a": "2", "b": None, "c": "2"}).head
        old = stage.git("rev-parse", "main")
        new = stage.merged(old, head).sha
        _killed_after(calls, stage, "advance", old, new)
        if list(stage.home.glob(".fleet/moves/*/move.json")):
            assert stage.git("status", "--porcelain") == ""
            return stage, old, new
    raise AssertionError("no move was ever noted")


def test_files_a_killed_git_left_half_written_are_put_right(tmp_path):
    stage, old, new = _killed_with_a_move_noted(tmp_path)
    write(stage.repository, {"a": "2", "b": None, "c": "2"})

    assert stage.worktrees.target_blocked(stage.project) is None
    assert files_below(stage.repository) == {"a": b"1", "b": b"1"}

    assert stage.worktrees.advance_target(stage.project, old=old, new=new) is None
    assert files_below(stage.repository) == {"a": b"2", "c": b"2"}


def test_what_the_user_wrote_after_the_kill_is_not_put_right(tmp_path):
    stage, old, new = _killed_with_a_move_noted(tmp_path)
    write(stage.repository, {"a": "the user's", "c": "2"})

    why = stage.worktrees.advance_target(stage.project, old=old, new=new)

    assert why is not None
    assert "interrupted merge" in why
    assert (stage.repository / "a").read_text() == "the user's"
    assert stage.git("rev-parse", "main") == old


def test_the_lock_of_a_git_killed_over_a_copy_of_an_index_holds_nothing_up(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    write(Path(stage.prepared(finished()).path), {"a": "2"})
    assert stage.worktrees.target_blocked(stage.project) is None
    (moves,) = (stage.home / ".fleet/moves").iterdir()
    (moves / "index.lock").touch()
    (stage.home / ".fleet/git" / finished().id / "index.next.lock").touch()

    collected = stage.collected(finished())

    assert stage.content(collected.head, "a") == "2"
    assert stage.worktrees.target_blocked(stage.project) is None
