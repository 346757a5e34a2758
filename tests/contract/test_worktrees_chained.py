"""Merges chained aside, reverts, planted branches and a remote: over git and over memory alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fleet.domain.errors import StaleLeaseError, WorkspaceError
from fleet.domain.merge import MergeWay
from fleet.domain.profile import Project
from fleet.ports import Chain, Conflict, Entry, MergedTip, Worktrees
from tests.builders import a_project
from tests.contract.worktrees import a_stage
from tests.memory_world import Faults, MemoryWorktrees
from tests.repos import git

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BASE = {"a": "1\n", "b": "1\n"}


@dataclass
class GitSide:
    """What an outsider sees of a repository, and the port on it."""

    worktrees: Worktrees
    project: Project
    path: Path

    def commit(self, parent: str, files: Mapping[str, str | None]) -> str:
        lines = ["commit refs/heads/made", "committer u <u@x> 1 +0000", "data 1", "x"]
        lines.append(f"from {parent}")
        for name, text in files.items():
            lines += [f"D {name}"] if text is None else [f"M 644 inline {name}"]
            lines += [] if text is None else [f"data {len(text)}", text]
        git(self.path, "fast-import", "--quiet", "--force", stdin="\n".join([*lines, ""]).encode())
        return git(self.path, "rev-parse", "made")

    def files(self, sha: str) -> dict[str, str]:
        names = git(self.path, "ls-tree", "-r", "--name-only", sha).splitlines()
        return {name: git(self.path, "show", f"{sha}:{name}") + "\n" for name in names}

    def parents(self, sha: str) -> tuple[str, ...]:
        return tuple(git(self.path, "log", "-1", "--format=%P", sha).split())

    def message(self, sha: str) -> str:
        return git(self.path, "log", "-1", "--format=%B", sha).strip()

    def move(self, sha: str) -> None:
        git(self.path, "reset", "--quiet", "--hard", sha)

    def with_remote(self) -> None:
        bare = self.path.parent / "bare.git"
        git(self.path, "clone", "--quiet", "--bare", str(self.path), str(bare))
        git(self.path, "remote", "add", "origin", str(bare))
        self.project = replace(self.project, remote="origin")

    @property
    def there(self) -> str:
        return git(self.path.parent / "bare.git", "rev-parse", "main")

    @there.setter
    def there(self, sha: str) -> None:
        git(self.path, "push", "--quiet", "--force", "origin", f"{sha}:refs/heads/main")


@dataclass
class MemorySide:
    """The same of the twin in memory."""

    worktrees: MemoryWorktrees
    project: Project

    def commit(self, parent: str, files: Mapping[str, str | None]) -> str:
        now: dict[str, Any] = {**self.worktrees.files(parent), **files}
        kept = {name: text for name, text in now.items() if text is not None}
        return self.worktrees.commit(kept, (parent,))

    def files(self, sha: str) -> dict[str, str]:
        return self.worktrees.files(sha)

    def parents(self, sha: str) -> tuple[str, ...]:
        return self.worktrees.commits[sha].parents

    def message(self, sha: str) -> str:
        return self.worktrees.commits[sha].message

    def move(self, sha: str) -> None:
        self.worktrees.branches["main"] = sha

    def with_remote(self) -> None:
        self.there = self.worktrees.branches["main"]
        self.project = replace(self.project, remote="origin")

    @property
    def there(self) -> str:
        return self.worktrees.remote or ""

    @there.setter
    def there(self, sha: str) -> None:
        self.worktrees.remote = sha


Side = GitSide | MemorySide


@pytest.fixture(params=["git", "memory"])
def side(request, tmp_path) -> Side:
    if request.param == "git":
        stage = a_stage(tmp_path, BASE)
        return GitSide(stage.worktrees, stage.project, stage.repository)
    worktrees = MemoryWorktrees(Faults())
    worktrees.branches["main"] = worktrees.commit(BASE, ())
    return MemorySide(worktrees, a_project())


def _tip(side: Side) -> str:
    return side.worktrees.tip(side.project)


def _entries(*heads: str) -> list[Entry]:
    named = enumerate(heads, start=1)
    return [Entry(head=sha, message=f"Merge APP-{n}\n\nwhy {n}", at=NOW) for n, sha in named]


def _chain(side: Side, *heads: str, tip: str = "") -> Chain:
    return side.worktrees.chained(side.project, tip=tip or _tip(side), entries=_entries(*heads))


def _heads(side: Side, *names: str) -> list[str]:
    return [side.commit(_tip(side), {name: f"{name}\n"}) for name in names]


def _revert(side: Side, tip: str, merged: str) -> MergedTip | Conflict:
    return side.worktrees.reverted(
        side.project, tip=tip, merged=merged, message="Revert APP-1", at=NOW
    )


def test_each_merge_stands_on_the_one_before(side):
    tip, heads = _tip(side), _heads(side, "x", "y", "z")

    chain = _chain(side, *heads)

    assert chain.conflict is None
    assert [side.parents(one.sha) for one in chain.merged] == [
        (tip, heads[0]),
        (chain.merged[0].sha, heads[1]),
        (chain.merged[1].sha, heads[2]),
    ]
    assert [side.message(one.sha) for one in chain.merged] == [e.message for e in _entries(*heads)]
    assert side.files(chain.merged[1].sha) == BASE | {"x": "x\n", "y": "y\n"}
    assert [side.worktrees.tree(side.project, m.sha) for m in chain.merged] == [
        m.tree for m in chain.merged
    ]


def test_several_land_as_one_commit_on_the_targets_own_line(side):
    tip, heads = _tip(side), _heads(side, "x", "y")

    chain = _chain(side, *heads)

    assert chain.tip is not None
    assert side.parents(chain.tip.sha) == (tip, chain.merged[-1].sha)
    assert chain.tip.tree == chain.merged[-1].tree
    assert side.message(chain.tip.sha) == "Merge 2 pull requests\n\nMerge APP-1\nMerge APP-2"


def test_one_alone_lands_as_its_own_merge(side):
    chain = _chain(side, *_heads(side, "x"))

    assert (chain.tip,) == chain.merged


def test_none_make_no_tip(side):
    assert _chain(side) == Chain(merged=(), tip=None)


def test_squashed_ones_stand_on_the_line_one_by_one(side):
    tip, heads = _tip(side), _heads(side, "x", "y")
    _chain(side, *heads)
    side.project = replace(side.project, merge=MergeWay.SQUASH)

    chain = _chain(side, *heads)

    first, second = chain.merged
    assert (side.parents(first.sha), side.parents(second.sha)) == ((tip,), (first.sha,))
    assert side.message(second.sha) == "Merge APP-2\n\nwhy 2"
    assert chain.tip == second
    assert side.files(second.sha) == BASE | {"x": "x\n", "y": "y\n"}


def test_the_same_arguments_give_the_same_chain_and_a_longer_one_begins_with_it(side):
    heads = _heads(side, "x", "y", "z")

    short = _chain(side, *heads[:2])

    assert _chain(side, *heads[:2]) == short
    assert _chain(side, *heads).merged[:2] == short.merged


def test_a_chain_may_stand_on_another_that_has_not_landed(side):
    heads = _heads(side, "x", "y", "z")
    first = _chain(side, *heads[:2])
    assert first.tip is not None

    second = _chain(side, heads[2], tip=first.tip.sha)

    assert second.tip is not None
    assert side.parents(second.tip.sha) == (first.tip.sha, heads[2])
    assert side.files(second.tip.sha) == BASE | {"x": "x\n", "y": "y\n", "z": "z\n"}


def test_a_conflict_ends_the_chain_with_what_was_merged_before_it(side):
    tip = _tip(side)
    mine, other = side.commit(tip, {"a": "2\n"}), side.commit(tip, {"a": "3\n"})
    first, last = _heads(side, "x", "y")

    chain = _chain(side, first, mine, other, last)

    assert len(chain.merged) == 2
    assert chain.conflict is not None
    assert chain.conflict.files == ("a",)
    assert chain.tip is not None
    assert side.parents(chain.tip.sha) == (tip, chain.merged[1].sha)
    assert side.files(chain.tip.sha) == BASE | {"x": "x\n", "a": "2\n"}


def test_a_conflict_of_the_first_leaves_no_tip(side):
    head = side.commit(_tip(side), {"a": "2\n"})
    tip = side.commit(_tip(side), {"a": "3\n"})

    chain = _chain(side, head, tip=tip)

    assert (chain.merged, chain.tip) == ((), None)
    assert chain.conflict is not None


def test_a_head_that_is_merged_already_still_makes_a_commit(side):
    (head,) = _heads(side, "x")
    first = _chain(side, head)
    assert first.tip is not None

    again = _chain(side, head, tip=first.tip.sha)

    assert again.tip is not None
    assert again.tip.sha != first.tip.sha
    assert again.tip.tree == first.tip.tree


@pytest.mark.parametrize("way", MergeWay)
def test_a_revert_takes_back_one_merge_out_of_several(side, way):
    side.project = replace(side.project, merge=way)
    chain = _chain(side, *_heads(side, "x", "y", "z"))
    assert chain.tip is not None

    back = _revert(side, chain.tip.sha, chain.merged[1].sha)

    assert isinstance(back, MergedTip)
    assert back == _revert(side, chain.tip.sha, chain.merged[1].sha)
    assert side.parents(back.sha) == (chain.tip.sha,)
    assert side.message(back.sha) == "Revert APP-1"
    assert side.files(back.sha) == BASE | {"x": "x\n", "z": "z\n"}
    assert side.worktrees.tree(side.project, back.sha) == back.tree


def test_what_was_taken_back_leaves_nothing_to_take_back(side):
    chain = _chain(side, *_heads(side, "x"))
    assert chain.tip is not None
    back = _revert(side, chain.tip.sha, chain.tip.sha)
    assert isinstance(back, MergedTip)

    assert _revert(side, back.sha, chain.tip.sha) == back


def test_a_revert_of_what_was_changed_since_is_a_conflict(side):
    chain = _chain(side, side.commit(_tip(side), {"a": "2\n"}))
    assert chain.tip is not None
    later = side.commit(chain.tip.sha, {"a": "3\n"})

    back = _revert(side, later, chain.tip.sha)

    assert isinstance(back, Conflict)
    assert back.files == ("a",)


def test_what_the_target_does_not_hold_cannot_be_taken_back(side):
    (head,) = _heads(side, "x")

    with pytest.raises(WorkspaceError, match="nothing to take back"):
        _revert(side, _tip(side), head)


def test_what_came_in_between_is_told_children_before_parents(side):
    chain = _chain(side, *_heads(side, "x", "y"))
    assert chain.tip is not None
    base, tip = _tip(side), chain.tip.sha
    first, second = (merged.sha for merged in chain.merged)

    found = side.worktrees.commits_between(side.project, base, tip)
    later = side.worktrees.commits_between(side.project, first, tip)

    assert (len(found), found[0]) == (5, tip)
    assert found.index(second) < found.index(first)
    assert first not in later
    assert side.worktrees.commits_between(side.project, tip, tip) == ()


def test_a_branch_is_planted_once_and_never_moved(side):
    (head,) = _heads(side, "x")

    side.worktrees.plant(side.project, "fleet/APP-1", sha=head)
    side.worktrees.plant(side.project, "fleet/APP-1", sha=head)

    assert side.worktrees.head(side.project, "fleet/APP-1") == head
    with pytest.raises(WorkspaceError, match="fleet/APP-1 is at"):
        side.worktrees.plant(side.project, "fleet/APP-1", sha=_tip(side))
    assert side.worktrees.head(side.project, "fleet/APP-1") == head


def test_the_target_comes_up_to_its_remote(side):
    side.with_remote()
    (theirs,) = _heads(side, "x")
    side.there = theirs

    assert side.worktrees.synced(side.project) is None
    assert side.worktrees.synced(side.project) is None

    assert _tip(side) == theirs


def test_a_target_ahead_of_its_remote_waits(side):
    side.with_remote()
    (mine,) = _heads(side, "x")
    side.move(mine)

    assert "that origin" in (side.worktrees.synced(side.project) or "")
    assert _tip(side) == mine


def test_a_push_goes_from_where_the_remote_is_known_to_be(side):
    side.with_remote()
    tip, (head, theirs) = _tip(side), _heads(side, "x", "y")

    side.worktrees.pushed(side.project, old=tip, new=head)
    side.worktrees.pushed(side.project, old=tip, new=head)
    assert side.there == head
    side.there = theirs

    with pytest.raises(StaleLeaseError, match="no longer at"):
        side.worktrees.pushed(side.project, old=tip, new=head)
    assert side.there == theirs


def test_lines_added_are_told_with_their_numbers(side):
    tip = _tip(side)
    head = side.commit(tip, {"a": "1\nnew\n", "x": "one\ntwo\n", "b": None})

    added = side.worktrees.added(side.project, tip, head, limit=1000)

    assert added.lines == {"a": ((2, "new"),), "x": ((1, "one"), (2, "two"))}
    assert added.removed == {"b": ("1",)}
    assert added.cut == ()
    assert side.worktrees.added(side.project, tip, head, limit=1).cut != ()


def test_all_paths_of_a_commit_are_told(side):
    head = side.commit(_tip(side), {"x/y": "1\n", "b": None})

    assert side.worktrees.paths(side.project, head) == {"a", "x/y"}


def test_a_reviewers_folder_is_new(side, tmp_path):
    (head,) = _heads(side, "x")
    folder = str(tmp_path / "look")

    side.worktrees.check_out(side.project, head, folder=folder)

    with pytest.raises(WorkspaceError, match="is not empty"):
        side.worktrees.check_out(side.project, head, folder=folder)
