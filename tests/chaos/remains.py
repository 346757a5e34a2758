"""What is left behind: after a night nothing is, but branches, kept refs, traces, the ledger."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.evidence import Evidence

_EMPTY = ("worktrees", "git", "checks", "packets")
_MEMORY = Path("/dev/shm")


def remains(evidence: Evidence) -> Iterator[str]:
    """Yield containers, networks, folders, refs and locks that nobody needs any more."""
    yield from (f"left: container {name}" for name in evidence.containers)
    yield from (f"left: network {name}" for name in evidence.networks)
    yield from (f"left: {path}" for path in _folders(evidence))
    yield from (f"left: ref {ref}" for ref in _refs(evidence))
    yield from _locks(evidence)
    for term in evidence.rows["terms"]:
        if not term["ended"]:
            yield f"left: the term {term['number']} of {term['holder']} has not ended"


def _folders(evidence: Evidence) -> Iterator[Path]:
    common = evidence.repository / ".git"
    for name in _EMPTY:
        yield from _entries(evidence.state / name)
    open_tasks = {row["key"] for row in evidence.rows["tasks"] if row["resolution"] is None}
    for path in _entries(evidence.state / "shelves"):
        if path.name not in open_tasks:
            yield path
    yield from _entries(common / "worktrees")
    yield from common.glob("fleet-*.new")
    yield from _entries(_MEMORY / f"fleet-{evidence.home8}")
    for folder in (common, evidence.state / "stores", evidence.state / "moves"):
        yield from folder.rglob("*.lock")


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _refs(evidence: Evidence) -> Iterator[str]:
    """Yield refs of work under way, and branches of tasks that are merged or cancelled."""
    gone = {
        f"refs/heads/fleet/{row['key'].lower()}"
        for row in evidence.rows["tasks"]
        if row["resolution"] in {"merged", "cancelled"}
    }
    for ref in evidence.git("for-each-ref", "--format=%(refname)").splitlines():
        ours = ref.startswith("refs/fleet/") and ref != "refs/fleet/home"
        if ref in gone or (ours and not ref.startswith("refs/fleet/kept/")):
            yield ref


def _locks(evidence: Evidence) -> Iterator[str]:
    for path in (evidence.state / "coordinator.lock", *(evidence.state / "locks").glob("*.lock")):
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield f"left: {path} is held"
