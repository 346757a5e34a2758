"""What a worktree holds and no commit does, kept before the worktree goes."""

import re
from collections.abc import Mapping

from fleet.adapters.git.commits import Commit, stands, write_commit
from fleet.adapters.git.files import make_folder
from fleet.adapters.git.place import Place
from fleet.adapters.git.prepare import keep_commit
from fleet.adapters.git.repository import Repository
from fleet.adapters.git.snapshot import snapshot, touched

_MESSAGE = "WIP {name}\n\nFound in a worktree that was never collected"
_SECOND = 1_000_000_000
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def salvage(repository: Repository, place: Place) -> None:
    """Keep under `refs/fleet/kept/` what differs from the base, the ignored files too.

    The caller holds the repository's lock. Nothing is done where all is in a commit already, so
    that one who comes second never stores a tree that the first one is deleting.
    """
    facts = facts_of(repository, place)
    if facts is None or not place.unsaved:
        return
    tree = _tree(repository, place, facts)
    if tree is not None:
        _keep(repository, place, tree, base=facts["base"])
    place.mark_collected(repository.owner)


def salvage_unmarked(repository: Repository, place: Place) -> None:
    """Keep what lies in a worktree though no mark says any more what it was made from.

    Only for one that the ledger does not know: else it is half-made, and no agent was in it. Files
    that are missing are nothing to keep. The caller holds the repository's lock.
    """
    if not place.unmarked:
        return
    facts = _marked_anew(repository, place)
    tree, base = _tree(repository, place, facts), facts["base"]
    if tree is not None and _holds_more(repository, base, tree):
        _keep(repository, place, tree, base=base)
    place.mark_collected(repository.owner)


def facts_of(repository: Repository, place: Place) -> dict[str, str] | None:
    """Answer what a place was marked with, found out anew where the mark is torn."""
    return _marked_anew(repository, place) if place.torn else place.ready()


def facts_of_work(repository: Repository, place: Place) -> dict[str, str] | None:
    """Answer the same of a place that an agent was in: there a mark that is gone is torn too."""
    return _marked_anew(repository, place) if place.unmarked else place.ready()


def holds_work(repository: Repository, place: Place) -> bool:
    """Tell whether work may lie in a worktree that is in no commit; nothing is stored."""
    facts = place.ready()
    return facts is not None and touched(repository, place, facts)


def _marked_anew(repository: Repository, place: Place) -> dict[str, str]:
    base = _recorded(repository, place) or repository.tip()
    make_folder(place.beside, repository.owner)
    # it says nothing of how files looked: each is compared
    repository.store.over(place.tree, index=place.index).run("read-tree", base)
    facts = {"base": base, "rules": base, "branch": "", "notes": ""}
    place.mark_ready(facts, repository.owner)
    return facts


def _tree(repository: Repository, place: Place, facts: Mapping[str, str]) -> str | None:
    taken = snapshot(repository, place, facts, skip=(), salvage=True)
    return taken.salvage or taken.tree


def _keep(repository: Repository, place: Place, tree: str, *, base: str) -> None:
    # dated as the worktree: the same files give the same commit, whoever is killed meanwhile
    commit = Commit(tree=tree, parents=(base,), at=place.marked_ns // _SECOND)
    sha = write_commit(repository, commit, message=_MESSAGE.format(name=place.name))
    keep_commit(repository, sha, name=place.name)


def _holds_more(repository: Repository, base: str, tree: str) -> bool:
    """Tell whether a tree has anything that the base has not."""
    asked = ("diff-tree", "-r", "--no-renames", "--diff-filter=d", "--name-only", base, tree)
    return bool(repository.store.line(*asked))


def _recorded(repository: Repository, place: Place) -> str | None:
    """Answer the commit that git's own record of the worktree names, where it stands."""
    try:
        named = (repository.common / "worktrees" / place.name / "HEAD").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    return named if _SHA.fullmatch(named) and stands(repository, named) else None
