"""What is in no commit is kept before it goes, and what is kept stays so."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.adapters.memory import ManualClock
from fleet.domain.attempt import Outcome
from fleet.domain.errors import WorkspaceError
from tests.builders import an_attempt
from tests.contract.worktrees import NOW, a_stage, finished
from tests.repos import a_commit, write

KEPT = "refs/fleet/kept/"


def kept(stage):
    """Answer what is kept, by name."""
    told = stage.git("for-each-ref", "--format=%(refname) %(objectname)", KEPT)
    rows = (line.split(" ") for line in told.splitlines())
    return {ref.removeprefix(KEPT): sha for ref, sha in rows}


def left(stage, files, attempt=None):
    """Prepare an attempt, write as its agent would, and collect nothing."""
    space = stage.prepared(attempt or an_attempt())
    write(Path(space.path), files)
    return Path(space.path)


def moved_by_hand(stage):
    """Let somebody move the task's branch; answer where to."""
    theirs = a_commit(stage.repository, {"b": "by hand"})
    stage.git("update-ref", "refs/heads/fleet/app-1", theirs)
    return theirs


def test_a_worktree_that_was_never_collected_is_kept_before_it_goes(tmp_path):
    stage = a_stage(tmp_path, {".gitignore": "*.log\n", "old": "1\n"})
    tree = left(stage, {"new": "x\n", "old": None, "build.log": "told\n"})

    stage.worktrees.remove(stage.project, an_attempt().id)

    sha = kept(stage)[an_attempt().id]
    assert stage.names(sha) == {".gitignore", "new", "build.log"}
    assert stage.git("rev-parse", f"{sha}^") == stage.git("rev-parse", "main")
    assert not tree.exists()


def test_what_was_collected_or_never_touched_needs_no_keeping(tmp_path):
    stage = a_stage(tmp_path)
    stage.worked({"new": "x"})
    left(stage, {}, an_attempt(number=2))

    stage.worktrees.remove(stage.project, finished().id)
    stage.worktrees.remove(stage.project, an_attempt(number=2).id)

    assert kept(stage) == {}


def test_what_a_killed_coordinator_kept_is_found_by_the_next(tmp_path):
    stage = a_stage(tmp_path)
    ready = stage.home / ".fleet" / "git" / an_attempt().id / "ready"
    left(stage, {"new": "x"})
    made = ready.stat().st_mtime_ns
    stage.worktrees.remove(stage.project, an_attempt().id)
    # all stands again as it did before the files were deleted
    left(stage, {"new": "x"})
    os.utime(ready, ns=(made, made))

    stage.worktrees.remove(stage.project, an_attempt().id)

    assert list(kept(stage)) == [an_attempt().id]


def test_the_tree_that_another_process_builds_an_image_from_stays(tmp_path):
    stage = a_stage(tmp_path)
    tip = stage.worktrees.tip(stage.project)
    build, check = (
        stage.worktrees.checkout(stage.project, tip, name=name, overlay=())
        for name in ("image-APP", f"{an_attempt().id}-check")
    )

    stage.worktrees.drop_checkouts()

    assert Path(build.path).exists()
    assert not Path(check.path).exists()


def test_links_in_a_worktree_are_kept_as_links_and_never_followed(tmp_path):
    stage = a_stage(tmp_path)
    outside = tmp_path / "outside"
    write(outside, {"precious": "mine\n"})
    tree = left(stage, {})
    (tree / "file").symlink_to(outside / "precious")
    (tree / "folder").symlink_to(outside)

    stage.worktrees.remove(stage.project, an_attempt().id)

    sha = kept(stage)[an_attempt().id]
    assert stage.content(sha, "folder") == str(outside)
    assert stage.names(sha) == {"README", "file", "folder"}
    assert (outside / "precious").read_text() == "mine\n"


