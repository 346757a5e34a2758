"""Chains of merges built last: each is asked for again by every try that stands on it."""

from collections.abc import Sequence
from threading import Lock

from fleet.adapters.git.compare import stands
from fleet.adapters.git.merges import chained
from fleet.adapters.git.repository import Repository
from fleet.ports import Chain, Entry

_REMEMBERED = 100


class Chains:
    """Chains by what was asked for; one whose commits a gc took away is built again."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Chain] = {}
        self._lock = Lock()

    def chained(self, repository: Repository, tip: str, entries: Sequence[Entry]) -> Chain:
        """Answer the chain, built now or before."""
        project = repository.project
        asked = (project.path, project.merge, tip, *entries)
        with self._lock:
            known = self._known.get(asked)
        if known is None or not _stands(repository, known):
            known = chained(repository, tip, entries)
            with self._lock:
                self._known[asked] = known
                for oldest in list(self._known)[:-_REMEMBERED]:
                    del self._known[oldest]
        return known


def _stands(repository: Repository, chain: Chain) -> bool:
    """Tell whether all of it is there: nothing refers to what has not landed."""
    made = (*chain.merged, *((chain.tip,) if chain.tip else ()))
    return all(stands(repository, one.sha) for one in made)
