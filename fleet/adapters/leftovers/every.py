"""All sorts of leftovers of a home, together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fleet.adapters.git.worktrees import GitWorktrees
from fleet.adapters.leftovers.engine import (
    ContainerLeftovers,
    ImageLeftovers,
    NetworkLeftovers,
)
from fleet.adapters.leftovers.folders import FolderLeftovers
from fleet.adapters.leftovers.memory import SecretLeftovers
from fleet.adapters.leftovers.references import BranchLeftovers, KeptLeftovers
from fleet.adapters.leftovers.worktrees import WorktreeLeftovers
from fleet.adapters.redaction import Redaction
from fleet.adapters.runtimes.engine import Connection
from fleet.adapters.secrets import TmpfsSecrets, memory_roots
from fleet.domain.clearing import Leftover, LeftoverKind
from fleet.domain.profile import Project
from fleet.ports import Clock, Leftovers


def every_leftover(
    home: Path,
    home8: str,
    projects: Mapping[str, Project],
    *,
    clock: Clock,
    variables: Mapping[str, str],
) -> tuple[Leftovers, ...]:
    """Answer all places that a home leaves something in; `variables` are fleet's environment."""
    engine = Connection()
    git = GitWorktrees(home, home8, clock, variables=variables)
    return (
        ContainerLeftovers(engine=engine, home8=home8),
        NetworkLeftovers(engine=engine, home8=home8, folder=home / ".fleet" / "proxy"),
        ImageLeftovers(engine=engine, home8=home8, projects=projects),
        SecretLeftovers(secrets=_secrets(home8, variables), home8=home8),
        WorktreeLeftovers(home=home, home8=home8, projects=projects, git=git),
        *_folders(home, home8),
        BranchLeftovers(projects=projects, git=git),
        KeptLeftovers(home8=home8, projects=projects, git=git),
    )


def kept_in(
    project: Project, home: Path, home8: str, *, clock: Clock, variables: Mapping[str, str]
) -> Sequence[Leftover]:
    """Answer what is kept in a project's repository; one row is odd where that cannot be read."""
    git = GitWorktrees(home, home8, clock, variables=variables)
    return KeptLeftovers(home8=home8, projects={project.key: project}, git=git).found()


def _secrets(home8: str, variables: Mapping[str, str]) -> TmpfsSecrets:
    roots = memory_roots(variables)
    return TmpfsSecrets(home8, roots, variables=variables, redaction=Redaction())


def _folders(home: Path, home8: str) -> tuple[Leftovers, ...]:
    kind = LeftoverKind
    folders = (
        (kind.NETWORK, (".fleet", "proxy"), ".conf"),
        (kind.CHECKOUT, (".fleet", "checks"), ""),
        (kind.PACKET, (".fleet", "packets"), ""),
        (kind.SHELF, (".fleet", "shelves"), ""),
        (kind.TRACE, ("traces",), ".jsonl"),
        (kind.LOG, ("traces", "checks"), ".log"),
    )
    return tuple(
        FolderLeftovers(home=home, home8=home8, kind=sort, parts=parts, ending=ending)
        for sort, parts, ending in folders
    )
