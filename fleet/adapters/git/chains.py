"""Merges one after another, each built once: the tries of a queue begin with the same ones."""

from collections.abc import Sequence
from threading import Lock

from fleet.adapters.git.commits import stands
from fleet.adapters.git.merges import Merge, merged, squashed, standing, together
from fleet.adapters.git.repository import Repository
from fleet.domain.merge import MergeWay
from fleet.ports import Chain, Conflict, Entry

_REMEMBERED = 500

_Asked = tuple[str, MergeWay, str, Entry]


class Chains:
    """Merges by what was asked for; one that a gc took away is built again."""

    def __init__(self) -> None:
        self._known: dict[_Asked, Merge | Conflict] = {}
        self._lock = Lock()

    def chained(self, repository: Repository, tip: str, entries: Sequence[Entry]) -> Chain:
        """Build the merges of all entries on `tip`, up to the first that is in conflict."""
        beginning = on = standing(repository, tip)
        merges: list[tuple[Entry, Merge]] = []
        for entry in entries:
            found = self._merged(repository, on, entry)
            if isinstance(found, Conflict):
                return _chain(repository, beginning, merges=merges, conflict=found)
            merges.append((entry, found))
            on = found
        return _chain(repository, beginning, merges=merges)

    def _merged(self, repository: Repository, on: Merge, entry: Entry) -> Merge | Conflict:
        asked = (repository.project.path, repository.project.merge, on.sha, entry)
        with self._lock:
            known = self._known.get(asked)
        # nothing refers to a merge that has not landed
        gone = isinstance(known, Merge) and not stands(repository, known.sha)
        if known is None or gone:
            known = merged(repository, on, entry)
            with self._lock:
                self._known[asked] = known
                for oldest in list(self._known)[:-_REMEMBERED]:
                    del self._known[oldest]
        return known


def _chain(
    repository: Repository,
    on: Merge,
    *,
    merges: list[tuple[Entry, Merge]],
    conflict: Conflict | None = None,
) -> Chain:
    merged = tuple(merge.tip for _, merge in merges)
    tip = merged[-1] if merged else None
    if len(merges) > 1 and not squashed(repository):
        tip = together(repository, on, merges).tip
    return Chain(merged=merged, tip=tip, conflict=conflict)
