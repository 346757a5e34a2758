"""Merges built aside, and the target moved without touching what a user has not saved."""

from dataclasses import replace

import pytest

from fleet.domain.errors import StaleLeaseError, WorkspaceError
from tests.contract.worktrees import NOW, a_stage, files_below
from tests.repos import a_commit, git, write


def _merge(stage, files, number=1):
    """Answer (old tip, merged tip) of an attempt's work."""
    head = stage.worked(files, number).head
    old = stage.worktrees.tip(stage.project)
    return old, stage.merged(old, head).sha


def _advance(stage, old, new):
    return stage.worktrees.advance_target(stage.project, old=old, new=new)


def test_a_merge_has_both_parents_and_is_the_same_when_built_again(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "1"}).head
    tip = a_commit(stage.repository, {"other": "2"})
    before = stage.git("for-each-ref")

    first = stage.merged(tip, head)
    again = stage.merged(tip, head)

    assert first == again
    assert stage.git("log", "-1", "--format=%P|%s", first.sha) == f"{tip} {head}|Merge APP-1"
    assert stage.names(first.sha) == {"README", "other", "work"}
    assert stage.git("rev-parse", f"{first.sha}^{{tree}}") == first.tree
    assert stage.git("for-each-ref") == before


def test_a_merge_is_never_dated_before_what_it_stands_on(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "1"}).head
    late = f"{NOW.timestamp() + 7200:.0f} +0000"
    tree = stage.git("rev-parse", "main^{tree}")
    tip = git(
        stage.repository,
        "hash-object",
        "-w",
        "-t",
        "commit",
        "--stdin",
        stdin=(
            f"tree {tree}\nparent {stage.git('rev-parse', 'main')}\nauthor u <u> {late}\n"
            f"committer u <u> {late}\n\nlate\n"
        ).encode(),
    )

    merged = stage.merged(tip, head)

    assert stage.git("log", "-1", "--format=%ct", merged.sha) == late.split(maxsplit=1)[0]


def test_a_merge_that_a_gc_took_away_is_built_again(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"a": "1"}).head
    tip = stage.git("rev-parse", "main")
    built = stage.merged(tip, head)
    stage.git("gc", "--prune=now", "--quiet")
    assert not stage.worktrees.is_merged(stage.project, built.sha)

    again = stage.merged(tip, head)

    assert again == built
    assert stage.worktrees.advance_target(stage.project, old=tip, new=again.sha) is None
    assert stage.content("main", "a") == "1"


def test_a_conflict_names_its_files(tmp_path):
    stage = a_stage(tmp_path, {"a b": "1\n", "c": "1\n", "d": "1\n"})
    head = stage.worked({"a b": "2\n", "c": None, "d": "2\n"}).head
    tip = a_commit(stage.repository, {"a b": "3\n", "c": "3\n"})

    assert stage.conflict(tip, head).files == ("a b", "c")


def test_both_sides_may_change_different_lines_of_one_file(tmp_path):
    lines = [f"{number}\n" for number in range(20)]
    stage = a_stage(tmp_path, {"a": "".join(lines)})
    head = stage.worked({"a": "".join(["first\n", *lines[1:]])}).head
    tip = a_commit(stage.repository, {"a": "".join([*lines[:-1], "last\n"])})

    merged = stage.merged(tip, head)

    expected = "".join(["first\n", *lines[1:-1], "last\n"]).strip()
    assert stage.content(merged.sha, "a") == expected


def test_a_merge_driver_in_attributes_has_no_say(tmp_path):
    stage = a_stage(tmp_path, {"a": "1\n", ".gitattributes": "a merge=union\n"})
    head = stage.worked({"a": "2\n"}).head
    tip = a_commit(stage.repository, {"a": "3\n"})

    assert stage.conflict(tip, head).files == ("a",)


def test_histories_without_a_common_start_are_refused(tmp_path):
    stage = a_stage(tmp_path)
    other = stage.git("commit-tree", "-m", "other", stage.git("rev-parse", "main^{tree}"))

    with pytest.raises(WorkspaceError, match="unrelated histories"):
        stage.merged(stage.git("rev-parse", "main"), other)


