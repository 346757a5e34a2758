"""The model of one lesson in a file: as people write it, and as `fleet memory export` does."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from fleet.config.entry import Entry
from fleet.config.quantities import Name
from fleet.domain.lesson import Draft, LessonStatus, Origin, Provenance
from fleet.domain.task import PROJECT_KEY

# what is longer than a lesson may be is cut, and that is said; this bounds what is read at all
_LONGEST = 16_384
_MOST = 256
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def _title(value: str) -> str:
    if not value.strip():
        raise ValueError("expected a title of one line")
    return value


def _project(value: str) -> str:
    if not PROJECT_KEY.fullmatch(value.upper()):
        raise ValueError(f"expected the key of a project such as APP, found {value!r}")
    return value.upper()


def _still_said(value: LessonStatus) -> LessonStatus:
    if value is LessonStatus.FORGOTTEN:
        raise ValueError("a forgotten lesson says nothing; leave the lesson out")
    return value


def _year(value: datetime) -> datetime:
    # at both ends of the calendar there is no such moment by another clock
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}, found {value.year}")
    return value


Said = Annotated[str, StringConstraints(max_length=_LONGEST)]
Many = Annotated[tuple[Said, ...], Field(max_length=_MOST)]
Moment = Annotated[AwareDatetime, AfterValidator(_year)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class LessonEntry(Entry):
    """One lesson; only its title has to be there.

    `id`, `number`, `twins` and `updated` are those of the home it comes from: here it gets its own.
    """

    title: Annotated[Said, AfterValidator(_title)]
    problem: Said = ""
    cause: Said = ""
    remedy: Said = ""
    tags: Many = ()
    files: Many = ()
    role: Name | None = None
    project: Annotated[Said, AfterValidator(_project)] | None = None
    status: Annotated[LessonStatus, AfterValidator(_still_said)] = LessonStatus.ACTIVE
    reason: Said = ""
    origin: Origin = Origin.PERSON
    author: Said | None = None
    task: Said | None = None
    attempt: Said | None = None
    helpful: Count = 0
    harmful: Count = 0
    created: Moment | None = None
    updated: Moment | None = None
    id: Said | None = None
    number: Count | None = None
    twins: Many = ()

    @model_validator(mode="after")
    def _within_a_project(self) -> Self:
        if self.status is LessonStatus.PROBATION and self.project is None:
            raise ValueError("a lesson on probation is used in its project alone: name a 'project'")
        return self

    def draft(self) -> Draft:
        """Answer what it says."""
        return Draft(
            title=self.title,
            problem=self.problem,
            cause=self.cause,
            remedy=self.remedy,
            tags=self.tags,
            files=self.files,
        )

    def provenance(self, *, author: str) -> Provenance:
        """Answer where it comes from; `author` is whoever adds it, where the file names nobody."""
        return Provenance(
            origin=self.origin,
            author=self.author or author,
            task=self.task,
            attempt=self.attempt,
        )