def test_nothing_is_deleted_where_it_cannot_be_kept(tmp_path):
    stage = a_stage(tmp_path)
    tree = left(stage, {"new": "x"})
    (stage.home / ".fleet" / "git" / an_attempt().id / "index").write_bytes(b"broken")

    with pytest.raises(WorkspaceError, match="cannot be read"):
        stage.worktrees.remove(stage.project, an_attempt().id)

    assert (tree / "new").read_text() == "x"


def test_nothing_is_deleted_where_the_repository_is_gone(tmp_path):
    stage = a_stage(tmp_path)
    tree = left(stage, {"new": "x"})
    shutil.move(stage.repository, tmp_path / "elsewhere")

    with pytest.raises(WorkspaceError):
        stage.worktrees.remove(stage.project, an_attempt().id)

    assert (tree / "new").read_text() == "x"


def test_a_home_that_was_moved_keeps_what_its_worktrees_hold(tmp_path):
    before = a_stage(tmp_path / "before")
    left(before, {"new": "x"})
    (tmp_path / "after").mkdir()
    shutil.move(before.home, tmp_path / "after" / "home")
    after = a_stage(tmp_path / "after")

    after.worktrees.remove(before.project, an_attempt().id)

    assert before.content(kept(before)[an_attempt().id], "new") == "x"


def test_what_a_name_keeps_already_is_never_lost_to_other_work(tmp_path):
    stage = a_stage(tmp_path)
    main = stage.git("rev-parse", "main")
    one = a_commit(stage.repository, {"a": "1"})
    stage.git("reset", "--hard", "--quiet", main)
    other = a_commit(stage.repository, {"a": "2"})
    later = a_commit(stage.repository, {"a": "3"})

    for sha in (one, other, one, other, later, main):
        stage.worktrees.keep(stage.project, sha, name="app-1-1")

    assert kept(stage) == {"app-1-1": one, "app-1-1-2": later}


def test_a_branch_that_moved_while_an_attempt_began_afresh_is_kept_too(tmp_path):
    stage = a_stage(tmp_path)
    worked = stage.worked({"a": "1"}).head
    second = finished(2)
    # a coordinator was killed after it had kept the branch, and before it moved it
    stage.worktrees.keep(stage.project, worked, name=f"{second.id}-before")
    stage.git("checkout", "--quiet", "--detach", "main")
    theirs = moved_by_hand(stage)

    stage.prepared(second, fresh=True)

    assert kept(stage) == {f"{second.id}-before": worked, f"{second.id}-before-2": theirs}


def test_work_that_its_branch_refuses_is_kept_until_it_is_committed(tmp_path):
    stage = a_stage(tmp_path)
    attempt = finished()
    left(stage, {"new": "x"}, attempt)
    moved_by_hand(stage)

    for _ in range(2):
        with pytest.raises(WorkspaceError, match="moved to"):
            stage.collected(attempt, skip=())

    assert list(kept(stage)) == [attempt.id]
    assert stage.content(kept(stage)[attempt.id], "new") == "x"


def test_work_that_its_branch_refuses_is_the_same_commit_at_each_try(tmp_path):
    clock = ManualClock(NOW)
    stage = a_stage(tmp_path, clock=clock)
    attempt = finished()
    left(stage, {"new": "x"}, attempt)
    main = stage.git("rev-parse", "main")
    stage.git("update-ref", "refs/heads/fleet/app-1", a_commit(stage.repository, {"b": "2"}))

    for _ in range(2):
        with pytest.raises(WorkspaceError, match="moved to"):
            stage.collected(attempt)
        clock.advance(timedelta(seconds=5))
    stage.git("update-ref", "refs/heads/fleet/app-1", main)

    assert stage.collected(attempt).head == kept(stage)[attempt.id]
    assert stage.git("fsck", "--unreachable", "--no-progress") == ""
    assert stage.git("log", "-1", "--format=%ct", "fleet/app-1") == str(round(NOW.timestamp()))


