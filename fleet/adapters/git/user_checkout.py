"""The user's own checkouts of the target: found, and judged without running what they configure.

A checkout is updatable when it is clean and git would write its files byte for byte; else
merges into the target wait, for fleet never touches a user's unsaved work.
"""

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fleet.adapters.git.command import Git, text
from fleet.adapters.git.files import copy_index
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "index.lock": "a git command (index.lock)",
}
_REBASED = ("rebase-merge/head-name", "rebase-apply/head-name")
_NO_CONVERSION = {"unspecified", "unset"}
_HARMLESS = {"filter": _NO_CONVERSION, "ident": _NO_CONVERSION}
_HARMLESS |= {"working-tree-encoding": _NO_CONVERSION, "eol": {*_NO_CONVERSION, "lf"}}
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class UserCheckout:
    """A work tree of the user's that is on the target branch, and its git directory."""

    path: Path
    git_dir: Path

    @property
    def index(self) -> Path:
        """Answer the user's index."""
        return self.git_dir / "index"

    def git(self, repository: Repository) -> Git:
        """Answer fleet's git over the user's files and index: no filter, hook or attribute."""
        return repository.store.over(self.path, index=self.index)


def on_target(repository: Repository) -> list[UserCheckout]:
    """Answer every checkout, main or linked, whose HEAD is or will again be the target."""
    return list(_checkouts(repository))


def settings_of(repository: Repository) -> dict[str, str]:
    """Answer the configuration the user's own git would have here; nothing of it is run."""
    try:
        home = pwd.getpwuid(repository.owner.uid).pw_dir
    except KeyError:
        home = "/nonexistent"
    git = repository.refs.having(HOME=home, GIT_CONFIG_GLOBAL="", GIT_CONFIG_NOSYSTEM="")
    told = git.run("config", "--null", "--list", "--show-scope").fields
    settings = {"fleet.home": home}
    for scope, setting in zip(told[::2], told[1::2], strict=True):
        if scope != b"command":
            key, _, value = text(setting).partition("\n")
            settings[key] = value
    return settings


def conversion(settings: dict[str, str]) -> str | None:
    """Answer the setting that makes git write files other than they are stored."""
    if settings.get("core.autocrlf", "").lower() in {"true", "1", "yes", "on"}:
        return "core.autocrlf is set"
    if settings.get("core.eol", "").lower() == "crlf":
        return "core.eol is crlf"
    if settings.get("core.sparsecheckout", "").lower() in {"true", "1", "yes", "on"}:
        return "it is a sparse checkout"
    return None


def unclean(repository: Repository, checkout: UserCheckout, sha: str, *, copy: Path) -> str | None:
    """Answer why the checkout is not just `sha`; `copy` is where its index is looked at."""
    for name, what in _UNDER_WAY.items():
        if (checkout.git_dir / name).exists():
            return f"{what} is under way in {checkout.path}"
    if not checkout.path.is_dir() or not checkout.index.is_file():
        return f"the target is checked out at {checkout.path}, which is not there"
    copy_index(checkout.index, copy, repository.owner)
    try:
        names = _differing(repository.store.over(checkout.path, index=copy), sha)
    except WorkspaceError as error:
        return f"the index of {checkout.path} cannot be read: {error.message}"
    finally:
        copy.unlink()
    if not names:
        return None
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    listed = ", ".join(text(name) for name in names[:_NAMED])
    return f"uncommitted changes in {checkout.path}: {listed}{more}"


def converted(
    repository: Repository, checkout: UserCheckout, new: str, paths: list[bytes], *, copy: Path
) -> str | None:
    """Answer which of the paths git would not write byte for byte, before or after `new`.

    `check-attr` looks only: neither the old attributes nor those that come with `new` start a
    filter here.
    """
    settings = settings_of(repository)
    default = f"{settings['fleet.home']}/.config/git/attributes"
    named = settings.get("core.attributesfile", default)
    own = named.replace("~", settings["fleet.home"], 1) if named.startswith("~") else named
    ask = ("-c", f"core.attributesFile={own}", "check-attr", "-z", "--stdin")
    repository.store.having(GIT_INDEX_FILE=str(copy)).run("read-tree", new)
    given = b"".join(path + b"\0" for path in paths)
    then = repository.refs.over(checkout.path, index=copy)
    try:
        for moment in ((), ("--cached",)):
            told = then.run(*ask, *moment, *_HARMLESS, stdin=given).fields
            for path, attribute, value in zip(told[::3], told[1::3], told[2::3], strict=True):
                if text(value) not in _HARMLESS[text(attribute)]:
                    return f"{text(attribute)}={text(value)} applies to {text(path)}"
    finally:
        copy.unlink()
    return None


def _checkouts(repository: Repository) -> Iterator[UserCheckout]:
    common, wanted = repository.common, repository.target
    if wanted in _heads(common):
        settings = settings_of(repository)
        if settings.get("core.bare", "").lower() != "true":
            yield UserCheckout(path=_main_path(repository, settings), git_dir=common)
    for marker in sorted((common / "worktrees").glob("*/gitdir")):
        if wanted in _heads(marker.parent):
            linked = os.fsdecode(marker.read_bytes()).strip()
            yield UserCheckout(path=Path(marker.parent, linked).parent, git_dir=marker.parent)


def _main_path(repository: Repository, settings: dict[str, str]) -> Path:
    told = settings.get("core.worktree")
    if told is not None:
        return (repository.common / told).resolve()
    if repository.common.name == ".git":
        return repository.common.parent
    return Path(repository.project.path).resolve()


def _heads(git_dir: Path) -> set[str]:
    """Answer the branch HEAD names, and the one a rebase will come back to."""
    named = set()
    for name in ("HEAD", *_REBASED):
        file = git_dir / name
        if file.is_file():
            named.add(text(file.read_bytes()).removeprefix("ref:").strip())
    return named


def _differing(git: Git, sha: str) -> list[bytes]:
    git.run("update-index", "-q", "--refresh", "--ignore-submodules", allowed=(0, 1))
    staged = git.run("diff-index", "--cached", "-z", "--name-only", sha).fields
    return sorted({*staged, *git.run("diff-files", "-z", "--name-only").fields})
