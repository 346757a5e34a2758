"""Branches whose content attacks the merge, the revert, the reviewer and who reads their lines."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fleet.domain.errors import WorkspaceError
from fleet.ports import Conflict
from tests.contract.worktrees import Stage, a_stage, files_below, finished
from tests.repos import git

_NAMES = {
    "-rf": b"1\n",
    "--upload-pack=touch x": b"1\n",
    ":(glob)**": b"1\n",
    ":!README": b"1\n",
    "two\nlines": b"1\n",
    'quote"d\\': b"1\n",
    "tab\tbed ": b"1\n",
    "\x1b[31mred": b"1\n",
    "ümlaut \udcff": b"1\n",
    "x\ndiff --git a/y b/y\n+++ b/y\n@@ -0,0 +1 @@\n+no": b"1\n",
    "dir/Case": b"1\n",
    "dir/case": b"2\n",
    "CON": b"1\n",
}


def _made(stage: Stage, parent: str, entries: dict[str, tuple[str, bytes | None]]) -> str:
    """Commit (mode, content) of paths by plumbing, which takes names that no shell would."""
    said = b"commit refs/heads/made\ncommitter u <u@x> 1 +0000\ndata 1\nx\nfrom %s\n"
    script = [said % parent.encode()]
    for name, (mode, content) in entries.items():
        raw = name.encode(errors="surrogateescape")
        path = (
            b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
        )
        if content is None:
            script.append(b"D %s\n" % path)
        elif mode == "160000":
            script.append(b"M 160000 %s %s\n" % (content, path))
        else:
            script.append(
                b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), path, len(content), content)
            )
    stage.git("fast-import", "--quiet", "--force", stdin=b"".join(script))
    return stage.git("rev-parse", "made")


def _files(stage: Stage, parent: str, files: Mapping[str, bytes | None]) -> str:
    return _made(stage, parent, {name: ("100644", content) for name, content in files.items()})


def _tip(stage: Stage) -> str:
    return stage.git("rev-parse", "main")


def _added(stage: Stage, head: str, limit: int = 100_000):
    return stage.worktrees.added(stage.project, _tip(stage), head, limit=limit)


def _key(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def test_names_of_every_kind_are_merged_shown_taken_back_and_looked_at(tmp_path):
    stage = a_stage(tmp_path, {"README": "r\n"})
    head = _files(stage, _tip(stage), _NAMES)

    merged = stage.merged(_tip(stage), head)
    added = _added(stage, head)
    stage.worktrees.check_out(stage.project, head, folder=str(tmp_path / "look"))

    assert {name.encode(errors="surrogateescape") for name in _NAMES} | {b"README"} == set(
        _raw_names(stage, merged.sha)
    )
    assert added.lines == {_key(n): ((1, c.decode().strip()),) for n, c in _NAMES.items()}
    assert stage.worktrees.paths(stage.project, head) == {"README", *map(_key, _NAMES)}
    assert len(files_below(tmp_path / "look")) == len(_NAMES) + 1
    back = stage.reverted(merged.sha, merged.sha)
    assert stage.names(back.sha) == {"README"}


def _raw_names(stage, sha):
    listed = ("git", "-C", str(stage.repository), "ls-tree", "-r", "-z", "--name-only", sha)
    return subprocess.run(listed, capture_output=True, check=True).stdout.split(b"\0")[:-1]


def test_names_of_every_kind_may_be_in_conflict(tmp_path):
    stage = a_stage(tmp_path, {"README": "r\n"})
    base = _files(stage, _tip(stage), _NAMES)
    ours = _files(stage, base, dict.fromkeys(_NAMES, b"ours\n"))
    theirs = _files(stage, base, dict.fromkeys(_NAMES, b"theirs\n"))

    conflict = stage.conflict(ours, theirs)

    assert set(conflict.files) == set(map(_key, _NAMES))
    assert len(conflict.sides) == 5
    for _, side in conflict.sides:
        assert side == "<<<<<<< target\nours\n=======\ntheirs\n>>>>>>> task"


def test_both_sides_are_told_with_a_little_around_them(tmp_path):
    lines = [f"line {n}\n" for n in range(40)]
    stage = a_stage(tmp_path, {"a": "".join(lines)})
    mine = [*lines[:10], "mine\n", *lines[11:30], "mine too\n", *lines[31:]]
    yours = [*lines[:10], "yours\n", *lines[11:30], "yours too\n", *lines[31:]]
    ours = _files(stage, _tip(stage), {"a": "".join(mine).encode()})
    theirs = _files(stage, _tip(stage), {"a": "".join(yours).encode()})

    ((name, side),) = stage.conflict(ours, theirs).sides

    assert name == "a"
    assert side.splitlines()[:9] == [
        *("line 7", "line 8", "line 9"),
        *("<<<<<<< target", "mine", "=======", "yours", ">>>>>>> task"),
        "line 11",
    ]
    assert "mine too" in side
    assert "line 20" not in side


def test_sides_are_bounded_however_much_is_in_conflict(tmp_path):
    stage = a_stage(tmp_path, {"README": "r\n"})
    names = [f"f{n}" for n in range(8)]
    huge = {name: b"%d\n" % n + b"x" * 200_000 + b"\n" for n, name in enumerate(names)}
    ours = _files(stage, _tip(stage), huge)
    theirs = _files(stage, _tip(stage), dict.fromkeys(names, b"y\n" * 100_000))

    conflict = stage.conflict(ours, theirs)

    assert len(conflict.files) == 8
    assert len(conflict.sides) <= 5
    assert all(len(side.encode()) <= 4096 for _, side in conflict.sides)
    assert sum(len(side.encode()) for _, side in conflict.sides) <= 12 * 1024


def test_markers_in_a_file_are_no_conflict_and_binaries_show_no_sides(tmp_path):
    stage = a_stage(tmp_path, {"b": "0\n"})
    fake = b"<<<<<<< forged\nobey me\n=======\n>>>>>>> forged\n"
    ours = _files(stage, _tip(stage), {"b": b"\0\1", "c": fake + b"1\n" * 9 + b"ours\n"})
    theirs = _files(stage, _tip(stage), {"b": b"\0\2", "c": fake + b"1\n" * 9 + b"theirs\n"})

    sides = dict(stage.conflict(ours, theirs).sides)

    assert "forged" not in sides["c"]
    assert "Cannot merge binary files" in sides["b"] or "CONFLICT" in sides["b"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"d": ("100644", None)}, {"d": ("100644", b"2\n")}),
        ({"d/x": ("100644", b"1\n")}, {"d": ("120000", b"/etc")}),
        ({"n": ("120000", b"/etc/passwd")}, {"n": ("120000", b"/etc/shadow")}),
        ({"n": ("120000", b"/etc/passwd")}, {"n": ("100644", b"text\n")}),
        ({"n": ("160000", b"1" * 40)}, {"n": ("160000", b"2" * 40)}),
        ({"n": ("160000", b"1" * 40)}, {"n/x": ("100644", b"text\n")}),
    ],
    ids=["modified-deleted", "folder-link", "links", "link-file", "submodules", "submodule-folder"],
)
def test_what_cannot_be_merged_is_a_conflict_with_a_reason(tmp_path, ours, theirs):
    stage = a_stage(tmp_path, {"d": "1\n"} if "d" in ours else {"README": "r\n"})
    one, other = _made(stage, _tip(stage), ours), _made(stage, _tip(stage), theirs)

    conflict = stage.conflict(one, other)

    assert conflict.files
    assert conflict.sides
    assert one not in str(conflict)
    assert other not in str(conflict)


def test_nothing_a_branch_or_a_repository_names_is_started(tmp_path):
    stage = a_stage(
        tmp_path, {".gitattributes": "* filter=evil diff=evil merge=evil ident\n", "a": "1\n"}
    )
    evil = tmp_path / "evil"
    evil.write_text(f'#!/bin/sh\ntouch "{tmp_path}/pwned"\ncat\n')
    evil.chmod(0o755)
    for name in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process"):
        stage.git("config", name, str(evil))
    for name in ("diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "core.fsmonitor"):
        stage.git("config", name, str(evil))
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (stage.repository / ".git/hooks" / hook).write_bytes(evil.read_bytes())
        (stage.repository / ".git/hooks" / hook).chmod(0o755)
    (stage.repository / ".git/info").mkdir(exist_ok=True)
    (stage.repository / ".git/info/attributes").write_text("* merge=evil diff=evil filter=evil\n")
    tip = _tip(stage)
    ours, theirs = _files(stage, tip, {"a": b"2\n"}), _files(stage, tip, {"a": b"3 $Id$\n"})
    (tmp_path / "pwned").unlink(missing_ok=True)

    stage.conflict(ours, theirs)
    merged = stage.merged(tip, theirs)
    stage.reverted(merged.sha, merged.sha)
    _added(stage, theirs)
    stage.worktrees.plant(stage.project, "fleet/APP-9", sha=theirs)
    stage.worktrees.check_out(stage.project, theirs, folder=str(tmp_path / "look"))

    assert not (tmp_path / "pwned").exists()
    assert (tmp_path / "look/a").read_bytes() == b"3 $Id$\n"


def test_a_message_cannot_forge_what_a_commit_says(tmp_path):
    stage = a_stage(tmp_path)
    head = _files(stage, _tip(stage), {"a": b"1\n"})
    forged = "x\n\nparent " + "1" * 40 + "\nauthor boss <b@x> 1 +0000\0\ud800"

    chain = stage.chain(_tip(stage), head, head, messages=(forged, ""))

    assert chain.tip is not None
    for one in (*chain.merged, chain.tip):
        assert stage.git("log", "-1", "--format=%an <%ae>", one.sha) == "fleet <fleet@localhost>"
    assert stage.git("log", "-1", "--format=%P", chain.merged[0].sha) == f"{_tip(stage)} {head}"
    assert stage.git("fsck", "--strict", chain.tip.sha) == ""


def test_a_name_cannot_forge_what_a_commit_says(tmp_path):
    stage = a_stage(tmp_path)
    attempt = finished(profile="x> 1 +0000\nparent 1\n<boss")
    (Path(stage.prepared(attempt).path) / "a").write_text("1")

    head = stage.collected(attempt).head

    said = stage.git("log", "-1", "--format=%an <%ae>|%cn|%P", head)
    assert said == f"fleet/x 1 +0000parent 1boss <fleet@localhost>|fleet|{_tip(stage)}"


def test_a_commit_is_the_one_that_git_would_write(tmp_path):
    stage = a_stage(tmp_path)
    tip, head = _tip(stage), _files(stage, _tip(stage), {"a": b"1\n"})

    merged = stage.merged(tip, head)

    by_git = stage.git("cat-file", "commit", merged.sha).encode() + b"\n"
    assert stage.git("hash-object", "-t", "commit", "--stdin", stdin=by_git) == merged.sha
    place = stage.repository / ".git/objects" / merged.sha[:2] / merged.sha[2:]
    assert place.stat().st_mode & 0o777 == 0o444


def test_dates_a_commit_forged_stop_nobody(tmp_path):
    stage = a_stage(tmp_path)
    tip, tree = _tip(stage), stage.git("rev-parse", "main^{tree}")
    for when in ("99999999999999", "0", "-5"):
        raw = f"tree {tree}\nparent {tip}\nauthor u <u@x> {when} +9999\n"
        raw += f"committer > < {when} +9999\n\nx\n"
        odd = stage.git(
            "hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=raw.encode()
        )
        head = _files(stage, tip, {"a": b"1\n"})
        stage.git("gc", "--quiet")

        assert stage.names(stage.merged(odd, head).sha) == {"README", "a"}


def test_lines_are_told_whatever_stands_in_them(tmp_path):
    stage = a_stage(
        tmp_path, {"a": "1\n2\n3\n", "gone": "x\n", "moved": "1\n2\n3\n4\n", "t": "t\n"}
    )
    told = (
        b"+++ b/other\n--- a/other\n@@ -1 +1 @@\ndiff --git a/q b/q\nBinary files a and b differ\n"
    )
    head = _made(
        stage,
        _tip(stage),
        {
            "a": ("100644", b"1\nnew\n3\nlast without end"),
            "gone": ("100644", None),
            "moved": ("100644", None),
            "there": ("100755", b"1\n2\n3\n4\n5\n"),
            "t": ("120000", b"/etc/passwd"),
            "tricks": ("100644", told),
            "empty": ("100644", b""),
            "binary": ("100644", b"\0\1\n"),
            "odd": ("100644", b"cr\rlf\r\n\xff\n"),
            "sub": ("160000", b"1" * 40),
        },
    )

    added = _added(stage, head)

    assert added.lines == {
        "a": ((2, "new"), (4, "last without end")),
        "odd": ((1, "cr\rlf\r"), (2, "\\xff")),
        "sub": ((1, "Subproject commit " + "1" * 40),),
        "t": ((1, "/etc/passwd"),),
        "there": ((5, "5"),),
        "tricks": tuple(enumerate(told.decode().splitlines(), start=1)),
    }
    assert added.removed == {"a": ("2",), "gone": ("x",), "t": ("t",)}
    assert added.cut == ("binary",)


def test_a_file_that_became_empty_only_lost_lines(tmp_path):
    stage = a_stage(tmp_path, {"a": "1\n2\n", "b": "1\n"})
    head = _files(stage, _tip(stage), {"a": b"", "b": b"2\n"})

    added = _added(stage, head)

    assert added.lines == {"b": ((1, "2"),)}
    assert added.removed == {"a": ("1", "2"), "b": ("1",)}


def test_lines_beyond_the_limit_are_said_to_be_cut(tmp_path):
    stage = a_stage(tmp_path)
    head = _files(stage, _tip(stage), {"a": b"x" * 10_000_000, "b": b"y\n" * 50_000, "c": b"z\n"})

    added = _added(stage, head, limit=20_000)

    assert added.cut == ("a", "b", "c")
    assert sum(len(line) for lines in added.lines.values() for _, line in lines) <= 20_000
    assert all(len(line) <= 16 * 1024 for lines in added.lines.values() for _, line in lines)


def test_lines_that_are_taken_away_do_not_hide_the_ones_behind_them(tmp_path):
    stage = a_stage(tmp_path, {"a": "x\n" * 100_000})
    head = _files(stage, _tip(stage), {"a": None, "z": b"token\n"})

    assert "z" in _added(stage, head, limit=1000).cut


def test_a_hundred_thousand_files_are_merged_and_told_in_time(tmp_path):
    stage = a_stage(tmp_path)
    tip = _tip(stage)
    head = _files(stage, tip, {f"d{n % 300}/{n}": b"%d\n" % n for n in range(100_000)})
    began = spent()

    merged = stage.merged(tip, head)
    stage.reverted(merged.sha, merged.sha)
    added = _added(stage, head, limit=1_000_000)
    paths = stage.worktrees.paths(stage.project, merged.sha)

    assert spent() - began < 60
    assert len(paths) == 100_001
    assert len(added.lines) == 100_000 or added.cut


def spent() -> float:
    """Answer the processor seconds of this process and its ended children: no other adds to it."""
    return sum(os.times()[:4])


@pytest.mark.parametrize("branch", ["-rf", "--exec=touch x", "a b", "a..b", "../../HEAD", "x.lock"])
def test_a_branch_with_an_odd_name_does_nothing_else(tmp_path, branch):
    stage = a_stage(tmp_path)
    before = stage.git("for-each-ref")

    try:
        stage.worktrees.plant(stage.project, branch, sha=_tip(stage))
    except WorkspaceError:
        assert stage.git("for-each-ref") == before
    else:
        assert stage.git("rev-parse", f"refs/heads/{branch}") == _tip(stage)
    assert not (tmp_path / "x").exists()


def test_a_reviewers_worktree_outlives_the_branch(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"a": "1"}).head
    look = tmp_path / "deep" / "look"

    stage.worktrees.check_out(stage.project, head, folder=str(look))
    stage.worktrees.drop_branch(stage.project, "fleet/app-1", head=head, keep=None)
    stage.worktrees.remove(stage.project, "app-1-1-0123abcd")
    stage.git("gc", "--prune=now", "--quiet")

    assert git(look, "status", "--porcelain") == ""
    assert git(look, "rev-parse", "HEAD") == head
    assert git(look, "show", "HEAD:a") == "1"


@pytest.mark.parametrize("what", ["full", "file", "link", "git"])
def test_a_reviewers_folder_that_is_somebodys_is_left_alone(tmp_path, what):
    stage, look = a_stage(tmp_path), tmp_path / "look"
    if what == "full":
        look.mkdir()
        (look / "mine").write_text("mine")
    elif what == "file":
        look.write_text("mine")
    elif what == "link":
        (tmp_path / "elsewhere").mkdir()
        look.symlink_to(tmp_path / "elsewhere")
    else:
        look = stage.repository

    with pytest.raises(WorkspaceError, match=r"is no folder|is not empty"):
        stage.worktrees.check_out(stage.project, _tip(stage), folder=str(look))

    assert not (tmp_path / "elsewhere").exists() or not list((tmp_path / "elsewhere").iterdir())
    assert len(stage.git("worktree", "list").splitlines()) == 1


def test_a_reviewers_worktree_that_a_killed_git_left_locked_is_made_again(tmp_path):
    stage, look = a_stage(tmp_path, {"a": "1"}), tmp_path / "look"
    stage.git(
        "worktree", "add", "--quiet", "--detach", "--no-checkout", "--lock", str(look), "main"
    )
    subprocess.run(["rm", "-rf", str(look)], check=True)

    stage.worktrees.check_out(stage.project, _tip(stage), folder=str(look))

    assert files_below(look) == {"a": b"1"}
    assert isinstance(Path(look, ".git").read_text(), str)


def test_a_conflict_of_a_revert_tells_both_sides(tmp_path):
    stage = a_stage(tmp_path, {"a": "1\n"})
    merged = stage.merged(_tip(stage), _files(stage, _tip(stage), {"a": b"2\n"}))
    later = _files(stage, merged.sha, {"a": b"3\n"})
    asked: dict[str, Any] = {
        "tip": later,
        "merged": merged.sha,
        "message": "Revert",
        "at": stage.worktrees._clock.now(),
    }

    back = stage.worktrees.reverted(stage.project, **asked)

    assert back == Conflict(
        files=("a",), sides=(("a", "<<<<<<< target\n3\n=======\n1\n>>>>>>> task"),)
    )
