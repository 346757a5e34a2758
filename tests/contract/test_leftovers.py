"""What lies in a home and its repositories is found as it is, and goes without following a link."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.adapters.leftovers.folders import FolderLeftovers
from fleet.adapters.leftovers.memory import SecretLeftovers
from fleet.adapters.leftovers.references import BranchLeftovers, KeptLeftovers
from fleet.adapters.leftovers.worktrees import WorktreeLeftovers
from fleet.adapters.redaction import Redaction
from fleet.adapters.secrets import TmpfsSecrets
from fleet.domain.clearing import KEPT_REFS, LeftoverKind
from fleet.domain.errors import WorkspaceError
from tests.builders import HOME8, an_attempt
from tests.contract.worktrees import a_stage, finished
from tests.repos import a_commit, write

MINE = an_attempt().id
OTHERS = "app-1-1-ffffffff"
NOWHERE = Path("/nonexistent")


def folder(home, kind=LeftoverKind.PACKET, ending=""):
    parts = {LeftoverKind.TRACE: ("traces",), LeftoverKind.LOG: ("traces", "checks")}
    named = parts.get(kind, (".fleet", f"{kind}s"))
    return FolderLeftovers(home=home, home8=HOME8, kind=kind, parts=named, ending=ending)


def worktrees(stage, **fields):
    defaults = {"home": stage.home, "home8": HOME8, "git": stage.worktrees}
    projects = {stage.project.key: stage.project}
    return WorktreeLeftovers(**(defaults | {"projects": projects} | fields))


def references(sort, stage, **fields):
    fields |= {"home8": HOME8} if sort is KeptLeftovers else {}
    return sort(projects={stage.project.key: stage.project}, git=stage.worktrees, **fields)


def only(rows):
    (row,) = rows
    return row


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert folder(tmp_path).found() == ()


def test_a_packet_is_found_with_its_size_and_goes(tmp_path):
    write(tmp_path / ".fleet" / "packets" / MINE, {"packet.json": b"x" * 100_000})
    packets = folder(tmp_path)

    found = only(packets.found())
    assert (found.attempt, found.task, found.odd) == (MINE, "APP-1", "")
    assert found.bytes is not None
    assert 100_000 <= found.bytes < 200_000

    packets.remove(found)
    packets.remove(found)
    assert packets.found() == []


def test_a_trace_is_dated_by_its_last_line_and_goes_alone(tmp_path):
    write(tmp_path / "traces", {f"{MINE}.jsonl": "x", "checks/a.log": "y", "README.md": "z"})
    os.utime(tmp_path / "traces" / f"{MINE}.jsonl", (1000, 1000))
    traces = folder(tmp_path, LeftoverKind.TRACE, ".jsonl")

    found = only(traces.found())
    assert (found.at, found.bytes) == (datetime.fromtimestamp(1000, UTC), 1)

    traces.remove(found)
    assert sorted(path.name for path in (tmp_path / "traces").iterdir()) == ["README.md", "checks"]


def test_what_a_killed_writer_left_of_a_log_is_its_attempts(tmp_path):
    write(tmp_path / "traces" / "checks", {f".{MINE}-check-0123456789.log": "x"})

    found = only(folder(tmp_path, LeftoverKind.LOG, ".log").found())

    assert (found.attempt, found.odd) == (MINE, "")


@pytest.mark.parametrize(
    ("kind", "ending", "name"),
    [
        (LeftoverKind.PACKET, "", "mine"),
        (LeftoverKind.PACKET, "", OTHERS),
        (LeftoverKind.SHELF, "", "APP-1-notes"),
        (LeftoverKind.CHECKOUT, "", "notes"),
        (LeftoverKind.TRACE, ".jsonl", "notes.jsonl"),
        (LeftoverKind.LOG, ".log", f"{OTHERS}-check.log"),
    ],
)
def test_what_fleet_did_not_name_is_odd(tmp_path, kind, ending, name):
    store = folder(tmp_path, kind, ending)
    place = tmp_path.joinpath(*store.parts, name)
    write(place.parent, {name: "x"} if ending else {f"{name}/file": "x"})

    assert "by hand" in only(store.found()).odd


@pytest.mark.parametrize("ending", ["", ".jsonl"])
def test_a_link_in_the_place_of_a_leftover_is_odd_and_never_followed(tmp_path, ending):
    outside = tmp_path / "outside"
    write(outside, {"precious": "mine"})
    kind = LeftoverKind.TRACE if ending else LeftoverKind.PACKET
    store = folder(tmp_path / "home", kind, ending)
    place = (tmp_path / "home").joinpath(*store.parts)
    place.mkdir(parents=True)
    (place / f"{MINE}{ending}").symlink_to(outside / "precious" if ending else outside)

    found = only(store.found())
    assert "link" in found.odd

    store.remove(found)
    assert (outside / "precious").read_text() == "mine"


def test_a_folder_that_is_a_link_is_told_and_not_looked_into(tmp_path):
    write(tmp_path / "outside" / MINE, {"precious": "mine"})
    (tmp_path / "home" / ".fleet").mkdir(parents=True)
    (tmp_path / "home" / ".fleet" / "packets").symlink_to(tmp_path / "outside")
    packets = folder(tmp_path / "home")

    assert "link" in only(packets.found()).odd
    with pytest.raises(WorkspaceError):
        packets.remove(only(packets.found()))
    assert (tmp_path / "outside" / MINE / "precious").exists()


def test_a_shelf_is_its_tasks_whatever_an_agent_made_of_it(tmp_path):
    shelf = tmp_path / ".fleet" / "shelfs" / "APP-1" / "claude"
    deep = shelf / "/".join(["d"] * 300)
    deep.mkdir(parents=True)
    (shelf / "out").symlink_to("/etc")
    shelves = folder(tmp_path, LeftoverKind.SHELF)

    found = only(shelves.found())
    assert (found.task, found.odd) == ("APP-1", "")
    shelves.remove(found)

    assert Path("/etc/passwd").exists()
    assert not shelf.exists()


def test_secrets_are_found_without_their_contents_and_go(tmp_path):
    tmp_path.chmod(0o700)
    home = tmp_path / f"fleet-{HOME8}"
    home.mkdir(mode=0o700)
    for name in (MINE, f".{MINE}"):
        write(home / name, {"token": "s3cret"})
    secrets = TmpfsSecrets(HOME8, (tmp_path,), variables={}, redaction=Redaction())
    store = SecretLeftovers(secrets=secrets, home8=HOME8)

    found = store.found()
    assert [(row.attempt, row.bytes) for row in found] == [(MINE, None)] * 2
    for row in found:
        store.remove(row)

    assert not home.exists()


def test_a_worktree_is_found_with_whether_it_holds_work(tmp_path):
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(an_attempt()).path), {"new": "x"})
    stage.prepared(an_attempt(number=2))
    stage.worked({"made": "y"}, number=3)

    found = worktrees(stage).found()

    assert [(row.name, row.unsaved, row.odd) for row in found] == [
        (MINE, True, ""),
        (an_attempt(number=2).id, False, ""),
        (an_attempt(number=3).id, False, ""),
    ]
    assert all(row.bytes for row in found)
    assert stage.git("for-each-ref", KEPT_REFS) == ""


def test_an_orphan_worktree_goes_with_gits_record_once_its_work_is_kept(tmp_path):
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(an_attempt()).path), {"new": "x"})
    store = worktrees(stage)

    store.remove(only(store.found()))

    assert store.found() == []
    assert stage.content(f"{KEPT_REFS}{MINE}", "new") == "x"
    assert "prunable" not in stage.git("worktree", "list", "--porcelain")


@pytest.mark.parametrize("lost", ["ready", "all"])
def test_work_is_kept_though_nothing_says_any_more_what_it_was_made_from(tmp_path, lost):
    stage = a_stage(tmp_path, {"old": "1", "same": "2"})
    write(Path(stage.prepared(an_attempt()).path), {"new": "x", "old": None})
    a_commit(stage.repository, {"later": "3"})
    beside = stage.home / ".fleet" / "git" / MINE
    for path in [beside / "ready"] if lost == "ready" else sorted(beside.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store = worktrees(stage)

    assert only(store.found()).unsaved
    store.remove(only(store.found()))

    assert stage.names(f"{KEPT_REFS}{MINE}") == {"new", "same"}
    assert store.found() == []


def test_a_worktree_that_is_half_made_holds_nothing_to_keep(tmp_path):
    stage = a_stage(tmp_path, {"old": "1", "same": "2"})
    tree = Path(stage.prepared(an_attempt()).path)
    (stage.home / ".fleet" / "git" / MINE / "ready").unlink()
    (tree / "old").unlink()
    store = worktrees(stage)

    store.remove(only(store.found()))

    assert stage.git("for-each-ref", KEPT_REFS) == ""
    assert not tree.exists()


def test_gits_record_of_a_worktree_that_is_gone_is_a_leftover_too(tmp_path):
    stage = a_stage(tmp_path)
    stage.prepared(an_attempt())
    for part in ("worktrees", "git"):
        (stage.home / ".fleet" / part).rename(tmp_path / part)
    store = worktrees(stage)

    store.remove(only(store.found()))

    assert store.found() == []
    assert not (stage.repository / ".git" / "worktrees").exists()


def test_worktrees_of_the_user_and_of_other_homes_are_none_of_ours(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("worktree", "add", "--quiet", "--detach", str(tmp_path / OTHERS))
    stage.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "mine"))

    assert worktrees(stage).found() == []


@pytest.mark.parametrize("name", ["notes", OTHERS, f"{MINE}-old"])
def test_a_folder_among_the_worktrees_that_is_no_attempts_is_odd(tmp_path, name):
    stage = a_stage(tmp_path)
    write(stage.home / ".fleet" / "worktrees" / name, {"precious": "mine"})

    assert "by hand" in only(worktrees(stage).found()).odd


def test_a_worktree_in_whose_place_a_link_stands_is_odd(tmp_path):
    stage = a_stage(tmp_path)
    write(tmp_path / "outside", {"precious": "mine"})
    (stage.home / ".fleet" / "worktrees").mkdir(parents=True)
    (stage.home / ".fleet" / "worktrees" / MINE).symlink_to(tmp_path / "outside")

    assert "link" in only(worktrees(stage).found()).odd


def test_a_worktree_of_a_project_that_is_not_configured_any_more_is_odd(tmp_path):
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(an_attempt()).path), {"new": "x"})

    assert "fleet.yaml" in only(worktrees(stage, projects={}).found()).odd


def test_a_branch_says_who_holds_its_commits(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"new": "x"}).head
    store = references(BranchLeftovers, stage)
    assert only(store.found()).holder == ""

    stage.worktrees.keep(stage.project, head, name=MINE)
    assert only(store.found()).holder == f"{KEPT_REFS}{MINE}"

    stage.git("merge", "--quiet", "--ff-only", "fleet/app-1")
    assert only(store.found()).holder == "refs/heads/main"


def test_a_branch_goes_only_from_where_it_was_seen_and_never_as_the_last_copy(tmp_path):
    stage = a_stage(tmp_path)
    stage.worked({"new": "x"})
    store = references(BranchLeftovers, stage)
    seen = only(store.found())

    with pytest.raises(WorkspaceError, match="all that holds"):
        store.remove(seen)

    stage.git("merge", "--quiet", "--ff-only", "fleet/app-1")
    moved = a_commit(stage.repository, {"more": "y"})
    stage.git("update-ref", "refs/heads/fleet/app-1", moved)
    with pytest.raises(WorkspaceError, match="is not deleted"):
        store.remove(seen)

    store.remove(only(store.found()))
    assert store.found() == []


def test_a_branch_that_somebody_has_checked_out_is_left_alone(tmp_path):
    stage = a_stage(tmp_path)
    stage.worked({"new": "x"})
    stage.git("switch", "--quiet", "fleet/app-1")

    assert str(stage.repository) in only(references(BranchLeftovers, stage).found()).odd


def test_branches_that_are_no_tasks_are_nobodys(tmp_path):
    stage = a_stage(tmp_path)
    for name in ("fleet/notes", "fleet/app-1-old", "fleet/APP-1"):
        stage.git("branch", name)

    assert [row.task for row in references(BranchLeftovers, stage).found()] == ["", "", ""]


def test_what_is_kept_goes_only_from_where_it_was_seen(tmp_path):
    stage = a_stage(tmp_path)
    main = stage.git("rev-parse", "main")
    head = stage.worked({"new": "x"}).head
    for name in (MINE, f"{MINE}-before"):
        stage.worktrees.keep(stage.project, main, name=name)
    store = references(KeptLeftovers, stage)
    first, second = store.found()
    assert (first.name, first.task, first.sha) == (f"{KEPT_REFS}{MINE}", "APP-1", main)

    stage.worktrees.keep(stage.project, head, name=MINE)
    with pytest.raises(WorkspaceError, match="moved"):
        store.remove(first)

    store.remove(second)
    store.remove(second)
    assert [row.name for row in store.found()] == [first.name]


def test_a_repository_that_cannot_be_looked_into_is_told(tmp_path):
    stage = a_stage(tmp_path)
    stage.repository.rename(tmp_path / "elsewhere")

    assert "does not exist" in only(references(KeptLeftovers, stage).found()).odd
    assert worktrees(stage).found() == []


def test_the_same_repository_twice_is_looked_into_once(tmp_path):
    stage = a_stage(tmp_path)
    stage.worktrees.keep(stage.project, stage.git("rev-parse", "main"), name=MINE)
    projects = {"APP": stage.project, "WEB": stage.project}

    store = KeptLeftovers(home8=HOME8, projects=projects, git=stage.worktrees)

    assert len(store.found()) == 1


def test_finding_changes_nothing(tmp_path):
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(finished()).path), {"new": "x"})
    before = sorted(str(path) for path in tmp_path.rglob("*"))

    worktrees(stage).found()
    for sort in (BranchLeftovers, KeptLeftovers):
        references(sort, stage).found()

    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
