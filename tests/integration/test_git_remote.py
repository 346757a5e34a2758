"""A project with a remote: what stands there comes here, what lands here stands there first."""

import os
import socket
import stat
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import pytest

from fleet.adapters.git import network
from fleet.domain.errors import StaleLeaseError, TransientError, WorkspaceError
from tests.contract.worktrees import Stage, a_stage
from tests.repos import a_commit, git, write

_SECRET = "hunter2-token"


@dataclass(frozen=True)
class Shared:
    """A stage whose project has a bare remote, and a colleague with a clone of it."""

    stage: Stage
    bare: Path
    colleague: Path

    def synced(self) -> str | None:
        return self.stage.worktrees.synced(self.stage.project)

    def pushed(self, old: str, new: str) -> None:
        self.stage.worktrees.pushed(self.stage.project, old=old, new=new)

    def merge(self, files=None) -> tuple[str, str]:
        """Answer (old tip, merged tip) of an attempt's work."""
        head = self.stage.worked(files or {"work": "1"}).head
        old = self.stage.worktrees.tip(self.stage.project)
        return old, self.stage.merged(old, head).sha

    def colleague_pushes(self, files) -> str:
        git(self.colleague, "pull", "--quiet")
        sha = a_commit(self.colleague, files)
        git(self.colleague, "push", "--quiet")
        return sha

    @property
    def there(self) -> str:
        return git(self.bare, "rev-parse", "main")

    @property
    def here(self) -> str:
        return self.stage.git("rev-parse", "main")


@pytest.fixture
def shared(tmp_path) -> Shared:
    stage, bare = a_stage(tmp_path, {"a": "1"}, remote="origin"), tmp_path / "bare.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(stage.repository), str(bare))
    git(tmp_path, "clone", "--quiet", str(bare), str(tmp_path / "colleague"))
    stage.git("remote", "add", "origin", str(bare))
    return Shared(stage, bare, tmp_path / "colleague")


def _with_remote(shared: Shared, remote: str, **variables: str) -> Shared:
    stage = shared.stage
    worktrees = type(stage.worktrees)(
        stage.home, "0123abcd", stage.worktrees._clock, variables=variables
    )
    project = replace(stage.project, remote=remote)
    return replace(shared, stage=replace(stage, project=project, worktrees=worktrees))


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_project_without_a_remote_asks_nobody(shared):
    alone = replace(
        shared, stage=replace(shared.stage, project=replace(shared.stage.project, remote=None))
    )
    old, new = shared.merge()

    assert alone.synced() is None
    alone.pushed(old, new)

    assert shared.there == old


def test_what_was_pushed_elsewhere_comes_here_with_the_users_checkout(shared):
    theirs = shared.colleague_pushes({"a": "2", "b": "2"})

    assert shared.synced() is None
    assert shared.synced() is None

    assert shared.here == theirs
    assert shared.stage.git("status", "--porcelain") == ""
    assert (shared.stage.repository / "b").read_text() == "2"
    # its objects are the repository's own now
    assert shared.stage.git("fsck", "--full", "--no-dangling") == ""


def test_what_was_pushed_elsewhere_waits_for_unsaved_work(shared):
    old = shared.here
    shared.colleague_pushes({"a": "2"})
    write(shared.stage.repository, {"a": "mine"})

    assert "uncommitted changes" in (shared.synced() or "")
    assert shared.here == old


def test_a_users_own_commits_wait_for_the_user(shared):
    a_commit(shared.stage.repository, {"mine": "1"})
    a_commit(shared.stage.repository, {"mine": "2"})
    here = shared.here

    why = shared.synced() or ""

    assert "main holds 2 commits that origin/main does not" in why
    assert "git push origin main" in why
    assert shared.here == here


def test_a_target_that_went_apart_waits_for_the_user(shared):
    shared.colleague_pushes({"theirs": "1"})
    a_commit(shared.stage.repository, {"mine": "1"})

    why = shared.synced() or ""

    assert "main and origin/main went apart: 1 commit here, 1 there" in why


def test_a_branch_the_remote_does_not_have_is_for_the_user_to_make(shared):
    git(shared.bare, "update-ref", "-d", "refs/heads/main")

    assert "git push origin main" in (shared.synced() or "")


