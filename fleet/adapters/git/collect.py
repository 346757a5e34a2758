"""Commit what an ended attempt left onto its branch, exactly once."""

from datetime import datetime
from functools import partial

from fleet.adapters.git.agent_commits import agent_commits
from fleet.adapters.git.commits import Commit, write_commit
from fleet.adapters.git.compare import diff, told_paths
from fleet.adapters.git.place import Place
from fleet.adapters.git.prepare import NOWHERE, keep_commit
from fleet.adapters.git.repository import Repository
from fleet.adapters.git.salvage import facts_of_work
from fleet.adapters.git.snapshot import snapshot
from fleet.domain.attempt import Attempt, Outcome
from fleet.domain.errors import WorkspaceError
from fleet.ports import Collected

_TRAILER = "Fleet-Attempt"
_LOOKED_AT = "100"


def collect(
    repository: Repository,
    place: Place,
    attempt: Attempt,
    *,
    message: str,
    skip: tuple[str, ...],
    at: datetime,
) -> Collected:
    """Snapshot the worktree and move the branch to the commit of it."""
    facts = facts_of_work(repository, place)
    if facts is None:
        return _nothing(repository, attempt)
    base, subjects = facts["base"], agent_commits(place.private)
    salvage = attempt.outcome is not Outcome.FINISHED
    taken = snapshot(repository, place, facts, skip=skip, salvage=salvage)
    head = _earlier(repository, attempt, base)
    if head is None:
        said = _said(message, subjects, attempt)
        when = place.first_collected(at, repository.owner)
        write = partial(write_commit, repository, message=said, author=f"fleet/{attempt.profile}")
        head = kept = base
        if taken.tree is not None:
            head = kept = write(Commit(tree=taken.tree, parents=(base,), at=when))
            told_paths(repository, head, taken.paths)
        if taken.salvage is not None:
            kept = write(Commit(tree=taken.salvage, parents=(head,), at=when))
        _record(repository, attempt, base=base, head=head, kept=kept)
    place.mark_collected(repository.owner)
    return Collected(
        head=head,
        diff=diff(repository, repository.tip(), head),
        ignored=taken.ignored,
        agent_commits=subjects,
        notes=taken.notes,
    )


def _nothing(repository: Repository, attempt: Attempt) -> Collected:
    """Answer for an attempt without a worktree: what its branch says already."""
    tip = repository.tip()
    standing = repository.resolve(f"refs/heads/{attempt.branch}") or attempt.base or tip
    head = (attempt.base and _earlier(repository, attempt, attempt.base)) or standing
    return Collected(head=head, diff=diff(repository, tip, head))


def _earlier(repository: Repository, attempt: Attempt, base: str) -> str | None:
    """Answer the commit an earlier call made, known by its trailer; None when there is none."""
    head = repository.resolve(f"refs/heads/{attempt.branch}")
    if head is None or head == base:
        return None
    wanted = f"--format=%H %(trailers:key={_TRAILER},valueonly,separator=%x2C)"
    told = repository.store.line("log", "--max-count", _LOOKED_AT, wanted, f"{base}..{head}")
    for line in told.splitlines():
        sha, _, name = line.partition(" ")
        if name.strip() == attempt.id:
            return sha
    return None


def _said(message: str, subjects: tuple[str, ...], attempt: Attempt) -> str:
    """Word the commit; the trailer stands last and alone, where nobody's text can forge it."""
    parts = [message.strip()]
    if subjects:
        parts.append("\n".join(("Commits of the agent:", *(f"- {one}" for one in subjects))))
    return "\n\n".join([*parts, f"{_TRAILER}: {attempt.id}"])


def _record(repository: Repository, attempt: Attempt, *, base: str, head: str, kept: str) -> None:
    """Move the references: the kept one first, the branch last, so that it says all is done."""
    ref, keep = f"refs/heads/{attempt.branch}", ""
    standing = repository.resolve(ref)
    moved = standing not in {None, base}
    if moved or kept != head:
        keep = keep_commit(repository, kept, name=attempt.id)
    if moved:
        raise WorkspaceError(
            f"branch {attempt.branch} moved to {standing} while attempt {attempt.id} was at {base}",
            remedy=f"its work is kept as {keep}: git update-ref {ref} {base}, then try again",
        )
    if standing != head:
        note = f"fleet: collect {attempt.id}"
        repository.refs.run("update-ref", "-m", note, ref, head, standing or NOWHERE)
