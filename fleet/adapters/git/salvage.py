"""What a worktree holds and no commit does, kept before the worktree goes."""

from fleet.adapters.git.commits import Commit, write_commit
from fleet.adapters.git.place import Place
from fleet.adapters.git.prepare import keep_commit
from fleet.adapters.git.repository import Repository
from fleet.adapters.git.snapshot import snapshot

_MESSAGE = "WIP {name}\n\nFound in a worktree that was never collected"
_SECOND = 1_000_000_000


def salvage(repository: Repository, place: Place) -> None:
    """Keep under `refs/fleet/kept/` what differs from the base, the ignored files too.

    The caller holds the repository's lock. Nothing is done where all is in a commit already, so
    that one who comes second never stores a tree that the first one is deleting.
    """
    facts = place.ready()
    if facts is None or not place.unsaved:
        return
    taken = snapshot(repository, place, facts, skip=(), salvage=True)
    tree = taken.salvage or taken.tree
    if tree is not None:
        # dated as the worktree: the same files give the same commit, whoever is killed meanwhile
        commit = Commit(tree=tree, parents=(facts["base"],), at=place.marked_ns // _SECOND)
        sha = write_commit(repository, commit, message=_MESSAGE.format(name=place.name))
        keep_commit(repository, sha, name=place.name)
    place.mark_collected(repository.owner)
