"""The memory's bundle, and the index of lessons as far as it agrees with the ledger."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock

from fleet.domain.errors import EmbeddingError, IndexDamagedError
from fleet.domain.lesson import Embedding, Lesson, MemoryRules, Vector
from fleet.memory_ports import WHOLE, Embedder, Entry, Gap, Hit, LessonIndex, Told
from fleet.ports import Append, Clock, Fence, Ledger, Write

log = logging.getLogger(__name__)

_BATCH = 64  # texts that are embedded before they are written down
_PATIENCE = 10.0  # seconds


class Finder:
    """Finds near lessons; what other processes write is taken over before each search.

    All of the index can be made again from the ledger: where it is damaged, that is done and said.
    Safe to use from many threads.
    """

    def __init__(self, ledger: Ledger, embedder: Embedder, index: LessonIndex) -> None:
        self._ledger = ledger
        self._embedder = embedder
        self._index = index
        self._lock = RLock()
        self._space = ""
        self._known = 0  # the newest event whose change of a lesson is in the index
        self._lacking: set[str] = set()

    def catch_up(self, *, most: int | None = None, told: Told = log.info) -> int:
        """Embed what has no vector yet, `most` lessons at most, and bring the index up to date.

        Answers how many lessons still have none. Raises EmbeddingError.
        """
        with self._lock:
            space = self._embedder.space()
            if space != self._space:
                self._begin(space, told)
            self._follow(space)
            waiting = sorted(self._lacking)[:most]
        # others search meanwhile: a provider may be slow
        for vectors in self._embedded(space, waiting, told):
            with self._lock:
                self._put(space, self._ledger.lessons(vectors), vectors)
                self._lacking -= vectors.keys()
        return len(self._lacking)

    def nearest(self, vector: Vector, *, k: int, project: str | None) -> Sequence[Hit]:
        """Answer the nearest lessons of a project and of every one; None: of all."""
        with self._lock:
            space = self._embedder.space()
            try:
                return self._index.nearest(space, vector, k=k, project=project)
            except IndexDamagedError as error:
                self._mend(space, str(error), log.warning)
                return self._index.nearest(space, vector, k=k, project=project)

    def rebuild(self, told: Told) -> int:
        """Embed what has no vector, throw the index away and make it anew; answer how many."""
        with self._lock:
            space = self._embedder.space()
            self._look(space)
            for vectors in self._embedded(space, sorted(self._lacking), told):
                self._lacking -= vectors.keys()
            entries = wanted(self._ledger, space)
            self._index.rebuild(space, entries, told)
            self._space = space
            return len(entries)

    def close(self) -> None:
        """Give back what the index holds."""
        self._index.close()

    def _begin(self, space: str, told: Told) -> None:
        """Look whether the index holds what it should; what is wrong with it is mended."""
        make_whole(self._index, space, self._look(space), told)
        self._space = space

    def _look(self, space: str) -> dict[str, Entry]:
        """Answer what the index should hold now, and remember what has no vector."""
        self._known = self._ledger.latest_event()
        kept = {one.id for one in self._ledger.lessons() if one.kept}
        entries = wanted(self._ledger, space)
        self._lacking = kept - entries.keys()
        return entries

    def _mend(self, space: str, wrong: str, told: Told) -> None:
        told(f"the index of lessons is made anew: {wrong}")
        self._index.rebuild(space, wanted(self._ledger, space), told)

    def _follow(self, space: str) -> None:
        """Take over what changed since the last look."""
        changed, latest = self._ledger.lessons_changed(self._known)
        if changed:
            rows = self._ledger.lessons(changed)
            vectors = self._ledger.embeddings(space, changed)
            gone = {one.id for one in rows if not one.kept}
            kept = [one for one in rows if one.kept]
            self._lacking -= changed
            self._lacking |= {one.id for one in kept if one.id not in vectors}
            self._put(space, kept, vectors)
            if gone:
                self._index.drop(space, gone)
        self._known = latest

    def _embedded(
        self, space: str, waiting: Sequence[str], told: Told
    ) -> Iterator[Mapping[str, Vector]]:
        """Write down vectors of those lessons, and yield them, some at a time."""
        for start in range(0, len(waiting), _BATCH):
            rows = self._ledger.lessons(waiting[start : start + _BATCH])
            vectors = dict(
                zip(
                    (row.id for row in rows),
                    self._embedder.embed([row.embedded for row in rows]),
                    strict=True,
                )
            )
            self._ledger.commit([Append(row=row) for row in _rows(space, vectors)])
            yield vectors
            if len(waiting) > _BATCH:
                told(f"lessons embedded: {start + len(rows)} of {len(waiting)}")

    def _put(self, space: str, rows: Iterable[Lesson], vectors: Mapping[str, Vector]) -> None:
        entries = _entries(rows, vectors)
        if not entries:
            return
        try:
            self._index.put(space, entries)
        except IndexDamagedError as error:
            self._mend(space, str(error), log.warning)


def wanted(ledger: Ledger, space: str) -> dict[str, Entry]:
    """Answer what an index of that space should hold."""
    return _entries(ledger.lessons(), ledger.embeddings(space))


def make_whole(index: LessonIndex, space: str, entries: Mapping[str, Entry], told: Told) -> None:
    """Let the index hold these and no other; what is in it already stays, unless it is damaged."""
    gap = _gap(index, space, entries)
    # of an index that holds none of them nothing is worth keeping
    if gap != WHOLE and not gap.damage and len(gap.missing) < len(entries):
        told(f"the index of lessons is brought up to date: {gap.words}")
        gap = _narrowed(index, space, entries, gap=gap)
    if gap != WHOLE:
        told(f"the index of lessons is made anew: {gap.words}")
        index.rebuild(space, entries, told)


def _narrowed(index: LessonIndex, space: str, entries: Mapping[str, Entry], *, gap: Gap) -> Gap:
    """Put what is missing and drop what is extra; answer what is wrong after that."""
    try:
        index.drop(space, gap.extra)
        index.put(space, {one: entries[one] for one in entries if one in gap.missing})
    except IndexDamagedError as error:
        return Gap(damage=str(error))
    return _gap(index, space, entries)


def _gap(index: LessonIndex, space: str, entries: Mapping[str, Entry]) -> Gap:
    try:
        return index.check(space, entries)
    except IndexDamagedError as error:
        return Gap(damage=str(error))


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What lessons are found and kept with; `fence` is the coordinator's, None for others.

    `redact` takes secrets out of a text.
    """

    rules: MemoryRules
    ledger: Ledger
    clock: Clock
    embedder: Embedder
    finder: Finder
    redact: Callable[[str], str]
    fence: Fence | None = None

    def commit(self, writes: Sequence[Write]) -> None:
        """Write to the ledger behind the fence."""
        self.ledger.commit([self.fence, *writes] if self.fence else writes)

    def catch_up(self) -> None:
        """Give lessons the vectors that they lack; raises EmbeddingError where it takes too long.

        An attempt waits for it, so it takes no more than `_PATIENCE` and what was begun by then.
        """
        until = self.clock.monotonic() + _PATIENCE
        while left := self.finder.catch_up(most=_BATCH):
            if self.clock.monotonic() >= until:
                raise EmbeddingError(
                    f"{left} lessons have no vector of {self.embedder.space()} yet",
                    remedy="`fleet memory rebuild` gives them one",
                )

    def vector(self, text: str) -> Vector | None:
        """Answer the vector of a text, None where the provider does not answer: it is said."""
        try:
            (vector,) = self.embedder.embed([text])
        except EmbeddingError as error:
            log.warning("lessons are searched by words alone", extra={"reason": str(error)})
            return None
        return vector


def _rows(space: str, vectors: Mapping[str, Vector]) -> Iterable[Embedding]:
    return (Embedding(lesson=one, space=space, values=each) for one, each in vectors.items())


def _entries(rows: Iterable[Lesson], vectors: Mapping[str, Vector]) -> dict[str, Entry]:
    return {
        row.id: Entry(vector=vectors[row.id], project=row.project or "")
        for row in rows
        if row.kept and row.id in vectors
    }
