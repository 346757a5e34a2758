"""Clean trees for checks, and what is read from commits without one."""

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.app import leftovers
from fleet.domain.errors import WorkspaceError
from tests.builders import an_attempt
from tests.contract.worktrees import a_stage, files_below, finished
from tests.memory_world import World
from tests.repos import a_commit, git, write


def test_a_clean_tree_is_the_sha_byte_for_byte_with_a_git_directory(tmp_path):
    files = {"a.txt": b"x\n", "dos": b"1\r\n", ".gitattributes": b"*.txt eol=crlf export-ignore\n"}
    stage = a_stage(tmp_path)
    head = stage.worked(files).head

    checkout = stage.worktrees.checkout(stage.project, head, name="c", overlay=())

    assert files_below(Path(checkout.path)) == files | {"README": b"a project\n"}
    assert checkout.tree == stage.git("rev-parse", f"{head}^{{tree}}")
    private = (f"--git-dir={checkout.git_dir}", f"--work-tree={checkout.path}")
    assert git(tmp_path, *private, "rev-parse", "HEAD") == head
    assert git(tmp_path, *private, "status", "--porcelain") == ""
    assert git(tmp_path, *private, "for-each-ref", "--format=%(objectname)") == head


def test_check_files_come_from_the_targets_tip(tmp_path):
    stage = a_stage(tmp_path, {"scripts/check.sh": "strict", "tests/a": "1", "src": "1"})
    head = stage.worked(
        {"scripts/check.sh": "true", "tests/a": None, "tests/b": "easy", "src": "2"}
    ).head
    patterns = ("scripts/check.sh", "tests/**")

    checkout = stage.worktrees.checkout(stage.project, head, name="c", overlay=patterns)

    assert files_below(Path(checkout.path)) == {
        "scripts/check.sh": b"strict",
        "tests/a": b"1",
        "src": b"2",
    }
    private = (f"--git-dir={checkout.git_dir}", f"--work-tree={checkout.path}")
    assert git(tmp_path, *private, "write-tree") == checkout.tree
    assert git(tmp_path, *private, "diff-files", "--name-only") == ""


def test_an_overlay_that_touches_nothing_leaves_the_tree(tmp_path):
    stage = a_stage(tmp_path, {"scripts/check.sh": "strict", "src": "1"})
    head = stage.worked({"src": "2"}).head
    overlay = ("scripts/check.sh", "absent/**")

    checkout = stage.worktrees.checkout(stage.project, head, name="c", overlay=overlay)

    assert checkout.tree == stage.git("rev-parse", f"{head}^{{tree}}")


@pytest.mark.parametrize("overlay", [(), ("scripts/check.sh", "tests/**"), ("absent/**",)])
def test_the_tree_of_a_clean_tree_is_known_without_one(tmp_path, overlay):
    stage = a_stage(tmp_path, {"scripts/check.sh": "strict", "tests/a": "1", "src": "1"})
    head = stage.worked({"scripts/check.sh": "true", "tests/a": None, "src": "2"}).head
    checks = tmp_path / "home/.fleet/checks"

    tree = stage.worktrees.clean_tree(stage.project, head, name="c", overlay=overlay)

    assert not checks.exists() or list(checks.iterdir()) == []
    made = stage.worktrees.checkout(stage.project, head, name="c", overlay=overlay)
    assert tree == made.tree


def test_a_link_in_the_place_of_the_checks_folder_gives_way(tmp_path):
    stage = a_stage(tmp_path, {"scripts/check.sh": "strict"})
    root = Path(stage.prepared(finished()).path)
    (root / "scripts/check.sh").unlink()
    (root / "scripts").rmdir()
    (root / "scripts").symlink_to("/tmp")
    head = stage.collected(finished()).head

    checkout = stage.worktrees.checkout(
        stage.project, head, name="c", overlay=("scripts/check.sh",)
    )

    assert files_below(Path(checkout.path)) == {"scripts/check.sh": b"strict"}
    assert not (Path(checkout.path) / "scripts").is_symlink()


def test_a_link_an_agent_committed_beside_git_leads_nowhere(tmp_path):
    stage = a_stage(tmp_path)
    precious = tmp_path / "precious"
    precious.write_text("of the host")
    (Path(stage.prepared(finished()).path) / ".git.new").symlink_to(precious)
    head = stage.collected(finished()).head

    checkout = stage.worktrees.checkout(stage.project, head, name="c", overlay=())

    assert precious.read_text() == "of the host"
    assert (Path(checkout.path) / ".git.new").readlink() == precious
    assert (Path(checkout.path) / ".git").read_bytes() == b""