def test_the_target_tells_what_it_contains(tmp_path):
    stage = a_stage(tmp_path)
    old, new = _merge(stage, {"work": "1"})

    assert stage.worktrees.is_merged(stage.project, old)
    assert not stage.worktrees.is_merged(stage.project, new)
    _advance(stage, old, new)
    assert stage.worktrees.is_merged(stage.project, new)


def test_a_users_clean_checkout_is_brought_along(tmp_path):
    stage = a_stage(tmp_path, {"a": "1", "gone/b": "1"})
    old, new = _merge(stage, {"a": "2", "gone/b": None, "new/c": "2"})

    assert stage.worktrees.target_blocked(stage.project) is None
    assert _advance(stage, old, new) is None

    assert stage.git("rev-parse", "main", "HEAD") == f"{new}\n{new}"
    assert stage.git("status", "--porcelain") == ""
    assert files_below(stage.repository) == {"a": b"2", "new/c": b"2"}


def test_untracked_files_elsewhere_do_not_hold_a_merge_up(tmp_path):
    stage = a_stage(tmp_path)
    old, new = _merge(stage, {"work": "1"})
    write(stage.repository, {"notes.txt": "mine"})

    assert _advance(stage, old, new) is None
    assert (stage.repository / "notes.txt").read_text() == "mine"


def test_moving_again_changes_nothing(tmp_path):
    stage = a_stage(tmp_path)
    old, new = _merge(stage, {"work": "1"})
    _advance(stage, old, new)
    write(stage.repository, {"work": "dirty"})

    assert _advance(stage, old, new) is None


def test_a_target_that_moved_on_is_told_apart(tmp_path):
    stage = a_stage(tmp_path)
    old, new = _merge(stage, {"work": "1"})
    a_commit(stage.repository, {"other": "2"})

    with pytest.raises(StaleLeaseError, match="main is at"):
        _advance(stage, old, new)


@pytest.mark.parametrize("staged", [False, True])
def test_unsaved_changes_make_it_wait(tmp_path, staged):
    stage = a_stage(tmp_path, {"a": "1"})
    old, new = _merge(stage, {"work": "1"})
    write(stage.repository, {"a": "mine"})
    if staged:
        stage.git("add", "a")

    for why in (stage.worktrees.target_blocked(stage.project), _advance(stage, old, new)):
        assert why is not None
        assert "uncommitted changes" in why
        assert "git switch --detach" in why

    assert stage.git("rev-parse", "main") == old
    assert (stage.repository / "a").read_text() == "mine"
    assert not (stage.repository / "work").exists()


def test_a_touched_but_unchanged_file_is_clean(tmp_path):
    stage = a_stage(tmp_path, {"a": "1", "b": "1"})
    old, new = _merge(stage, {"a": "2"})
    for name in ("a", "b"):
        write(stage.repository, {"copy": "1"})
        (stage.repository / "copy").rename(stage.repository / name)

    assert _advance(stage, old, new) is None
    assert (stage.repository / "a").read_text() == "2"


@pytest.mark.parametrize("ignored", [False, True])
def test_an_untracked_file_in_the_way_is_never_written_over(tmp_path, ignored):
    stage = a_stage(tmp_path, {".gitignore": ".env\nlocal/\n" if ignored else ""})
    old, new = _merge(stage, {"local/file": "agent's", ".gitattributes": "x"})
    head = stage.git("rev-parse", "main")
    write(stage.repository, {".gitattributes": "mine", "local/file": "mine"})

    why = _advance(stage, old, new)

    assert why is not None
    assert "in the way" in why
    assert stage.git("rev-parse", "main") == head
    assert (stage.repository / "local/file").read_text() == "mine"


