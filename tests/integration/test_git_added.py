"""What a branch adds is the same, whether it was told with its diff or is asked for alone."""

from pathlib import Path

import pytest

from fleet.adapters.git.files import remove_trees
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.ports import Added
from tests.builders import HOME8
from tests.contract.worktrees import StillClock, a_stage, finished
from tests.repos import write

_LONG = "".join(f"{number}\n" for number in range(10_000))
_OTHER = "".join(f"other {number}\n" for number in range(10_000))
_ODD = 'odd \n\t"ö'


@pytest.mark.parametrize("more", [{}, {"long": _OTHER}], ids=["small", "large"])
def test_what_is_added_is_the_same_with_the_diff_and_alone(tmp_path, more):
    stage = a_stage(tmp_path, {"was a file": "1\n", "moved": _LONG, "gone": "3\n"})
    tree = Path(stage.prepared(finished()).path)
    write(tree, {_ODD: "+++ b/x\n@@ -1 +9 @@\n", "bin": b"\0", **more})
    (tree / "gone").unlink()
    (tree / "was a file").unlink()
    (tree / "was a file").symlink_to("gone")
    (tree / "moved").rename(tree / "moved there")
    head = stage.collected(finished()).head

    with_diff, alone = (
        worktrees.added(stage.project, stage.git("rev-parse", "main"), head, limit=1024**2)
        for worktrees in (
            stage.worktrees,
            GitWorktrees(tmp_path / "home", HOME8, StillClock(), variables={}),
        )
    )

    assert with_diff == alone
    assert set(alone.lines) == {_ODD, "was a file", *more}
    assert alone.lines[_ODD] == ((1, "+++ b/x"), (2, "@@ -1 +9 @@"))
    assert alone.removed == {"was a file": ("1",), "gone": ("3",)}
    assert alone.lines["was a file"] == ((1, "gone"),)
    assert alone.cut == ("bin",)


def test_a_limit_holds_for_what_was_told_with_the_diff(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"new": "1\n2\n"}).head

    added = stage.worktrees.added(stage.project, stage.git("rev-parse", "main"), head, limit=2)

    assert added == Added(lines={"new": ((1, "1"),)}, cut=("new",))


def test_paths_told_with_a_commit_are_those_git_lists(tmp_path):
    stage = a_stage(tmp_path, {"a": "1", "d/b": "1", "gone": "1"})

    head = stage.worked({"a": "2", "d/c": "1", "gone": None}).head

    assert stage.worktrees.paths(stage.project, head) == stage.names(head)


@pytest.mark.parametrize("below", ["f{0}", "f{0}/deeper/x"])
@pytest.mark.parametrize("count", [1, 40])
def test_a_folder_is_deleted_whatever_its_size_and_no_link_is_followed(tmp_path, below, count):
    write(tmp_path, {"kept/here": "x"})
    write(tmp_path / "gone", {below.format(number): "x" for number in range(count)})
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "also gone").symlink_to(tmp_path / "kept")

    remove_trees(tmp_path / "gone", tmp_path / "also gone", tmp_path / "never there")

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "here").read_text() == "x"
