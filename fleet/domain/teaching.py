"""What an ended task taught: who is asked, what its agents propose, and how much is too much."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from fleet.domain.attempt import Attempt, State
from fleet.domain.events import Event
from fleet.domain.handoff import Handoff
from fleet.domain.lesson import Draft, Lesson, LessonStatus, Origin, Provenance, digest_of
from fleet.domain.retold import PROPOSAL, draft_of

# the event of a lesson that is not kept; none of `lesson.*`, for there is no lesson
REFUSED = "memory.refused"
MOST_OF_AN_ATTEMPT = 3
MOST_OF_A_TASK = 3
MOST_OF_A_DAY = 20
MOST_WAITING = 200

_HARD_ENDS = frozenset({State.REJECTED.value, State.SWAPPED.value})


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What an attempt would tell others, and whether its agent says so or fleet's rules."""

    draft: Draft
    attempt: Attempt
    origin: Origin

    @property
    def provenance(self) -> Provenance:
        """Answer where the lesson comes from; its author is the attempt's profile."""
        attempt = self.attempt
        return Provenance(
            origin=self.origin, author=attempt.profile, task=attempt.task, attempt=attempt.id
        )


def asked(handoff: Handoff | None) -> str:
    """Say in one line why an agent is asked for a lesson, "" where it is not.

    It takes over from one whose work was rejected, or who was swapped: what would have helped it
    helps others.
    """
    for earlier in reversed(handoff.earlier if handoff else ()):
        if earlier.state in _HARD_ENDS:
            return f"attempt {earlier.attempt} ended {earlier.state}: {earlier.why}"
    return ""


def drafts_of(events: Iterable[Event], attempts: Iterable[Attempt]) -> tuple[Taught, ...]:
    """Answer what the agents of these attempts proposed, each once, newest first.

    Of an attempt the newest few count. What they told is untrusted, and only typed here.
    """
    known = {attempt.id: attempt for attempt in attempts}
    told = [event for event in events if event.kind == PROPOSAL and event.attempt in known]
    found: dict[str, Taught] = {}
    each = Counter[str]()
    for event in reversed(told):
        attempt, draft = known[event.attempt or ""], draft_of(event.data)
        digest = digest_of(draft, None)
        if draft.title.strip() and digest not in found and each[attempt.id] < MOST_OF_AN_ATTEMPT:
            each[attempt.id] += 1
            found[digest] = Taught(draft=draft, attempt=attempt, origin=Origin.AGENT)
    return tuple(found.values())


def against(
    taught: Taught, status: LessonStatus, lessons: Collection[Lesson], *, at: datetime
) -> str:
    """Say which limit keeps one more lesson of that status out, "" where none does.

    Whatever became of the lessons that were kept: who has one forgotten gains no room that day.
    """
    made = [lesson for lesson in lessons if lesson.origin is not Origin.PERSON]
    task, author = taught.attempt.task, taught.attempt.profile
    if sum(lesson.task == task for lesson in made) >= MOST_OF_A_TASK:
        return f"{task} has {MOST_OF_A_TASK} lessons already"
    day = at.astimezone(UTC).date()
    today = (x for x in made if x.author == author and x.created.astimezone(UTC).date() == day)
    if sum(1 for _ in today) >= MOST_OF_A_DAY:
        return f"profile {author} has {MOST_OF_A_DAY} lessons of today already"
    waiting = sum(lesson.status is LessonStatus.PROPOSED for lesson in lessons)
    if status is LessonStatus.PROPOSED and waiting >= MOST_WAITING:
        return f"{waiting} proposals wait already: see `fleet memory list --status proposed`"
    return ""
