"""The index of lessons that the app uses: Chroma while it can be trusted, else exact search."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import RLock

from fleet.adapters.chroma.index import opened
from fleet.adapters.exact_index import ExactIndex
from fleet.domain.errors import FleetError, IndexDamagedError
from fleet.domain.lesson import Vector
from fleet.memory_ports import WHOLE, Entry, Gap, Hit, LessonIndex, Told

log = logging.getLogger(__name__)

_WIDER = 8  # times what is asked for, so that an eighth of them may be the project's
_WIDEST = 512  # who wants more is answered sooner by comparing with each


class GuardedIndex(LessonIndex):
    """Keeps what it is given twice: near in Chroma, and exactly in memory, which always answers.

    Chroma is asked of a space only once `check` or `rebuild` found it whole; with a gap and no
    damage it only takes changes, until it is checked again. Damaged on the way it is made anew,
    once; damaged again, owned by another process, out of room or down it is left alone until the
    next change of a lesson, and that is said. No method raises for Chroma's sake. Safe to use from
    many threads.
    """

    def __init__(self, near: Callable[[], LessonIndex]) -> None:
        self._open = near
        self._near: LessonIndex | None = None
        self._exact = ExactIndex()
        self._sound: set[str] = set()  # spaces that Chroma takes changes of
        self._whole: set[str] = set()  # those of which it holds all and nothing else
        self._mended: set[str] = set()
        self._said = ""
        self._closed = False
        self._lock = RLock()

    def check(self, space: str, wanted: Mapping[str, Entry]) -> Gap:
        with self._lock:
            self._distrust(space)
            self._exact.rebuild(space, wanted, log.debug)
            if not wanted:  # nothing to find: neither loaded nor opened before the first lesson
                return WHOLE
            try:
                gap = self._chroma().check(space, wanted)
            except IndexDamagedError as error:
                gap = Gap(damage=error.message)
            except FleetError as error:
                self._leave(space, error)
                return WHOLE
            self._judge(space, gap)
            return gap

    def rebuild(self, space: str, entries: Mapping[str, Entry], told: Told) -> None:
        with self._lock:
            self._exact.rebuild(space, entries, log.debug)
            self._fill(space, told)

    def put(self, space: str, entries: Mapping[str, Entry]) -> None:
        with self._lock:
            self._exact.put(space, entries)
            self._change(space, lambda near: near.put(space, entries))

    def drop(self, space: str, ids: Collection[str]) -> None:
        with self._lock:
            self._exact.drop(space, ids)
            self._change(space, lambda near: near.drop(space, ids))

    def nearest(
        self, space: str, vector: Vector, *, k: int, project: str | None = None
    ) -> Sequence[Hit]:
        with self._lock:
            if space in self._whole:
                try:
                    return self._asked(space, vector, k=k, project=project)
                except IndexDamagedError as error:
                    self._mend(space, error)
                except FleetError as error:
                    self._leave(space, error)
            return self._exact.nearest(space, vector, k=k, project=project)

    def close(self) -> None:
        with self._lock:
            near, self._near = self._near, None
            # who still asks is in the middle of something: it is answered exactly
            self._closed = True
            self._sound.clear()
            self._whole.clear()
            if near is None:
                return
            try:
                near.close()
            except FleetError as error:
                _say("the index of lessons is not closed", str(error))

    def _asked(self, space: str, vector: Vector, *, k: int, project: str | None) -> Sequence[Hit]:
        # among 10,000 its own filter takes 15 ms, and to look at more of them less than one
        wide = k if project is None else k * _WIDER
        if wide > _WIDEST:
            return self._exact.nearest(space, vector, k=k, project=project)
        hits = self._chroma().nearest(space, vector, k=wide)
        held = self._exact.entries(space)
        _check_whole(hits, held, wide)
        fits = [
            hit
            for hit in hits
            if project in (None, held[hit.lesson].project) or not held[hit.lesson].project
        ]
        if len(fits) >= k or len(hits) == len(held):
            return fits[:k]
        # a project with few lessons among many: these are compared one by one
        return self._exact.nearest(space, vector, k=k, project=project)

    def _change(self, space: str, change: Callable[[LessonIndex], None]) -> None:
        """Bring a change to Chroma; where that was left alone it is tried again from all."""
        if space not in self._sound:
            self._fill(space, log.info)
            return
        try:
            change(self._chroma())
        except IndexDamagedError as error:
            self._mend(space, error)
        except FleetError as error:
            self._leave(space, error)

    def _mend(self, space: str, error: IndexDamagedError) -> None:
        if space in self._mended:
            self._leave(space, error)
            return
        self._mended.add(space)
        _say("the index of lessons is made anew", str(error))
        self._fill(space, log.info)

    def _fill(self, space: str, told: Told) -> None:
        """Make Chroma's part of a space anew from what is held exactly."""
        self._sound.clear()  # the folder goes, with the other spaces in it
        self._whole.clear()
        try:
            self._chroma().rebuild(space, self._exact.entries(space), told)
        except FleetError as error:
            self._leave(space, error)
            return
        self._judge(space, WHOLE)
        self._said = ""

    def _judge(self, space: str, gap: Gap) -> None:
        """Remember what a space is good for now."""
        if gap.damage:
            _say("the index of lessons is damaged", gap.damage)
            return
        self._sound.add(space)
        if gap == WHOLE:
            self._whole.add(space)

    def _distrust(self, space: str) -> None:
        self._sound.discard(space)
        self._whole.discard(space)

    def _leave(self, space: str, error: FleetError) -> None:
        self._distrust(space)
        if str(error) != self._said:
            _say("lessons are searched exactly, without their index", str(error))
        self._said = str(error)

    def _chroma(self) -> LessonIndex:
        if self._closed:
            raise FleetError("the index of lessons is closed")
        if self._near is None:
            self._near = self._open()
        return self._near


def _check_whole(hits: Sequence[Hit], held: Mapping[str, Entry], wide: int) -> None:
    """Raise IndexDamagedError where an answer is short: without its graph Chroma finds one of 100.

    It says nothing then. Nor may it answer what nobody put there.
    """
    there = min(wide, len(held))
    known = sum(hit.lesson in held for hit in hits)
    if known != there or len(hits) != there:
        raise IndexDamagedError(
            f"the index of lessons answers {known} lessons where {there} are",
            remedy="`fleet memory rebuild` makes it anew",
        )


def guarded_index(folder: Path, server: str | None, *, home8: str) -> GuardedIndex:
    """Answer the index for the process that owns a home: opened when the first lesson is there.

    `folder` is `memory/chroma` of the home, `server` a Chroma server, `host:port`, in its place.
    """
    return GuardedIndex(lambda: opened(folder, server, home8=home8))


def _say(what: str, reason: str) -> None:
    """Tell who looks after the fleet: an answer is right all the same, but something is not."""
    log.error("%s: %s", what, reason, extra={"reason": reason})