def test_a_merge_is_pushed_once(shared):
    old, new = shared.merge()

    shared.pushed(old, new)
    shared.pushed(old, new)

    assert shared.there == new
    assert shared.here == old
    # a coordinator that was killed between the two finds it there
    assert shared.synced() is None
    assert shared.here == new


def test_only_the_target_is_pushed(shared, tmp_path):
    old, new = shared.merge()
    shared.stage.git("tag", "-a", "-m", "x", "v1", new)
    config = tmp_path / "gitconfig"
    config.write_text("[push]\n\tfollowTags = true\n[remote]\n\tpushDefault = nowhere\n")
    there = _with_remote(shared, "origin", GIT_CONFIG_GLOBAL=str(config))

    there.pushed(old, new)

    assert git(shared.bare, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


@pytest.mark.parametrize("gone_back", [False, True])
def test_a_push_onto_what_moved_is_refused(shared, gone_back):
    old, new = shared.merge()
    if gone_back:
        # what the remote holds is older, so that git alone would call the push a fast-forward
        first = a_commit(shared.stage.repository, {"more": "1"})
        new = shared.stage.merged(first, shared.stage.worked({"z": "1"}, 2).head).sha
        old = first
    else:
        shared.colleague_pushes({"b": "1"})
    there = shared.there

    with pytest.raises(StaleLeaseError, match="origin/main is no longer at"):
        shared.pushed(old, new)
    assert shared.there == there


def test_a_hook_of_the_remote_is_told_in_its_own_words(shared):
    _program(
        shared.bare / "hooks/pre-receive", "echo 'only through review, \033[31mplease'; exit 1"
    )
    old, new = shared.merge()

    with pytest.raises(WorkspaceError) as refused:
        shared.pushed(old, new)

    assert "origin/main refused the push: pre-receive hook declined" in refused.value.message
    assert "only through review, [31mplease" in refused.value.message


@pytest.mark.parametrize(
    "remote",
    [
        "ext::sh -c 'touch PWNED'",
        "ext::sh -c 'touch PWNED' https://a/b",
        "--upload-pack=touch PWNED",
        "-oProxyCommand=touch PWNED:x",
        "-oProxyCommand=reboot:x",
        "fd::3",
        "git://localhost/x",
        "http://localhost/x",
        "nowhere",
        "https://a\nb/",
        "",
    ],
)
def test_an_address_that_could_start_a_program_is_refused(shared, tmp_path, remote):
    remote = remote.replace("PWNED", str(tmp_path / "pwned"))
    shared.stage.git("config", "remote.evil.url", remote)

    for named in (remote, "evil"):
        with pytest.raises(WorkspaceError, match="neither a remote of"):
            _with_remote(shared, named).synced()

    assert not (tmp_path / "pwned").exists()


def test_nothing_a_repository_configures_is_started(shared, tmp_path):
    pwned = _program(tmp_path / "evil", f'touch "{tmp_path}/pwned"')
    for hook in ("pre-push", "post-merge", "reference-transaction", "post-checkout"):
        _program(shared.stage.repository / ".git/hooks" / hook, f'touch "{tmp_path}/pwned"')
    for name, value in {
        "core.sshCommand": pwned,
        "core.fsmonitor": pwned,
        "credential.helper": pwned,
        "core.askPass": pwned,
        "core.gitProxy": pwned,
        "remote.origin.uploadpack": pwned,
        "remote.origin.receivepack": pwned,
        "remote.origin.vcs": "evil",
        "uploadpack.packObjectsHook": pwned,
        f"url.ext::{pwned} .insteadOf": str(shared.bare),
        "push.gpgSign": "true",
    }.items():
        shared.stage.git("config", name, str(value))
    old, new = shared.merge()

    assert shared.synced() is None
    shared.pushed(old, new)

    assert shared.there == new
    assert not (tmp_path / "pwned").exists()


def test_submodules_of_what_is_fetched_are_left_alone(shared, tmp_path):
    write(
        shared.colleague, {".gitmodules": f'[submodule "s"]\n\tpath = s\n\turl = {tmp_path}/gone\n'}
    )
    here = git(shared.colleague, "rev-parse", "HEAD")
    git(shared.colleague, "update-index", "--add", "--cacheinfo", f"160000,{here},s")
    git(shared.colleague, "add", ".gitmodules")
    git(shared.colleague, "commit", "--quiet", "-m", "submodule")
    git(shared.colleague, "push", "--quiet")

    assert shared.synced() is None
    assert shared.here == shared.there


def test_the_users_own_configuration_counts_but_not_for_another_protocol(shared, tmp_path):
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{shared.bare}"]\n\tinsteadOf = /short\n')
    home = {"GIT_CONFIG_GLOBAL": str(config)}
    theirs = shared.colleague_pushes({"b": "1"})

    assert _with_remote(shared, "/short", **home).synced() is None
    assert shared.here == theirs
    with pytest.raises(WorkspaceError, match="not allowed"):
        _with_remote(shared, "https://x.invalid/y", **home | _instead(tmp_path, shared)).synced()


def _instead(tmp_path, shared) -> dict[str, str]:
    config = tmp_path / "other"
    config.write_text(f'[url "{shared.bare}"]\n\tinsteadOf = https://x.invalid/y\n')
    return {"GIT_CONFIG_GLOBAL": str(config)}


def test_a_remote_that_is_away_is_tried_again_and_no_password_is_told(shared):
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = _with_remote(shared, f"https://me:{_SECRET}@127.0.0.1:{port}/x.git?token={_SECRET}")
    old, new = shared.merge()

    for ask in (away.synced, lambda: away.pushed(old, new)):
        with pytest.raises(TransientError) as refused:
            ask()
        assert "127.0.0.1" in refused.value.message
        assert _SECRET not in str(refused.value)


def test_ssh_asks_nothing_and_its_last_word_is_told(shared, tmp_path):
    ssh = _program(
        tmp_path / "bin/ssh", f'echo "$@" >> {tmp_path}/asked; echo me: no key >&2; exit 255'
    )
    away = _with_remote(shared, "git@example.invalid:x.git", GIT_SSH_COMMAND=str(ssh))

    with pytest.raises(TransientError, match="me: no key"):
        away.synced()

    assert "BatchMode=yes" in (tmp_path / "asked").read_text()


def test_ssh_reaches_the_remote(shared, tmp_path):
    run = _program(tmp_path / "through", 'for last; do :; done; exec sh -c "$last"')
    there = _with_remote(shared, f"me@host:{shared.bare}", GIT_SSH_COMMAND=str(run))
    there = _with_remote(there, f"ssh://me@host{shared.bare}", GIT_SSH_COMMAND=str(run))
    theirs = shared.colleague_pushes({"b": "1"})

    assert there.synced() is None
    assert shared.here == theirs
    old, new = shared.merge()
    there.pushed(old, new)
    assert shared.there == new


def test_a_remote_that_says_nothing_is_left_with_all_that_was_started(
    shared, tmp_path, monkeypatch
):
    # long enough for what hangs to have begun
    monkeypatch.setattr(network, "PATIENCE", 4.0)
    pid = tmp_path / "pid"
    hang = _program(tmp_path / "hang", f"echo $$ > {pid}; sleep 600")
    away = _with_remote(shared, "me@host:x", GIT_SSH_COMMAND=str(hang))
    began = time.monotonic()

    with pytest.raises(TransientError, match="no answer"):
        away.synced()

    assert time.monotonic() - began < 60
    with pytest.raises(ProcessLookupError):
        _gone(int(pid.read_text()))


def _gone(pid: int) -> None:
    for _ in range(600):
        os.kill(pid, 0)
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            raise ProcessLookupError
        Event().wait(0.05)


def test_two_addresses_to_push_to_are_one_too_many(shared):
    for address in (shared.bare, "/elsewhere"):
        shared.stage.git("config", "--add", "remote.origin.pushurl", str(address))

    with pytest.raises(WorkspaceError, match="2 addresses to push to"):
        shared.synced()


def test_a_remote_is_pushed_to_where_its_push_address_says(shared, tmp_path):
    other = tmp_path / "other.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(shared.bare), str(other))
    shared.stage.git("config", "remote.origin.pushurl", f"file://{other}")
    old, new = shared.merge()

    shared.pushed(old, new)

    assert git(other, "rev-parse", "main") == new
    assert shared.there == old
