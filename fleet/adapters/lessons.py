"""The in-memory twin of the memory: rows of lessons."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import TypeVar

from fleet.domain.errors import NotFoundError
from fleet.domain.events import Event
from fleet.domain.lesson import Credit, Embedding, Lesson, Recall, Vector
from fleet.memory_ports import Lessons

Row = TypeVar("Row")


class TwinLessons(Lessons):
    """Looks through all rows; whoever inherits it has them."""

    @abstractmethod
    def _all(self, kind: type[Row]) -> tuple[Row, ...]:
        """Answer all rows of a kind."""

    def lesson(self, lesson: str) -> Lesson:
        found = self.lessons((lesson,))
        if not found:
            raise NotFoundError(f"no lesson {lesson}", remedy="see `fleet memory list --all`")
        return found[0]

    def lessons(self, ids: Collection[str] | None = None) -> tuple[Lesson, ...]:
        found = (row for row in self._all(Lesson) if ids is None or row.id in ids)
        return tuple(sorted(found, key=lambda row: row.number))

    def lesson_of(self, digest: str) -> Lesson | None:
        return next((row for row in self._all(Lesson) if row.digest == digest), None)

    def last_lesson(self) -> int:
        return max((row.number for row in self._all(Lesson)), default=0)

    def lessons_changed(self, after: int) -> tuple[frozenset[str], int]:
        events = [event for event in self._all(Event) if event.id > after]
        told = (event for event in events if event.kind.startswith("lesson."))
        latest = max((event.id for event in events), default=after)
        return frozenset(str(event.data["lesson"]) for event in told), latest

    def embeddings(self, space: str, ids: Collection[str] | None = None) -> Mapping[str, Vector]:
        found = (row for row in self._all(Embedding) if row.space == space)
        return {row.lesson: row.values for row in found if ids is None or row.lesson in ids}

    def recalls(self, task: str | None = None, *, lesson: str | None = None) -> tuple[Recall, ...]:
        found = (
            row
            for row in self._all(Recall)
            if task in (None, row.task) and lesson in (None, row.lesson)
        )
        return tuple(sorted(found, key=lambda row: (row.at, row.attempt, row.place)))

    def lesson_events(self, lesson: str) -> tuple[Event, ...]:
        told = (event for event in self._all(Event) if event.kind.startswith("lesson."))
        found = (event for event in told if event.data.get("lesson") == lesson)
        return tuple(sorted(found, key=lambda event: event.id))

    def credits(self, lesson: str | None = None) -> tuple[Credit, ...]:
        found = (row for row in self._all(Credit) if lesson in (None, row.lesson))
        return tuple(sorted(found, key=lambda row: (row.at, row.attempt, row.lesson)))