def test_what_a_name_keeps_already_stays_where_a_branch_refuses_work(tmp_path):
    stage = a_stage(tmp_path)
    attempt = finished()
    left(stage, {"new": "x"}, attempt)
    other = moved_by_hand(stage)
    stage.worktrees.keep(stage.project, other, name=attempt.id)

    with pytest.raises(WorkspaceError, match=f"kept as {KEPT}{attempt.id}-2:"):
        stage.collected(attempt)

    assert kept(stage)[attempt.id] == other
    assert stage.content(f"{KEPT}{attempt.id}-2", "new") == "x"


@pytest.mark.parametrize("torn", [b"", b'{"base'], ids=["empty", "half"])
def test_work_under_a_mark_that_cannot_be_read_is_collected_all_the_same(tmp_path, torn):
    stage = a_stage(tmp_path, {"old": "1", "same": "2"})
    attempt = finished()
    left(stage, {"new": "x", "old": None}, attempt)
    (stage.home / ".fleet" / "git" / attempt.id / "ready").write_bytes(torn)

    space = stage.prepared(attempt)
    head = stage.collected(attempt).head

    assert stage.names(head) == {"new", "same"}
    assert space.base == stage.git("rev-parse", f"{head}^")
    assert stage.git("rev-parse", "fleet/app-1") == head


def test_work_whose_mark_and_git_directory_somebody_deleted_is_collected_all_the_same(tmp_path):
    stage = a_stage(tmp_path, {"old": "1", "same": "2"})
    attempt = finished()
    left(stage, {"new": "x", "old": None}, attempt)
    base = stage.git("rev-parse", "main")
    a_commit(stage.repository, {"later": "y"})
    shutil.rmtree(stage.home / ".fleet" / "git" / attempt.id)

    head = stage.collected(attempt).head

    assert stage.names(head) == {"new", "same"}
    assert stage.git("rev-parse", f"{head}^") == base
    assert stage.collected(attempt).head == stage.git("rev-parse", "fleet/app-1") == head


def test_work_under_a_mark_that_cannot_be_read_is_kept_before_it_goes(tmp_path):
    stage = a_stage(tmp_path)
    tree = left(stage, {"new": "x"})
    (stage.home / ".fleet" / "git" / an_attempt().id / "ready").write_bytes(b"")

    stage.worktrees.remove(stage.project, an_attempt().id)

    assert stage.content(kept(stage)[an_attempt().id], "new") == "x"
    assert not tree.exists()


def test_a_failed_attempt_without_a_container_loses_nothing_by_being_collected_late(tmp_path):
    stage = a_stage(tmp_path)
    lost = an_attempt(outcome=Outcome.LOST)
    left(stage, {"new": "x"}, lost)

    head = stage.collected(lost).head
    stage.worktrees.remove(stage.project, lost.id)

    assert stage.content(head, "new") == "x"
    assert kept(stage) == {}


@pytest.mark.parametrize("deleted", [False, True])
def test_work_whose_branch_somebody_moved_or_deleted_is_kept(tmp_path, deleted):
    stage = a_stage(tmp_path)
    worked, main = stage.worked({"a": "1"}).head, stage.git("rev-parse", "main")
    lost = {"branch": "fleet/app-1", "name": finished().id}
    stage.worktrees.keep_lost(stage.project, worked, **lost)
    assert kept(stage) == {}
    stage.git(
        "update-ref",
        *(["-d"] if deleted else []),
        "refs/heads/fleet/app-1",
        *([] if deleted else [main]),
    )

    for _ in range(2):
        stage.worktrees.keep_lost(stage.project, worked, **lost)

    assert kept(stage) == {finished().id: worked}


def test_work_that_the_target_holds_or_git_has_collected_is_not_kept(tmp_path):
    stage = a_stage(tmp_path)
    main = stage.git("rev-parse", "main")

    for sha in (main, "1" * 40):
        stage.worktrees.keep_lost(stage.project, sha, branch="fleet/app-1", name="app-1-1")

    assert kept(stage) == {}
