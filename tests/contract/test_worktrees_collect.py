"""Collect: every byte an agent left, once, by the base's ignore rules, onto its own branch."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.adapters.git.listing import refused_by_git
from fleet.domain.attempt import Outcome
from fleet.domain.change import ChangeType
from fleet.domain.errors import WorkspaceError
from tests.contract.worktrees import a_stage, finished
from tests.repos import a_commit, git, write

# more than are written one by one
_MANY = {f"m{number}": f"{number}\n" for number in range(20)}


def test_the_commit_says_who_what_and_for_which_attempt(tmp_path):
    stage = a_stage(tmp_path)

    head = stage.worked({"new": "x"}).head

    assert stage.git("log", "-1", "--format=%an|%ae|%P|%B", head) == (
        f"fleet/local|fleet@localhost|{stage.git('rev-parse', 'main')}|"
        f"APP-1: do it\n\nFleet-Attempt: {finished().id}"
    )
    assert stage.git("rev-parse", "fleet/app-1") == head


def test_what_was_created_changed_deleted_and_renamed_is_told(tmp_path):
    body = "".join(f"line {number}\n" for number in range(30))
    stage = a_stage(tmp_path, {"changed": "1\n", "gone": "x\ny\n", "old name": body, "same": "s"})

    collected = stage.worked(
        {"changed": "2\n3\n", "gone": None, "old name": None, "new name": body, "made": b"\0\1"}
    )

    told = {c.path: (c.change_type, c.added, c.removed, c.binary) for c in collected.diff}
    assert told == {
        "changed": (ChangeType.UPDATE, 2, 1, False),
        "gone": (ChangeType.DELETE, 0, 2, False),
        "made": (ChangeType.CREATE, 0, 0, True),
        "new name": (ChangeType.RENAME, 0, 0, False),
    }
    assert [c.old_path for c in collected.diff if c.change_type is ChangeType.RENAME] == [
        "old name"
    ]


def test_nothing_changed_leaves_the_branch_where_it_was(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})

    collected = stage.worked({"a": "1"})

    assert collected.head == stage.git("rev-parse", "main")
    assert collected.diff == ()


def test_a_file_written_again_in_the_same_second_at_the_same_size_is_seen(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})
    file = Path(stage.prepared(finished()).path) / "a"
    before = file.stat()
    file.write_text("2")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert stage.content(stage.collected(finished()).head, "a") == "2"


def test_collecting_twice_finds_the_first_commit(tmp_path):
    stage = a_stage(tmp_path)
    first = stage.worked({"a": "1"})

    assert stage.collected(finished()) == first
    stage.worktrees.remove(stage.project, finished().id)
    assert stage.collected(replace(finished(), base=stage.git("rev-parse", "main"))).head == (
        first.head
    )


def test_a_text_that_looks_like_the_trailer_is_not_taken_for_it(tmp_path):
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(finished()).path), {"a": "1"})
    forged = f"sly\n\nFleet-Attempt: {finished(2).id}"
    stage.worktrees.collect(stage.project, finished(), message=forged)

    write(Path(stage.prepared(finished(2)).path), {"a": "2"})

    assert stage.content(stage.collected(finished(2)).head, "a") == "2"


def test_a_missing_worktree_collects_nothing(tmp_path):
    stage = a_stage(tmp_path)

    collected = stage.collected(finished())

    assert (collected.head, collected.diff) == (stage.git("rev-parse", "main"), ())
    assert stage.worktrees.head(stage.project, "fleet/app-1") is None


def test_a_second_attempt_adds_to_the_first_ones_branch(tmp_path):
    stage = a_stage(tmp_path)
    first = stage.worked({"one": "1"})

    second = stage.worked({"two": "2"}, number=2)

    assert stage.git("rev-parse", f"{second.head}^") == first.head
    assert [change.path for change in second.diff] == ["one", "two"]


def test_a_branch_the_user_moved_is_left_alone_and_the_work_is_kept(tmp_path):
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(finished()).path), {"work": "1"})
    stage.git("switch", "--quiet", "fleet/app-1")
    theirs = a_commit(stage.repository, {"mine": "x"})

    with pytest.raises(WorkspaceError, match=r"moved to .*kept as refs/fleet/kept/"):
        stage.collected(finished())

    assert stage.git("rev-parse", "fleet/app-1") == theirs
    assert stage.content(f"refs/fleet/kept/{finished().id}", "work") == "1"


def test_ignored_files_are_named_and_not_committed(tmp_path):
    stage = a_stage(tmp_path, {".gitignore": "*.log\nbuild/\n!keep.log\n", "sub/.gitignore": "x\n"})

    collected = stage.worked(
        {
            "a.log": "",
            "keep.log": "",
            "build/one/two": "",
            "sub/x": "",
            "x": "",
            ":colon": "",
            "node_modules/m/index.js": "",
            "sub/__pycache__/c.pyc": "",
            ".aider.chat.md": "",
        }
    )

    made = {change.path for change in collected.diff}
    assert made == {"keep.log", "x", ":colon"}
    assert collected.ignored == (
        ".aider.chat.md",
        "a.log",
        "build/",
        "node_modules/",
        "sub/__pycache__/",
        "sub/x",
    )


def test_tracked_files_are_collected_whatever_ignores_them(tmp_path):
    files = {".gitignore": "*.log\n", "kept.log": "1", "node_modules/m.js": "1", ".aider.conf": "1"}
    stage = a_stage(tmp_path, files)

    head = stage.worked({"kept.log": "2", "node_modules/m.js": "2", ".aider.conf": "2"}).head

    assert {stage.content(head, name) for name in files if name != ".gitignore"} == {"2"}


def test_ignore_rules_an_agent_wrote_hide_nothing(tmp_path):
    stage = a_stage(tmp_path, {"a": "1"})

    first = stage.worked({".gitignore": "evidence\n", "evidence": "1", "sub/.gitignore": "*\n"})
    second = stage.worked({"evidence2": "1", "sub/more": "1"}, number=2)

    assert {c.path for c in first.diff} == {".gitignore", "evidence", "sub/.gitignore"}
    assert {c.path for c in second.diff} >= {"evidence2", "sub/more"}


def test_a_salvage_keeps_ignored_files_aside(tmp_path):
    stage = a_stage(tmp_path, {".gitignore": "*.log\n"})
    lost = replace(finished(), outcome=Outcome.LOST)
    write(Path(stage.prepared(lost).path), {"work": "1", "trail.log": "2"})

    head = stage.collected(lost).head

    assert stage.names(head) == {".gitignore", "work"}
    assert stage.names(f"refs/fleet/kept/{lost.id}") == {".gitignore", "work", "trail.log"}


def test_what_a_task_keeps_at_its_end_does_not_replace_a_salvage(tmp_path):
    stage = a_stage(tmp_path, {".gitignore": "*.log\n"})
    lost = replace(finished(), outcome=Outcome.LOST)
    write(Path(stage.prepared(lost).path), {"work": "1", "trail.log": "2"})
    head = stage.collected(lost).head

    stage.worktrees.keep(stage.project, head, name=lost.id)
    stage.worktrees.drop_branch(stage.project, lost.branch, head=head, keep=lost.id)

    assert stage.names(f"refs/fleet/kept/{lost.id}") == {".gitignore", "work", "trail.log"}


def test_a_finished_attempt_keeps_nothing_aside(tmp_path):
    stage = a_stage(tmp_path, {".gitignore": "*.log\n"})

    stage.worked({"work": "1", "trail.log": "2"})

    assert stage.git("for-each-ref", "refs/fleet/kept") == ""


def test_what_setup_left_untracked_is_skipped(tmp_path):
    stage = a_stage(tmp_path, {"tracked": "1"})
    write(
        Path(stage.prepared(finished()).path),
        {"tracked": "2", "env/bin/python": "", "made": "", "envelope": ""},
    )

    collected = stage.collected(finished(), skip=("env/", "made", "tracked", "absent"))

    assert {change.path for change in collected.diff} == {"tracked", "envelope"}


def test_the_agents_own_commits_are_listed_not_taken(tmp_path):
    stage = a_stage(tmp_path)
    space = stage.prepared(finished())
    private = (f"--git-dir={space.git_dir}", f"--work-tree={space.path}")
    for number in (1, 2):
        write(Path(space.path), {"a": str(number)})
        git(tmp_path, *private, "add", "--all")
        git(tmp_path, *private, "commit", "--quiet", "--message", f"step {number}")

    collected = stage.collected(finished())

    assert collected.agent_commits == ("step 1", "step 2")
    assert "- step 1\n- step 2\n" in stage.git("log", "-1", "--format=%B", collected.head)
    assert stage.git("rev-list", "--count", f"main..{collected.head}") == "1"


def test_modes_and_links_are_stored_as_they_are(tmp_path):
    stage = a_stage(tmp_path, {"script": "#!/bin/sh\n", "file": "x", "folder/inside": "x"})
    root = Path(stage.prepared(finished()).path)
    (root / "script").chmod(0o755)
    (root / "file").unlink()
    (root / "file").symlink_to("script")
    (root / "away").symlink_to("/etc/passwd")
    (root / "folder" / "inside").unlink()
    (root / "folder").rmdir()
    (root / "folder").write_text("now a file")

    head = stage.collected(finished()).head

    modes = {
        line.split("\t")[1]: line.split(" ")[0]
        for line in stage.git("ls-tree", "-r", head).splitlines()
    }
    assert modes == {"away": "120000", "file": "120000", "folder": "100644", "script": "100755"}
    assert stage.content(head, "away") == "/etc/passwd"


def test_a_file_becoming_a_folder_is_stored(tmp_path):
    stage = a_stage(tmp_path, {"thing": "x"})
    root = Path(stage.prepared(finished()).path)
    (root / "thing").unlink()

    write(root, {"thing/inside": "y"})

    assert stage.names(stage.collected(finished()).head) == {"thing/inside"}


def test_bytes_are_stored_whatever_attributes_say(tmp_path):
    files = {
        "dos.txt": b"one\r\ntwo\r\n",
        "id.txt": b"$Id: mine $\n",
        ".gitattributes": b"*.txt text eol=crlf ident\n*.u16 working-tree-encoding=UTF-16\n",
        "wide.u16": b"plain",
    }
    stage = a_stage(tmp_path)
    stage.git("config", "core.autocrlf", "true")
    tree = stage.worked(files).head

    for name, content in files.items():
        assert stage.raw(tree, name) == content


def test_no_name_that_git_refuses_gets_as_far_as_git(tmp_path):
    stage = a_stage(tmp_path)
    blob = stage.git("rev-parse", "main:README")
    names = [".git", ".GIT", ".git.", ".git ", ".git::$INDEX_ALLOCATION", "git~1", "GIT~1", "git~2"]
    names += [".g\u200cit", ".gitmodules", ".GitModules", "gitmod~1", "GI7EBA~1", "gi7eb~12"]
    names += [
        "g~123456",
        ".gitignore",
        ".github",
        "git",
        "plain",
        ".git\\x",
        "a\\b",
        ".gitmodules.",
    ]

    for mode in ("100644", "120000"):
        for name in names:
            entry = f"{mode} {blob}\t{name}\n"
            taken = subprocess.run(
                ["git", "-c", "core.protectHFS=true", "update-index", "--index-info"],
                input=entry.encode(),
                check=False,
                capture_output=True,
                cwd=stage.repository,
            )
            if taken.returncode != 0:
                assert refused_by_git(name.encode(), link=mode == "120000"), (mode, name)
    for name in (".gitignore", ".github", ".gitmodules", "git", "a", ".gitlab-ci.yml"):
        assert not refused_by_git(name.encode(), link=False), name


@pytest.mark.slow
def test_five_thousand_files_are_collected(tmp_path):
    files = {f"d{number % 50}/f{number}": f"{number}\n" for number in range(5000)}
    stage = a_stage(tmp_path, files)

    collected = stage.worked({"d1/f1": "changed\n", "d2/new": "made\n", "d3/f3": None})

    assert {change.path for change in collected.diff} == {"d1/f1", "d2/new", "d3/f3"}
    assert len(stage.names(collected.head)) == 5000


def test_what_a_killed_collect_left_aside_goes_away_and_is_not_taken_in(tmp_path):
    stage = a_stage(tmp_path)
    objects = stage.repository / ".git" / "objects"
    write(objects / f"tmp_objdir-fleet-{finished().id}", {"pack/tmp_pack_half": "half"})

    head = stage.worked({"new": "x", **_MANY}).head

    assert stage.content(head, "new") == "x"
    assert not [*objects.glob("tmp_*"), *objects.rglob("tmp_pack_half")]


@pytest.mark.parametrize("more", [{}, _MANY], ids=["few", "many"])
@pytest.mark.parametrize("name", ["plain", "a:b", 'a"b', "a\\b"])
def test_what_the_repository_holds_already_is_not_stored_again(tmp_path, name, more):
    stage = a_stage(tmp_path / name, {"a": "known"})
    stage.git("repack", "-a", "-d", "-q")
    known = stage.git("rev-parse", "main:a")

    head = stage.worked({"b": "known", "c": "new", **more}).head

    assert stage.names(head) == {"a", "b", "c", *more}
    assert stage.content(head, "c") == "new"
    assert not (stage.repository / ".git" / "objects" / known[:2] / known[2:]).exists()
