"""An agent that attacks the coordinator's git: nothing it plants runs, nothing outside is read."""

import os
import socket
from pathlib import Path

import pytest

from fleet.adapters.git.blobs import write_blobs
from fleet.adapters.git.repository import open_repository
from tests.contract.worktrees import a_stage, files_below, finished
from tests.descriptors import open_files
from tests.repos import a_repository, git, write

_FILTERS = ("clean", "smudge", "process")
_HOOKS = (
    "pre-commit",
    "post-commit",
    "post-checkout",
    "reference-transaction",
    "post-index-change",
)
_EVERYTHING = "* filter=evil diff=evil merge=evil text eol=crlf ident\n"
_OWNER = 1000


class Canary:
    """A program that tells on whoever runs it."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "canary"
        self._sang = folder / "sang"
        folder.mkdir(mode=0o777, exist_ok=True)
        folder.chmod(0o777)
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >> {self._sang}\ncat\n')
        self.program.chmod(0o755)

    @property
    def sang(self) -> bool:
        return self._sang.exists()


def _evil_config(canary: Canary) -> str:
    program = canary.program
    filters = "".join(f"\t{kind} = {program}\n" for kind in _FILTERS)
    return (
        f"[core]\n\tfsmonitor = {program}\n\thooksPath = {program.parent}/hooks\n"
        f"\tpager = {program}\n\tsshCommand = {program}\n\talternateRefsCommand = {program}\n"
        f'[filter "evil"]\n{filters}\trequired = true\n[filter "lfs"]\n{filters}'
        f'[diff "evil"]\n\ttextconv = {program}\n\tcommand = {program}\n'
        f'[merge "evil"]\n\tdriver = {program}\n[diff]\n\texternal = {program}\n'
        f"[commit]\n\tgpgSign = true\n[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {program}\n"
    )


def _evil_git_directory(path: Path, canary: Canary) -> None:
    """Make a repository in which every git command runs the canary."""
    git(path.parent, "init", "--quiet", "--bare", str(path))
    with (path / "config").open("a") as config:
        config.write(_evil_config(canary))
    for name in _HOOKS:
        hook = path / "hooks" / name
        hook.write_bytes(canary.program.read_bytes())
        hook.chmod(0o755)


def _rounds(stage, head):
    """Do everything the coordinator would ever do with a branch."""
    worktrees, project = stage.worktrees, stage.project
    tip = worktrees.tip(project)
    worktrees.diff(project, tip, head)
    worktrees.patch(project, tip, head, limit=100_000)
    worktrees.stat(project, tip, head)
    checkout = worktrees.checkout(project, head, name="c", overlay=("README", "scripts/**"))
    merged = stage.merged(tip, head)
    stage.reverted(merged.sha, merged.sha)
    worktrees.added(project, tip, head, limit=100_000)
    worktrees.paths(project, head)
    worktrees.plant(project, "fleet/APP-9", sha=head)
    worktrees.check_out(project, head, folder=str(stage.root / f"look-{head}"))
    worktrees.advance_target(project, old=tip, new=merged.sha)
    worktrees.target_blocked(project)
    worktrees.drop_checkout(project, "c")
    worktrees.remove(project, finished().id)
    return checkout


@pytest.fixture
def canary(tmp_path):
    return Canary(tmp_path / "canary")


def test_the_canary_sings_for_a_plain_git(tmp_path, canary):
    path = a_repository(tmp_path / "plain")
    with (path / ".git/config").open("a") as config:
        config.write(_evil_config(canary))

    git(path, "status")

    assert canary.sang


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_replaced_git_file_is_not_looked_at(tmp_path, canary, kind):
    stage = a_stage(tmp_path)
    root = Path(stage.prepared(finished()).path)
    evil = tmp_path / "evil.git"
    _evil_git_directory(evil, canary)
    (root / ".git").unlink()
    if kind == "file":
        (root / ".git").write_text(f"gitdir: {evil}\n")
    else:
        evil.rename(root / ".git")
    write(root, {"work": "1", ".gitattributes": _EVERYTHING})

    head = stage.collected(finished()).head
    _rounds(stage, head)

    assert stage.names(head) == {"README", "work", ".gitattributes"}
    assert not canary.sang
    assert not root.exists()


def test_a_private_git_directory_turned_evil_is_not_asked(tmp_path, canary):
    stage = a_stage(tmp_path)
    space = stage.prepared(finished())
    private = Path(space.git_dir)
    _evil_git_directory(tmp_path / "evil.git", canary)
    (private / "config").write_text((tmp_path / "evil.git/config").read_text())
    (private / "info/attributes").write_text(_EVERYTHING)
    (private / "hooks").symlink_to(tmp_path / "evil.git/hooks")
    (private / "objects/info/alternates").write_text("/etc\n")
    (private / "index").write_bytes(b"DIRC garbage")
    write(Path(space.path), {"work": "1"})

    _rounds(stage, stage.collected(finished()).head)

    assert not canary.sang


@pytest.mark.parametrize("log", ["pipe", "link", "folder", "garbage", "linked folder", "huge"])
def test_an_odd_log_of_the_agents_commits_is_no_commit(tmp_path, log):
    stage = a_stage(tmp_path)
    logs = Path(stage.prepared(finished()).git_dir) / "logs"
    line = b"0 1 a <a> 1 +0000\tcommit: \x1b[31mred\x07 " + b"x" * 500 + b"\n"
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/HEAD").write_bytes(line)
    match log:
        case "pipe":
            os.mkfifo(logs / "HEAD")
        case "link":
            (logs / "HEAD").symlink_to(tmp_path / "outside/HEAD")
        case "folder":
            (logs / "HEAD").mkdir()
        case "garbage":
            (logs / "HEAD").write_bytes(bytes(range(256)) * 10)
        case "linked folder":
            logs.rmdir()
            logs.symlink_to(tmp_path / "outside")
        case _:
            (logs / "HEAD").write_bytes(line * 10_000)

    before = open_files()

    told = stage.collected(finished()).agent_commits

    assert open_files() <= before
    assert len(told) == (50 if log == "huge" else 0)
    assert all(subject.isprintable() and len(subject) <= 200 for subject in told)


def test_filters_the_user_configured_are_not_run_for_what_an_agent_names(tmp_path, canary):
    stage = a_stage(tmp_path, {"README": "x", "data.bin": "1"})
    with (stage.repository / ".git/config").open("a") as config:
        config.write(_evil_config(canary))
    (stage.repository / ".git/info/attributes").write_text("*.bin diff=evil merge=evil\n")
    for name in _HOOKS:
        (canary.program.parent / "hooks").mkdir(exist_ok=True)
        hook = canary.program.parent / "hooks" / name
        hook.write_bytes(canary.program.read_bytes())
        hook.chmod(0o755)
    stage.worktrees.validate(stage.project)

    collected = stage.worked(
        {"README": "y\r\n", "data.bin": "2", "big.bin": "3", ".gitattributes": _EVERYTHING}
    )
    checkout = _rounds(stage, collected.head)
    stage.worktrees.drop_branch(stage.project, "fleet/app-1", head=collected.head, keep="app-1")

    assert stage.raw(collected.head, "README") == b"y\r\n"
    assert not canary.sang
    assert not Path(checkout.path).exists()


def test_merged_attributes_do_not_run_filters_when_the_users_checkout_follows(tmp_path, canary):
    stage = a_stage(tmp_path)
    first = stage.worked({".gitattributes": "* filter=evil\n", "a.txt": "1"}).head
    tip = stage.worktrees.tip(stage.project)
    stage.git("merge", "--quiet", "--ff-only", first)
    second = stage.worked({"a.txt": "2", "README": "2"}, number=2).head
    with (stage.repository / ".git/config").open("a") as config:
        config.write(_evil_config(canary))

    why = stage.worktrees.advance_target(stage.project, old=first, new=second)

    assert "filter=evil applies to" in (why or "")
    assert stage.worktrees.tip(stage.project) == first != tip
    assert not canary.sang


def test_nested_repositories_give_their_files_and_not_their_git(tmp_path, canary):
    stage = a_stage(tmp_path)
    root = Path(stage.prepared(finished()).path)
    git(root, "init", "--quiet", "unborn")
    a_repository(root / "born", {"inside": "1"})
    with (root / "born/.git/config").open("a") as config:
        config.write(_evil_config(canary))
    _evil_git_directory(root / "bare.git", canary)
    write(root, {"unborn/file": "1", "pointing/.git": "gitdir: ../born/.git\n", "pointing/x": "1"})

    collected = stage.collected(finished())

    names = stage.names(collected.head)
    assert {"unborn/file", "born/inside", "pointing/x", "bare.git/config"} <= names
    assert not any(".git" in name.split("/") for name in names)
    assert {note.split(" ")[0] for note in collected.notes} == {
        "unborn/.git",
        "born/.git",
        "pointing/.git",
    }
    assert not canary.sang


def test_pipes_sockets_and_devices_are_named_and_left_out(tmp_path):
    stage = a_stage(tmp_path, {"file": "1"})
    root = Path(stage.prepared(finished()).path)
    (root / "file").unlink()
    os.mkfifo(root / "file")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(root)
        listener.bind("socket")
        os.chdir(here)
    write(root, {"work": "1"})

    collected = stage.collected(finished())

    assert stage.names(collected.head) == {"work"}
    assert sorted(note.split(" ")[0] for note in collected.notes) == ["file", "pipe", "socket"]


def test_links_out_of_the_worktree_are_never_followed(tmp_path):
    stage = a_stage(tmp_path, {"folder/file": "1", "plain": "1", ".gitignore": "x\n"})
    root = Path(stage.prepared(finished()).path)
    secret = tmp_path / "secret"
    write(secret, {"file": "the secret"})
    (root / "folder/file").unlink()
    (root / "folder").rmdir()
    (root / "folder").symlink_to(secret)
    (root / "plain").unlink()
    (root / "plain").symlink_to(secret / "file")
    (root / ".gitignore").unlink()
    (root / ".gitignore").symlink_to(secret / "file")
    (root / ".gitattributes").symlink_to(secret / "file")

    head = stage.collected(finished()).head
    checkout = stage.worktrees.checkout(stage.project, head, name="c", overlay=("plain",))

    assert "the secret" not in stage.git("log", "-p", "--all")
    assert stage.names(head) == {"folder", "plain", ".gitignore", ".gitattributes"}
    assert (secret / "file").read_text() == "the secret"
    assert files_below(Path(checkout.path)) == {"plain": b"1"}
    stage.worktrees.remove(stage.project, finished().id)
    stage.worktrees.drop_checkout(stage.project, "c")
    assert (secret / "file").exists()


def test_a_link_or_pipe_put_there_after_listing_is_not_opened(tmp_path):
    stage = a_stage(tmp_path)
    repository = open_repository(stage.project, tmp_path / "stores")
    write(tmp_path / "outside", {"file": "the secret"})
    tree = tmp_path / "tree"
    write(tree, {"good": "1"})
    (tree / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(tree / "pipe")

    written = write_blobs(repository, tree, [b"folder/file", b"pipe", b"good", b"gone"])

    assert written.unreadable == [b"folder/file", b"pipe", b"gone"]
    assert set(written.entries) == {b"good"}


def test_names_of_any_bytes_are_collected(tmp_path):
    names = [
        b"-rf",
        b"--exec=x",
        b"new\nline",
        b'"quoted"',
        b"tab\there",
        b"\xff\xfe",
        b" ",
        b":(top)x",
    ]
    names += [b"back\\slash", b"star*", b"#", b"!x", b"\x1b[31m"]
    stage = a_stage(tmp_path)
    root = os.fsencode(stage.prepared(finished()).path)
    for name in names:
        Path(os.fsdecode(root + b"/" + name)).write_text("x")

    collected = stage.collected(finished())
    _rounds(stage, collected.head)

    assert {os.fsencode(name) for name in stage.names(collected.head)} == {*names, b"README"}
    assert {change.path.encode().decode() for change in collected.diff} >= {"-rf", "\\xff\\xfe"}


def test_forbidden_names_are_named_and_do_not_stop_the_rest(tmp_path):
    stage = a_stage(tmp_path)
    root = Path(stage.prepared(finished()).path)
    write(root, {".GIT/config": "x", "sub/git~1/hooks/x": "x", "work": "1", "a/.g\u200cit": "x"})
    (root / ".gitmodules").symlink_to("/etc/passwd")

    collected = stage.collected(finished())

    assert stage.names(collected.head) == {"README", "work"}
    assert len(collected.notes) == 4


def test_a_deep_tree_is_collected_as_far_as_the_system_can_name_it(tmp_path):
    stage = a_stage(tmp_path)
    root = os.open(stage.prepared(finished()).path, os.O_RDONLY)
    name = "d" * 20
    for _ in range(1500):
        os.mkdir(name, dir_fd=root)
        below = os.open(name, os.O_RDONLY, dir_fd=root)
        os.close(root)
        root = below
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=root))
    os.close(root)
    write(Path(stage.prepared(finished()).path), {"work": "1"})

    collected = stage.collected(finished())

    assert stage.names(collected.head) == {"README", "work"}
    assert any("cannot be read" in note for note in collected.notes)
    stage.worktrees.remove(stage.project, finished().id)
