"""The target at the project's remote: brought here before a merge is tried, moved before ours."""

import re
from collections.abc import Mapping
from pathlib import Path

from fleet.adapters.git import target
from fleet.adapters.git.address import Address, address_of
from fleet.adapters.git.incoming import incoming
from fleet.adapters.git.network import Told, network_git, talk, unreachable
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import StaleLeaseError, TransientError, WorkspaceError

_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"),
    *("--no-write-commit-graph", "--no-show-forced-updates", "--refmap="),
)
_PUSH = (
    *("push", "--porcelain", "--no-verify", "--no-signed"),
    "--recurse-submodules=no",
)
_NO_BRANCH = "couldn't find remote ref"
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFUSED = re.compile(r"^!\t\S*\t\[(remote )?rejected\] \(?(.*?)\)?$", re.MULTILINE)
# the remote's words where somebody else's push came between
_RACED = re.compile(r"cannot lock ref|failed to update ref|incorrect old value")
_WORDS = 5
_WORDS_LENGTH = 500


def fetched(repository: Repository, variables: Mapping[str, str]) -> str | None:
    """Answer where the target stands at the remote, with its objects taken in; None: nowhere.

    Raises TransientError where the remote does not answer or lets nobody in. The caller holds the
    remote's lock.
    """
    address = address_of(repository)
    # what of it never came whole is not seen
    with incoming(repository, "remote") as store:
        git = network_git(repository, store, address.fetched, variables)
        told = talk(git, address.name, *_FETCH, "--", address.fetched, repository.target)
        if told.code != 0 and _NO_BRANCH in told.words:
            return None
        if told.code != 0:
            raise unreachable(address.name, told)
        found = _SHA.match((git.directory / "FETCH_HEAD").read_text())
    if found is None:
        raise WorkspaceError(f"remote {address.name}: git did not tell what it fetched")
    return found[0]


def brought_up(repository: Repository, moves: Path, theirs: str | None) -> str | None:
    """Move the target up to `theirs`; answer why that has to wait. The caller holds the lock.

    Only forward: what a user committed here and has not pushed is theirs to push or to move.
    """
    project, name = repository.project, address_of(repository).name
    if theirs is None:
        return (
            f"{name} has no branch {project.target} "
            f"(make it once: `git push {name} {project.target}`)"
        )
    ours = repository.tip()
    counted = repository.store.line("rev-list", "--count", "--left-right", f"{theirs}...{ours}")
    behind, ahead = (int(count) for count in counted.split())
    if ahead:
        return _apart(repository, name, ahead=ahead, behind=behind)
    if not behind:
        return None
    try:
        return target.advance(repository, moves, old=ours, new=theirs)
    except StaleLeaseError as error:
        raise TransientError(error.message, remedy="it is tried again by itself") from error


def pushed(repository: Repository, variables: Mapping[str, str], *, old: str, new: str) -> None:
    """Move the remote's target from `old` to `new`. The caller holds the remote's lock."""
    address = address_of(repository)
    git = network_git(repository, repository.store, address.pushed, variables)
    # a lease, not a forced push: `new` stands on `old`, and the remote moves from there alone
    lease = f"--force-with-lease={repository.target}:{old}"
    what = f"{new}:{repository.target}"
    told = talk(git, address.name, *_PUSH, lease, "--", address.pushed, what)
    if told.code != 0:
        raise _refused(repository, address, told, old=old)


def _refused(
    repository: Repository, address: Address, told: Told, *, old: str
) -> StaleLeaseError | TransientError | WorkspaceError:
    refused, where = _REFUSED.search(told.out), f"{address.name}/{repository.project.target}"
    if refused is None:
        return unreachable(address.name, told)
    if not refused[1]:
        return StaleLeaseError(f"{where} is no longer at {old}: {refused[2]}")
    if _RACED.search(refused[2]):
        remedy = "it is tried again by itself"
        return TransientError(f"{where} could not be moved: {refused[2]}", remedy=remedy)
    lines = [line for line in told.words.splitlines() if line.startswith("remote: ")]
    said = "; ".join(line.removeprefix("remote: ").strip() for line in lines[-_WORDS:])
    words = "".join(filter(str.isprintable, f"{refused[2]}; {said}"))[:_WORDS_LENGTH]
    return WorkspaceError(
        f"{where} refused the push: {words.strip('; ')}",
        remedy="let the user fleet runs as push there, or name another target",
    )


def _apart(repository: Repository, name: str, *, ahead: int, behind: int) -> str:
    branch = repository.project.target
    commits = f"{ahead} commit{'' if ahead == 1 else 's'}"
    if not behind:
        said = f"{branch} holds {commits} that {name}/{branch} does not"
        return f"{said} (push them: `git push {name} {branch}`, or move them to another branch)"
    said = f"{branch} and {name}/{branch} went apart: {commits} here, {behind} there"
    return f"{said} (`git pull --rebase` and push, or move yours to another branch)"
