"""A coordinator killed before any call of git or file of its own: the next puts all right."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.worktrees import a_stage, files_below, finished
from tests.repos import git, write

pytestmark = pytest.mark.slow

_KILLED = """
import os, sys
from pathlib import Path
from fleet.adapters.git import command, network, prepare, remote
from tests.contract.worktrees import NOW, StillClock, finished
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.domain.profile import Project
from fleet.ports import Entry
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
for module in (prepare, network):
    module.write = counted(module.write)
remote.talk = counted(remote.talk)
Path.rename = counted(Path.rename)
Path.replace = counted(Path.replace)
about = dict(remote="origin") if sys.argv[4] in ("synced", "pushed") else {}
project = Project(key="APP", path=sys.argv[2], target="main", checks=(), **about)
worktrees = GitWorktrees(Path(sys.argv[1]), HOME8, StillClock(), variables={})
attempt = finished()
if sys.argv[4] == "prepare":
    worktrees.prepare(project, attempt.id, branch=attempt.branch, fresh=False)
elif sys.argv[4] == "collect":
    worktrees.collect(project, attempt, message="APP-1: do it")
elif sys.argv[4] == "chained":
    entries = [Entry(head=sha, message="Merge APP-1", at=NOW) for sha in sys.argv[6:]]
    worktrees.chained(project, tip=sys.argv[5], entries=entries)
elif sys.argv[4] == "reverted":
    asked = dict(tip=sys.argv[5], merged=sys.argv[6], message="Revert APP-1", at=NOW)
    worktrees.reverted(project, **asked)
elif sys.argv[4] == "plant":
    worktrees.plant(project, "fleet/APP-9", sha=sys.argv[5])
elif sys.argv[4] == "synced":
    worktrees.synced(project)
elif sys.argv[4] == "pushed":
    worktrees.pushed(project, old=sys.argv[5], new=sys.argv[6])
elif sys.argv[4] == "check_out":
    worktrees.check_out(project, sys.argv[5], folder=sys.argv[6])
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


def test_a_chain_killed_anywhere_is_built_the_same(tmp_path):
    for calls in range(40):
        stage = a_stage(tmp_path / str(calls), {"a": "1"})
        old, heads = stage.git("rev-parse", "main"), _heads(stage, "x", "y")
        killed = _killed_after(calls, stage, "chained", old, *heads)

        chain = stage.chain(old, *heads, messages=("Merge APP-1", "Merge APP-1"))

        assert chain.tip is not None
        assert stage.worktrees.advance_target(stage.project, old=old, new=chain.tip.sha) is None
        assert stage.names("main") == {"a", "x", "y"}
        assert stage.git("fsck", "--full", "--no-dangling") == ""
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_revert_killed_anywhere_is_built_the_same(tmp_path):
    for calls in range(40):
        stage = a_stage(tmp_path / str(calls), {"a": "1"})
        old, (head,) = stage.git("rev-parse", "main"), _heads(stage, "x")
        tip = stage.merged(old, head).sha
        killed = _killed_after(calls, stage, "reverted", tip, tip)

        back = stage.reverted(tip, tip)

        assert stage.names(back.sha) == {"a"}
        assert stage.git("fsck", "--full", "--no-dangling") == ""
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_plant_killed_anywhere_converges(tmp_path):
    for calls in range(10):
        stage = a_stage(tmp_path / str(calls), {"a": "1"})
        (head,) = _heads(stage, "x")
        killed = _killed_after(calls, stage, "plant", head)

        stage.worktrees.plant(stage.project, "fleet/APP-9", sha=head)

        assert stage.git("rev-parse", "fleet/APP-9") == head
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_synced_killed_anywhere_converges(tmp_path):
    for calls in range(60):
        stage = _with_remote(a_stage(tmp_path / str(calls), {"a": "1", "b": "1"}))
        theirs = stage.merged(stage.git("rev-parse", "main"), *_heads(stage, "x")).sha
        stage.git("push", "--quiet", "origin", f"{theirs}:main")
        killed = _killed_after(calls, stage, "synced")

        assert stage.worktrees.synced(stage.project) is None

        assert stage.git("rev-parse", "main") == theirs
        assert stage.git("status", "--porcelain") == ""
        assert not list((stage.repository / ".git/objects").glob("tmp_objdir-fleet-*"))
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_push_killed_anywhere_lands_once(tmp_path):
    for calls in range(40):
        stage = _with_remote(a_stage(tmp_path / str(calls), {"a": "1"}))
        old = stage.git("rev-parse", "main")
        new = stage.merged(old, *_heads(stage, "x")).sha
        killed = _killed_after(calls, stage, "pushed", old, new)

        stage.worktrees.pushed(stage.project, old=old, new=new)

        assert git(stage.root / "bare.git", "rev-parse", "main") == new
        if not killed:
            return
    pytest.fail("it never ended")


def test_a_reviewers_worktree_killed_anywhere_converges(tmp_path):
    for calls in range(20):
        stage = a_stage(tmp_path / str(calls), {"a": "1"})
        (head,) = _heads(stage, "x")
        folder = stage.root / "look"
        killed = _killed_after(calls, stage, "check_out", head, str(folder))

        if killed:
            stage.worktrees.check_out(stage.project, head, folder=str(folder))

        assert files_below(folder) == {"a": b"1", "x": b"x"}
        assert git(folder, "status", "--porcelain") == ""
        assert git(folder, "rev-parse", "HEAD") == head
        if not killed:
            return
    pytest.fail("it never ended")


def _heads(stage, *names):
    """Commit one new file on each of as many branches, beside the checkout."""
    heads = []
    for name in names:
        said = f"commit refs/heads/made\ncommitter u <u@x> 1 +0000\ndata 1\n{name}\n"
        said += f"from refs/heads/main^0\nM 644 inline {name}\ndata 1\n{name}\n"
        stage.git("fast-import", "--quiet", "--force", stdin=said.encode())
        heads.append(stage.git("rev-parse", "made"))
    return heads


def _with_remote(stage):
    bare = stage.root / "bare.git"
    git(stage.root, "clone", "--quiet", "--bare", str(stage.repository), str(bare))
    stage.git("remote", "add", "origin", str(bare))
    return replace(stage, project=replace(stage.project, remote="origin"))


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


@pytest.mark.parametrize("torn", [b"", b"[]"])
def test_a_torn_note_of_a_move_is_forgotten_where_nothing_was_moved(tmp_path, torn):
    stage, old, new = _killed_with_a_move_noted(tmp_path)
    (note,) = stage.home.glob(".fleet/moves/*/move.json")
    note.write_bytes(torn)

    assert stage.worktrees.target_blocked(stage.project) is None
    assert stage.worktrees.advance_target(stage.project, old=old, new=new) is None
    assert files_below(stage.repository) == {"a": b"2", "c": b"2"}


def test_a_torn_note_of_a_move_that_may_have_begun_waits_for_a_person(tmp_path):
    stage, old, new = _killed_with_a_move_noted(tmp_path)
    (note,) = stage.home.glob(".fleet/moves/*/move.json")
    note.write_bytes(b"{")
    write(stage.repository, {"a": "2"})

    why = stage.worktrees.advance_target(stage.project, old=old, new=new)

    assert why is not None
    assert f"left {note}, which cannot be read" in why
    assert (stage.repository / "a").read_text() == "2"
    assert stage.git("rev-parse", "main") == old
    assert note.exists()


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