def test_a_clean_tree_is_clean_again_after_a_check_wrote_in_it(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    tip = stage.worktrees.tip(stage.project)
    first = stage.worktrees.checkout(stage.project, tip, name="c", overlay=())
    write(Path(first.path), {"a": "spoilt", "left": "x"})

    again = stage.worktrees.checkout(stage.project, tip, name="c", overlay=())
    assert files_below(Path(again.path)) == {"a": b"1"}

    stage.worktrees.drop_checkout(stage.project, "c")
    stage.worktrees.drop_checkout(stage.project, "c")
    assert not Path(first.path).exists()


def test_clean_trees_that_a_killed_life_left_go_all_together_and_nothing_else(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    stage.worktrees.drop_checkouts()
    tip = stage.worktrees.tip(stage.project)
    left = [
        stage.worktrees.checkout(stage.project, tip, name=name, overlay=()) for name in ("b", "c")
    ]
    precious = tmp_path / "precious"
    write(precious, {"file": "x"})
    (Path(left[0].path) / "link").symlink_to(precious)
    worked = stage.worktrees.prepare(
        stage.project, an_attempt().id, branch="fleet/app-1", fresh=False
    )

    stage.worktrees.drop_checkouts()

    assert not any((stage.home / ".fleet" / "checks").iterdir())
    assert files_below(Path(worked.path))
    assert files_below(precious) == {"file": b"x"}


def test_a_new_life_clears_the_tree_of_a_check_that_a_kill_cut_short(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    tip = stage.worktrees.tip(stage.project)
    cut_short = stage.worktrees.checkout(stage.project, tip, name="c", overlay=())
    tools = replace(World().tools, worktrees=stage.worktrees)

    leftovers.sweep(tools, tools.ledger.snapshot())

    assert not Path(cut_short.path).exists()


def test_a_branch_goes_only_from_where_it_was_seen_and_may_be_kept(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "1"}).head
    main = stage.git("rev-parse", "main")

    with pytest.raises(WorkspaceError, match="it is not deleted"):
        stage.worktrees.drop_branch(stage.project, "fleet/app-1", head=main, keep=None)
    stage.worktrees.drop_branch(stage.project, "fleet/app-1", head=head, keep="app-1")
    stage.worktrees.drop_branch(stage.project, "fleet/app-1", head=head, keep="app-1")

    assert stage.worktrees.head(stage.project, "fleet/app-1") is None
    assert stage.git("rev-parse", "refs/fleet/kept/app-1") == head


def test_commits_with_the_same_files_have_the_same_tree(tmp_path):
    stage = a_stage(tmp_path)
    first = stage.git("rev-parse", "main")
    other = a_commit(stage.repository, {"a": "1"})
    back = a_commit(stage.repository, {"a": None})

    trees = [stage.worktrees.tree(stage.project, sha) for sha in (first, other, back)]

    assert trees[0] == trees[2] != trees[1]


def test_diff_patch_and_stat_start_at_the_merge_base(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "one\n"}).head
    tip = a_commit(stage.repository, {"other": "2"})

    assert [c.path for c in stage.worktrees.diff(stage.project, tip, head)] == ["work"]
    assert "+one" in stage.worktrees.patch(stage.project, tip, head, limit=4096)
    assert len(stage.worktrees.patch(stage.project, tip, head, limit=20)) == 20
    assert "1 file changed, 1 insertion(+)" in stage.worktrees.stat(stage.project, tip, head)


def test_the_plain_files_at_a_path_are_read_by_their_first_bytes(tmp_path):
    files = {"a/b": "12345", "a/c/d": "6", "ab": "7", "*": "star", "a/\udcff": "odd"}
    stage = a_stage(tmp_path, files)
    (stage.repository / "a" / "link").symlink_to("/etc/passwd")
    sha = a_commit(stage.repository, {})

    def read(path, *, longest=3, most=9):
        project = stage.project
        return stage.worktrees.plain_files(project, sha, path, longest=longest, most=most)

    assert read("a") == {"a/b": b"123", "a/c/d": b"6", "a/\udcff": b"odd"}
    assert read("a", most=1) == {"a/b": b"123"}
    assert read("ab") == {"ab": b"7"}
    assert read("*") == {"*": b"sta"}
    assert read("a/link") == read("gone") == read("../repository") == {}


def test_a_file_stands_at_a_sha_and_a_link_is_none(tmp_path):
    stage = a_stage(tmp_path, {"a/b": "1", "*": "star"})
    (stage.repository / "link").symlink_to("/etc/passwd")
    sha = a_commit(stage.repository, {})

    def stands(name):
        return stage.worktrees.has_file(stage.project, sha, name)

    assert stands("a/b")
    assert stands("*")
    assert not any(stands(name) for name in ("a", "link", "absent", "../a"))
