"""Lessons: what an attempt taught, how far it is trusted, and where it may be used."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# what a vector stands for: little-endian 32-bit floats of length one
Vector = bytes


class LessonStatus(StrEnum):
    """How far a lesson is trusted.

    `proposed` waits for a person's `memory accept`; `probation` is used within its project alone;
    `quarantined` did harm, or was put away by a person; of a `forgotten` one no text is left.
    """

    PROPOSED = "proposed"
    PROBATION = "probation"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    FORGOTTEN = "forgotten"


# told to nobody any more
AWAY = frozenset({LessonStatus.QUARANTINED, LessonStatus.FORGOTTEN})


class Origin(StrEnum):
    """Who made it: a person, an agent that was asked, or fleet's own rules from a diagnosis."""

    PERSON = "person"
    AGENT = "agent"
    RULE = "rule"


class Autosave(StrEnum):
    """What becomes of a lesson that nobody has looked at; `off`: it waits as a proposal."""

    OFF = "off"
    PROBATION = "probation"


@dataclass(frozen=True, kw_only=True)
class MemoryRules:
    """How lessons are found, kept and measured; the whole `memory:` of fleet.yaml.

    `floor` is the least score that is given to an agent, `top_k` how many at most. `held_out` is
    the share of tasks that are told no lesson although there is one: by them uplift is measured.
    `server` is `host:port` of a Chroma server in place of the embedded one. `project` names the
    project whose repository holds `memory/constitution.md`, `memory/bible/` and `memory/skills/`
    as reviewed; None: the home's own folder does. `map_bytes` bounds the repository map.
    """

    provider: str = "local"
    model: str | None = None
    base_url: str | None = None
    dimension: int | None = None
    server: str | None = None
    top_k: int = 3
    floor: float = 0.25
    autosave: Autosave = Autosave.OFF
    held_out: float = 0.1
    project: str | None = None
    map_bytes: int = 6 * 1024


UNTOUCHED = MemoryRules()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a lesson says, before or after hygiene; `files` are paths or globs of its project."""

    title: str
    problem: str = ""
    cause: str = ""
    remedy: str = ""
    tags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Answer all of it as one text: what is searched by words."""
        said = (self.title, self.problem, self.cause, self.remedy)
        return "\n".join(filter(None, (*said, " ".join(self.tags), " ".join(self.files))))

    @property
    def embedded(self) -> str:
        """Answer what its vector is made of: title and problem twice, for a task is like those.

        Files are left out: what fits is told by meaning, what is named by names.
        """
        said = (self.title, self.problem, self.cause, self.remedy, " ".join(self.tags))
        return "\n".join(filter(None, (*said, self.title, self.problem)))


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a lesson comes from: `author` is a person or a profile."""

    origin: Origin
    author: str
    task: str | None = None
    attempt: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lesson(Draft):
    """A lesson as it is kept, `L-<n>`.

    `project` and `role` None: for every one. `digest` names what it says and for which project: a
    second lesson of the same digest is the same lesson. `helpful` and `harmful` count outcomes.
    `twins` are lessons that say nearly the same. `reason` tells why it has its status.
    """

    id: str
    number: int
    digest: str
    project: str | None
    role: str | None
    status: LessonStatus
    origin: Origin
    author: str
    created: datetime
    updated: datetime
    task: str | None = None
    attempt: str | None = None
    helpful: int = 0
    harmful: int = 0
    twins: tuple[str, ...] = ()
    reason: str = ""
    version: int = 0

    @property
    def said(self) -> Draft:
        """Answer what it says, without what is known about it."""
        return Draft(
            title=self.title,
            problem=self.problem,
            cause=self.cause,
            remedy=self.remedy,
            tags=self.tags,
            files=self.files,
        )

    @property
    def kept(self) -> bool:
        """Tell whether it still says something."""
        return self.status is not LessonStatus.FORGOTTEN


@dataclass(frozen=True, kw_only=True)
class Scope:
    """For whom lessons are sought; None: whatever the project, whatever the role."""

    project: str | None = None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """A lesson's vector; `space` names provider, model and dimension: others are not comparable."""

    lesson: str
    space: str
    values: Vector


@dataclass(frozen=True, kw_only=True)
class Recall:
    """A lesson that was found for an attempt; `given` False where its task is held out.

    `place` is 1 for the best, `score` what it was chosen by.
    """

    attempt: str
    lesson: str
    task: str
    project: str
    place: int
    score: float
    given: bool
    at: datetime


class Evidence(StrEnum):
    """The outcome that speaks for or against a lesson; nobody's own vote is one."""

    VERIFIED = "verified"
    RED = "red"
    REVERTED = "reverted"

    @property
    def helpful(self) -> bool:
        """Tell whether it speaks for the lesson."""
        return self is Evidence.VERIFIED


@dataclass(frozen=True, kw_only=True)
class Credit:
    """One outcome of an attempt that was given a lesson; counted once."""

    attempt: str
    lesson: str
    evidence: Evidence
    at: datetime


def lesson_id(number: int) -> str:
    """Answer the id `L-12`."""
    return f"L-{number}"


def digest_of(draft: Draft, project: str | None) -> str:
    """Answer the SHA-256 of what it says, whatever its case and white space, and its project."""
    told = (project or "", draft.title, draft.problem, draft.cause, draft.remedy)
    plain = "\0".join(" ".join(text.casefold().split()) for text in told)
    return hashlib.sha256(plain.encode(errors="replace")).hexdigest()


def usable(lesson: Lesson, scope: Scope) -> bool:
    """Tell whether a lesson may be given to an attempt of that scope.

    On probation it is used within its own project alone; an active one without a project is for
    every one.
    """
    fits_role = lesson.role in (None, scope.role)
    match lesson.status:
        case LessonStatus.ACTIVE:
            return fits_role and lesson.project in (None, scope.project)
        case LessonStatus.PROBATION:
            return fits_role and lesson.project is not None and lesson.project == scope.project
        case LessonStatus.PROPOSED | LessonStatus.QUARANTINED | LessonStatus.FORGOTTEN:
            return False


def held_out(task: str, home8: str, *, share: float) -> bool:
    """Tell whether a task is among the share that is told no lesson; each home draws anew."""
    drawn = hashlib.sha256(f"{home8} {task}".encode()).digest()
    return int.from_bytes(drawn[:8]) < share * 2**64
