"""A user's repository: found without discovery, read with a git directory of fleet's own.

Two gits look at it. `store` has fleet's configuration and the repository's objects: all that
reads or writes content goes through it, so neither the user's filters nor attributes in a tree
can change a byte or start a program. `refs` is the repository itself, for its references and its
list of worktrees alone.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from fleet.adapters.git.command import Git, Owner, text
from fleet.adapters.git.files import make_folder, write
from fleet.adapters.git.remembered import Remembered
from fleet.domain.errors import WorkspaceError
from fleet.domain.profile import TARGET, TARGET_NAMES, Project

# outranks every .gitattributes: what lies in a tree is taken byte for byte, and merged as git does
# by default (`-merge` would make a conflict of any file that both sides changed)
ATTRIBUTES = b"* -text -eol -ident -filter -working-tree-encoding !merge\n"
_SHA = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64})\n")
_ALTERNATES_DEPTH = 5


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where a project's repository lies, who owns it and the two gits to look at it."""

    project: Project
    common: Path
    owner: Owner
    object_format: str
    store: Git
    refs: Git
    known: Remembered = field(default_factory=Remembered, repr=False, compare=False)

    @property
    def objects(self) -> tuple[str, ...]:
        """Answer its object folders on the host: its own and those it borrows from."""
        return tuple(str(folder) for folder in _object_folders(self.common / "objects"))

    @property
    def name(self) -> str:
        """Answer a short name no other repository has."""
        return self.store.directory.name

    @property
    def target(self) -> str:
        """Answer the full name of the target branch."""
        return f"refs/heads/{self.project.target}"

    def resolve(self, ref: str) -> str | None:
        """Answer the commit a full reference names, None when it does not exist."""
        return self._loose(ref) or (None if self._absent(ref) else self._asked(ref))

    def _loose(self, ref: str) -> str | None:
        """Answer a branch that stands in a file of its own; a process for each would cost more.

        None for all that is not that plain: git decides on packed, symbolic and missing ones.
        """
        if not ref.startswith("refs/heads/"):
            return None
        try:
            found = _SHA.fullmatch((self.common / ref).read_bytes()[:80])
        except OSError:
            return None
        return found[1].decode() if found else None

    def _absent(self, ref: str) -> bool:
        """Tell whether there is no such branch for certain, packed or not."""
        if not ref.startswith("refs/heads/") or (self.common / "reftable").exists():
            return False
        if os.path.lexists(self.common / ref):
            return False
        try:
            # git packs a branch before it deletes its file: in this order it is seen in either
            return f" {ref}\n".encode() not in (self.common / "packed-refs").read_bytes()
        except FileNotFoundError:
            return True

    def _asked(self, ref: str) -> str | None:
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
        return self.refs.run(*asked, allowed=(0, 1)).line or None

    def tip(self) -> str:
        """Answer the target's SHA; raises WorkspaceError where there is none."""
        sha = self.resolve(self.target)
        if sha is None:
            raise self._without_target()
        return sha

    def _without_target(self) -> WorkspaceError:
        listed = self.refs.line("for-each-ref", "--format=%(refname:short)", "refs/heads/")
        branches = [name for name in listed.splitlines() if not name.startswith("fleet/")]
        if not branches:
            return WorkspaceError(
                f"repository {self.project.path} is empty",
                remedy=f"make a first commit on {self.project.target!r}",
            )
        fit = [name for name in branches if TARGET.fullmatch(name)]
        return WorkspaceError(
            f"repository {self.project.path} has no branch {self.project.target!r}",
            remedy=f"set the project's target to one of: {', '.join(fit[:5])}"
            if fit
            else f"make one; a target's name is of {TARGET_NAMES}",
        )


def open_repository(project: Project, stores: Path) -> Repository:
    """Find a project's repository; `stores` holds fleet's git directories.

    Raises WorkspaceError when there is none or git cannot become its owner.
    """
    common = _common_directory(Path(project.path))
    about = common.stat()
    owner = Owner(uid=about.st_uid, gid=about.st_gid)
    if not owner.reachable():
        raise WorkspaceError(
            f"repository {project.path} belongs to uid {owner.uid}, fleet is uid {os.geteuid()}",
            remedy="start fleet as that user or as root",
        )
    name = hashlib.sha256(os.fsencode(common)).hexdigest()[:16]
    directory = stores / name
    refs = Git(directory=common, owner=owner)
    object_format = _object_format(refs, common)
    _make_store(directory, common, owner, object_format=object_format)
    store = Git(directory=directory, owner=owner)
    return Repository(
        project=project,
        common=common,
        owner=owner,
        object_format=object_format,
        store=store.having(GIT_OBJECT_DIRECTORY=str(common / "objects")),
        refs=refs,
    )


def config_of(object_format: str, *, bare: bool) -> bytes:
    """Answer the configuration of a git directory that fleet makes."""
    version = 0 if object_format == "sha1" else 1
    lines = [
        "[core]",
        f"\trepositoryformatversion = {version}",
        f"\tbare = {str(bare).lower()}",
        "\tlogAllRefUpdates = true",
    ]
    if version:
        lines += ["[extensions]", f"\tobjectFormat = {object_format}"]
    return "\n".join([*lines, ""]).encode()


def _common_directory(path: Path) -> Path:
    dot_git = path / ".git"
    if dot_git.is_dir():
        found = dot_git
    elif dot_git.is_file():
        found = _linked(dot_git)
    else:
        found = path
    if not all((found / part).exists() for part in ("HEAD", "objects", "refs")):
        what = "is no git repository" if path.is_dir() else "does not exist"
        raise WorkspaceError(
            f"{path} {what}", remedy="name the top folder of a repository, or `git init` one"
        )
    return found.resolve()


def _linked(dot_git: Path) -> Path:
    named = text(dot_git.read_bytes()).removeprefix("gitdir:").strip()
    directory = dot_git.parent / named
    common = directory / "commondir"
    if not common.is_file():
        return directory
    return directory / text(common.read_bytes()).strip()


def _object_format(refs: Git, common: Path) -> str:
    listed = refs.run("config", "--file", str(common / "config"), "--null", "--list").fields
    settings = dict(line.partition(b"\n")[::2] for line in listed)
    if b"extensions.partialclone" in settings:
        raise WorkspaceError(
            f"repository {common} is a partial clone: objects are missing",
            remedy="use a full clone",
        )
    return text(settings.get(b"extensions.objectformat", b"sha1"))


def _make_store(directory: Path, common: Path, owner: Owner, *, object_format: str) -> None:
    shallow = common / "shallow"
    if shallow.is_file():
        # history ends where the user's does
        make_folder(directory, owner)
        write(directory / "shallow", shallow.read_bytes(), owner)
    if (directory / "HEAD").is_file():
        return
    make_folder(directory, owner)
    make_folder(directory / "refs", owner)
    make_folder(directory / "info", owner)
    write(directory / "info" / "attributes", ATTRIBUTES, owner)
    write(directory / "config", config_of(object_format, bare=True), owner)
    # last: a store without HEAD is half-made
    write(directory / "HEAD", b"ref: refs/heads/none\n", owner)


def _object_folders(objects: Path, depth: int = _ALTERNATES_DEPTH) -> list[Path]:
    folders = [objects.resolve()]
    alternates = objects / "info" / "alternates"
    if depth == 0 or not alternates.is_file():
        return folders
    for line in text(alternates.read_bytes()).splitlines():
        if line and not line.startswith("#"):
            folders += _object_folders(objects / line, depth - 1)
    return list(dict.fromkeys(folders))
