"""What the SQL ledger answers of lessons."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager

import sqlalchemy as sa

from fleet.adapters.ledger import queries, reading, tables, taught
from fleet.domain.errors import NotFoundError
from fleet.domain.events import Event
from fleet.domain.lesson import Credit, Lesson, Recall, Vector
from fleet.memory_ports import Lessons

_LESSONS = sa.select(taught.lessons).order_by(taught.lessons.c.number)
_LAST = sa.select(sa.func.coalesce(sa.func.max(taught.lessons.c.number), 0))
_OF_DIGEST = sa.select(taught.lessons).where(taught.lessons.c.digest == sa.bindparam("digest"))
_CHANGED = sa.select(tables.events.c.data).where(
    tables.events.c.id > sa.bindparam("after"),
    tables.events.c.id <= sa.bindparam("latest"),
    tables.events.c.kind.startswith("lesson."),
)
_TOLD = (
    sa.select(tables.events)
    .where(
        tables.events.c.kind.startswith("lesson."),
        tables.events.c.data["lesson"].as_string() == sa.bindparam("lesson"),
    )
    .order_by(tables.events.c.id)
)
_VECTORS = sa.select(taught.embeddings.c.lesson, taught.embeddings.c["values"]).where(
    taught.embeddings.c.space == sa.bindparam("space")
)
_VECTORS_NAMED = _VECTORS.where(
    taught.embeddings.c.lesson.in_(sa.bindparam("named", expanding=True))
)
_RECALLS = sa.select(taught.recalls).order_by(
    taught.recalls.c.at, taught.recalls.c.attempt, taught.recalls.c.place
)
_CREDITS = sa.select(taught.credits_).order_by(
    taught.credits_.c.at, taught.credits_.c.attempt, taught.credits_.c.lesson
)


class SqlLessons(Lessons):
    """Reads the memory's rows; whoever inherits it knows how to read."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[sa.Connection]:
        """Answer a connection inside the block."""

    def lesson(self, lesson: str) -> Lesson:
        found = self.lessons((lesson,))
        if not found:
            raise NotFoundError(f"no lesson {lesson}", remedy="see `fleet memory list --all`")
        return found[0]

    def lessons(self, ids: Collection[str] | None = None) -> tuple[Lesson, ...]:
        if ids is None:
            with self._reading() as connection:
                return reading.values(connection, Lesson, _LESSONS)
        named = queries.named(taught.lessons, "id")
        with self._reading() as connection:
            found = [
                row
                for some in reading.portions(ids)
                for row in reading.values(connection, Lesson, named.params(named=some))
            ]
        return tuple(sorted(found, key=lambda row: row.number))

    def lesson_of(self, digest: str) -> Lesson | None:
        with self._reading() as connection:
            found = reading.values(connection, Lesson, _OF_DIGEST.params(digest=digest))
        return found[0] if found else None

    def last_lesson(self) -> int:
        with self._reading() as connection:
            return int(connection.scalar(_LAST) or 0)

    def lessons_changed(self, after: int) -> tuple[frozenset[str], int]:
        with self._reading() as connection:
            latest = int(connection.scalar(queries.LATEST_EVENT) or 0)
            if latest == after:
                return frozenset(), latest
            told = connection.scalars(_CHANGED, {"after": after, "latest": latest}).all()
        return frozenset(str(data["lesson"]) for data in told), latest

    def embeddings(self, space: str, ids: Collection[str] | None = None) -> Mapping[str, Vector]:
        with self._reading() as connection:
            return dict(_vectors(connection, space, ids))

    def recalls(self, task: str | None = None, *, lesson: str | None = None) -> tuple[Recall, ...]:
        found = _RECALLS if task is None else _RECALLS.where(taught.recalls.c.task == task)
        if lesson is not None:
            found = found.where(taught.recalls.c.lesson == lesson)
        with self._reading() as connection:
            return reading.values(connection, Recall, found)

    def lesson_events(self, lesson: str) -> tuple[Event, ...]:
        with self._reading() as connection:
            return reading.values(connection, Event, _TOLD.params(lesson=lesson))

    def credits(self, lesson: str | None = None) -> tuple[Credit, ...]:
        found = _CREDITS if lesson is None else _CREDITS.where(taught.credits_.c.lesson == lesson)
        with self._reading() as connection:
            return reading.values(connection, Credit, found)


def _vectors(
    connection: sa.Connection, space: str, ids: Collection[str] | None
) -> Iterator[tuple[str, Vector]]:
    if ids is None:
        for lesson, values in connection.execute(_VECTORS, {"space": space}):
            yield lesson, values
        return
    for some in reading.portions(ids):
        found = connection.execute(_VECTORS_NAMED, {"space": space, "named": some})
        for lesson, values in found:
            yield lesson, values
