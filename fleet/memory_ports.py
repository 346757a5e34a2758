"""What the memory asks of the world: rows of lessons, vectors, and an index over them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fleet.domain.events import Event
from fleet.domain.guidance import Guidance
from fleet.domain.lesson import Credit, Lesson, Recall, Vector
from fleet.domain.profile import Project


@runtime_checkable
class Lessons(Protocol):
    """What the ledger answers of lessons; written they are like every row."""

    def lesson(self, lesson: str) -> Lesson:
        """Answer a lesson, forgotten or not; raises NotFoundError."""
        ...

    def lessons(self, ids: Collection[str] | None = None) -> tuple[Lesson, ...]:
        """Answer all lessons, or those of them, by number; forgotten ones too."""
        ...

    def lesson_of(self, digest: str) -> Lesson | None:
        """Answer the lesson that says just that, None where there is none."""
        ...

    def last_lesson(self) -> int:
        """Answer the highest number of a lesson, 0 where there is none."""
        ...

    def lessons_changed(self, after: int) -> tuple[frozenset[str], int]:
        """Answer whose rows changed since the event of that id, and the newest event's id.

        Every change of a lesson logs an event `lesson.*` with `{"lesson": ID}` among its data.
        """
        ...

    def embeddings(self, space: str, ids: Collection[str] | None = None) -> Mapping[str, Vector]:
        """Answer the vectors of a space by lesson, of all lessons or of those."""
        ...

    def recalls(self, task: str | None = None, *, lesson: str | None = None) -> tuple[Recall, ...]:
        """Answer what was recalled, for all tasks or one, of all lessons or one, oldest first."""
        ...

    def lesson_events(self, lesson: str) -> tuple[Event, ...]:
        """Answer the events that tell what was done to a lesson, oldest first."""
        ...

    def credits(self, lesson: str | None = None) -> tuple[Credit, ...]:
        """Answer the outcomes that were counted, of all lessons or of one, oldest first."""
        ...


@runtime_checkable
class Reviewed(Protocol):
    """What people reviewed for agents to go by: constitution, bibles and skills."""

    def guidance(self, project: Project) -> Guidance:
        """Answer what the attempts of a project go by; empty where nobody wrote anything.

        Read as it was reviewed: from the target of the project that holds it, by git alone, else
        from the home's own folder without following a link. Raises ConfigError where it cannot be
        read.
        """
        ...


@runtime_checkable
class RepoMaps(Protocol):
    """Says in a few kilobytes which files and symbols a project holds."""

    def map_of(self, project: Project, sha: str, *, limit: int) -> str:
        """Answer the map of a commit, in at most `limit` bytes; "" where nothing is worth telling.

        The same tree has the same map, made once. What is in it was worded by the repository. A
        file that cannot be parsed is missing; raises FleetError where git cannot be asked.
        """
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors; EmbeddingError where the provider does not answer."""

    def space(self) -> str:
        """Answer the name of provider, model and dimension: `[a-zA-Z0-9._-]`, 3 to 200 long.

        Raises EmbeddingError where only the provider knows its dimension and does not answer.
        """
        ...

    def embed(self, texts: Sequence[str]) -> tuple[Vector, ...]:
        """Answer a vector of length one for each text, in their order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A lesson of the index and its cosine to what was asked, -1 to 1."""

    lesson: str
    cosine: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the index holds of a lesson; `project` "" is for every one."""

    vector: Vector
    project: str


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What is between an index and what it should hold, by lesson; `WHOLE` where nothing is.

    `damage` says why nothing in it is trusted. Without damage it does once what is `missing` is
    put and what is `extra` is dropped.
    """

    missing: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    damage: str = ""

    @property
    def words(self) -> str:
        """Answer what is wrong, "" where nothing is."""
        counts = ((len(self.missing), "missing"), (len(self.extra), "too many"))
        return self.damage or ", ".join(f"lessons {what}: {n}" for n, what in counts if n)


WHOLE = Gap()
Told = Callable[[str], None]


@runtime_checkable
class LessonIndex(Protocol):
    """Finds near vectors of one space; all in it can be made again from the ledger.

    Each method raises IndexDamagedError where the index cannot be trusted: `rebuild` mends it.
    """

    def check(self, space: str, wanted: Mapping[str, Entry]) -> Gap:
        """Compare the index with what it should hold; answer what is between them.

        A lesson that is there for another project is missing; one that cannot be read or found, or
        that has another vector, is damage.
        """
        ...

    def rebuild(self, space: str, entries: Mapping[str, Entry], told: Told) -> None:
        """Throw away what stands of the space and make it anew; `told` hears how far it is."""
        ...

    def put(self, space: str, entries: Mapping[str, Entry]) -> None:
        """Find or create these; one that is there is replaced."""
        ...

    def drop(self, space: str, ids: Collection[str]) -> None:
        """Remove these; fine when they are gone."""
        ...

    def nearest(
        self, space: str, vector: Vector, *, k: int, project: str | None = None
    ) -> Sequence[Hit]:
        """Answer at most `k`, nearest first, of a project and of every one; None: of all."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...