def test_a_link_where_a_folder_would_be_made_is_not_followed(tmp_path):
    stage = a_stage(tmp_path)
    old, new = _merge(stage, {"out/file": "agent's"})
    (tmp_path / "elsewhere").mkdir()
    (stage.repository / "out").symlink_to(tmp_path / "elsewhere")

    why = _advance(stage, old, new)

    assert why is not None
    assert "untracked out is in the way" in why
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_merge_or_rebase_under_way_makes_it_wait(tmp_path):
    stage = a_stage(tmp_path, {"a": "1\n"})
    stage.git("switch", "--quiet", "--create", "side")
    a_commit(stage.repository, {"a": "2\n"})
    stage.git("switch", "--quiet", "main")
    a_commit(stage.repository, {"a": "3\n"})
    with pytest.raises(AssertionError):
        stage.git("rebase", "side")

    why = stage.worktrees.target_blocked(stage.project)

    assert why is not None
    assert "a rebase is under way" in why


def test_a_held_index_makes_it_wait(tmp_path):
    stage = a_stage(tmp_path)
    (stage.repository / ".git/index.lock").touch()

    assert "index.lock" in (stage.worktrees.target_blocked(stage.project) or "")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("core.autocrlf", "true", "core.autocrlf is set"),
        ("core.eol", "crlf", "core.eol is crlf"),
        ("core.sparseCheckout", "true", "sparse"),
    ],
)
def test_a_checkout_git_would_write_otherwise_makes_it_wait(tmp_path, setting, value, said):
    stage = a_stage(tmp_path)
    stage.git("config", setting, value)

    assert said in (stage.worktrees.target_blocked(stage.project) or "")


@pytest.mark.parametrize("attribute", ["filter=lfs", "eol=crlf", "ident"])
@pytest.mark.parametrize("merged", [False, True])
def test_a_conversion_of_a_touched_file_makes_it_wait(tmp_path, attribute, merged):
    rule = {".gitattributes": f"*.bin {attribute}\n"}
    stage = a_stage(tmp_path, {".gitattributes": "*.txt text\n"} if merged else rule)
    old, new = _merge(stage, {"a.bin": "1", **(rule if merged else {})})

    assert f"{attribute.partition('=')[0]}=" in (_advance(stage, old, new) or "")
    assert stage.git("status", "--porcelain") == ""


def test_a_conversion_of_other_files_does_not_hold_a_merge_up(tmp_path):
    stage = a_stage(tmp_path, {".gitattributes": "*.bin filter=lfs\n* text=auto\n", "a.bin": "1"})
    old, new = _merge(stage, {"work": "1"})

    assert _advance(stage, old, new) is None
    assert stage.git("status", "--porcelain") == ""


def test_a_detached_user_and_a_bare_repository_only_see_the_branch_move(tmp_path):
    stage = a_stage(tmp_path)
    old, new = _merge(stage, {"work": "1"})
    stage.git("switch", "--quiet", "--detach")
    write(stage.repository, {"README": "dirty"})

    assert _advance(stage, old, new) is None
    assert stage.git("rev-parse", "main", "HEAD") == f"{new}\n{old}"
    assert not (stage.repository / "work").exists()


def test_a_linked_worktree_on_the_target_is_brought_along(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("switch", "--quiet", "--detach")
    stage.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    old, new = _merge(stage, {"work": "1"})

    assert _advance(stage, old, new) is None
    assert git(tmp_path / "linked", "status", "--porcelain") == ""
    assert (tmp_path / "linked" / "work").read_text() == "1"


def test_a_linked_worktree_that_is_away_makes_it_wait(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("switch", "--quiet", "--detach")
    stage.git("worktree", "add", "--quiet", str(tmp_path / "stick"), "main")
    (tmp_path / "stick").rename(tmp_path / "unplugged")

    assert "not there" in (stage.worktrees.target_blocked(stage.project) or "")


def test_a_project_on_another_target_of_the_same_repository(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("branch", "stable")
    stable = replace(stage.project, target="stable")
    a_commit(stage.repository, {"later": "x"})

    assert stage.worktrees.tip(stable) == stage.git("rev-parse", "stable")
    assert stage.worktrees.tip(stage.project) == stage.git("rev-parse", "main")
