"""Whose files they are: git works as the repository's owner, and leaves nothing it cannot write."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.domain.errors import WorkspaceError
from tests.contract.worktrees import a_stage, finished, owners_below
from tests.repos import belongs_to, git, write

_ROOT = os.geteuid() == 0
_OWNER = 1000 if _ROOT else os.geteuid()
_TWO = ((1, "x"), (2, "y"))


@pytest.fixture
def ground() -> Iterator[Path]:
    """Answer a folder whose parents anybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def somebody(uid: int) -> Iterator[None]:
    """Be another user where we are root, else stay who we are."""
    if not _ROOT:
        yield
        return
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_nothing_is_left_that_the_owner_cannot_write(ground):
    stage = a_stage(ground, {"a": "1"})
    if _ROOT:
        belongs_to(stage.repository, _OWNER)
    stage.worktrees.validate(stage.project)

    space = stage.prepared(finished())
    write(Path(space.path), {"a": "2", "b": "1"})
    head = stage.collected(finished()).head
    tip = stage.worktrees.tip(stage.project)
    checkout = stage.worktrees.checkout(stage.project, head, name="c", overlay=())
    merged = stage.merged(tip, head)
    assert stage.worktrees.advance_target(stage.project, old=tip, new=merged.sha) is None

    assert (space.uid, checkout.uid) == (_OWNER, _OWNER)
    for place in (checkout.path, checkout.git_dir, space.git_dir, stage.repository):
        assert owners_below(Path(place)) == {_OWNER}
    assert (stage.repository / "a").read_text() == "2"


def test_merges_and_what_is_pushed_and_fetched_are_the_owners(ground):
    stage = a_stage(ground, {"a": "1"})
    bare, look = ground / "bare.git", ground / "looks" / "look"
    git(ground, "clone", "--quiet", "--bare", str(stage.repository), str(bare))
    look.parent.mkdir(mode=0o777)
    look.parent.chmod(0o777)
    if _ROOT:
        belongs_to(stage.repository, _OWNER)
        belongs_to(bare, _OWNER)
    project = replace(stage.project, remote=str(bare))
    tip, heads = stage.worktrees.tip(project), [stage.worked({n: "1"}, k).head for k, n in _TWO]

    chain = stage.chain(tip, *heads)
    assert chain.tip is not None
    stage.reverted(chain.tip.sha, chain.merged[0].sha)
    stage.worktrees.pushed(project, old=tip, new=chain.tip.sha)
    assert stage.worktrees.synced(project) is None
    stage.worktrees.check_out(project, heads[0], folder=str(look))

    assert stage.worktrees.tip(project) == chain.tip.sha
    for place in (stage.repository, bare, look):
        assert owners_below(place) == {_OWNER}


def test_what_an_agent_closed_keeps_what_the_base_had_and_goes_away(ground):
    if _ROOT:
        belongs_to(ground, _OWNER)
    with somebody(_OWNER):
        stage = a_stage(ground, {"closed": "1", "shut/file": "1"})
        root = Path(stage.prepared(finished()).path)
        write(root, {"closed": "2", "shut/new": "1", "work": "1"})
        (root / "closed").chmod(0)
        (root / "shut").chmod(0)

        collected = stage.collected(finished())
        stage.worktrees.remove(stage.project, finished().id)

        assert stage.names(collected.head) == {"closed", "shut/file", "work"}
        assert stage.content(collected.head, "closed") == "1"
        assert {note.split(" cannot be read")[0] for note in collected.notes} == {
            "closed",
            "folder shut",
        }
        assert not root.exists()


def test_a_repository_of_somebody_else_is_refused(ground):
    stage = a_stage(ground)

    with somebody(_OWNER + 1):
        if _ROOT:
            with pytest.raises(WorkspaceError, match=r"belongs to uid 0.*as that user or as root"):
                stage.worktrees.validate(stage.project)
        else:
            stage.worktrees.validate(stage.project)


def test_a_checkout_where_the_owner_may_not_write_is_refused_with_what_to_do(ground):
    stage = a_stage(ground, {"a": "1"})
    closed, opened = ground / "closed", ground / "opened"
    closed.mkdir(mode=0o555)
    opened.mkdir()
    if _ROOT:
        belongs_to(stage.repository, _OWNER)
        os.chown(opened, _OWNER, _OWNER)
    tip = stage.worktrees.tip(stage.project)

    with pytest.raises(WorkspaceError, match=rf"uid {_OWNER}.*may not make.*\(name a folder"):
        stage.worktrees.check_out(stage.project, tip, folder=str(closed / "app-1"))
    stage.worktrees.check_out(stage.project, tip, folder=str(opened / "app-1"))

    assert (opened / "app-1" / "a").read_text() == "1"


def test_a_home_the_owner_cannot_enter_is_refused(ground):
    stage = a_stage(ground)
    stage.home.mkdir(mode=0o700)
    if _ROOT:
        belongs_to(stage.repository, _OWNER)
        with pytest.raises(WorkspaceError, match=r"cannot be entered by uid 1000.*chmod"):
            stage.worktrees.validate(stage.project)
    else:
        stage.worktrees.validate(stage.project)
