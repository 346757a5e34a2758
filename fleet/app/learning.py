"""Learning: what an ended task taught is kept, and its outcome counted; the task ends anyway."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from fleet.app import remembering
from fleet.app.crediting import credit
from fleet.app.tools import Tools
from fleet.domain.ageing import Tree, standing, tree_of
from fleet.domain.change import Diff
from fleet.domain.errors import ConfigError, FleetError, TransientError, WorkspaceError
from fleet.domain.events import Event
from fleet.domain.lesson import Autosave, Draft, Lesson, LessonStatus, Scope, digest_of
from fleet.domain.plan import Retire
from fleet.domain.profile import Project
from fleet.domain.recovery import Recovery, by_rule, recovery_of
from fleet.domain.task import Resolution
from fleet.domain.teaching import REFUSED, Taught, against, drafts_of
from fleet.ports import Log

log = logging.getLogger(__name__)

_TEACHING = frozenset({Resolution.MERGED, Resolution.FAILED})


def learn_from(action: Retire, tools: Tools) -> tuple[str, ...]:
    """Keep what an ended task taught and count its outcome; answer what of it failed.

    Done again it doubles nothing. Raises TransientError while the ledger is busy: nothing could
    end then. Any other failure costs the lesson, never the task's end.
    """
    ended = _Ended(action=action, tools=tools)
    notes = []
    for what, step in (("learnt", ended.learn), ("credited", ended.credit)):
        failed = _failure(step)
        if failed:
            log.warning("nothing learnt", extra={"task": action.task.key, "reason": failed})
            notes.append(f"not all was {what}: {failed}")
    return tuple(notes)


def _failure(step: Callable[[], None]) -> str:
    try:
        step()
    except TransientError:
        raise
    except (FleetError, OSError) as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class _Ended:
    """A task that has ended, and what is read of it when it is needed."""

    action: Retire
    tools: Tools

    def credit(self) -> None:
        action = self.action
        credit(action.task, action.attempts, action.fate, self.tools.memory)

    def learn(self) -> None:
        taught = self._taught() if self.action.fate in _TEACHING else ()
        if not taught:
            return
        kept = list(self.tools.ledger.lessons())
        for each in taught:
            self._keep(each, kept)

    def _taught(self) -> tuple[Taught, ...]:
        """Answer what the agents propose; where none did, what is seen by rule."""
        attempts = self.action.attempts
        proposed = drafts_of(self._events, attempts)
        # what was merged before a task failed was taken back: no remedy
        if proposed or self.action.fate is not Resolution.MERGED:
            return proposed
        recovery = recovery_of(attempts)
        verdicts = self.tools.ledger.verdicts(recovery.red.id) if recovery else ()
        seen = by_rule(recovery, verdicts, self._changes(recovery)) if recovery else None
        return (seen,) if seen else ()

    def _keep(self, taught: Taught, kept: list[Lesson]) -> None:
        """Keep one lesson within the limits; what was kept before counts as it stands."""
        memory, task = self.tools.memory, self.action.task
        try:
            draft = remembering.ready(taught.draft, memory).draft
        except ConfigError as error:
            self._refuse(taught, taught.draft, str(error))
            return
        status = self._status
        known = memory.ledger.lesson_of(digest_of(draft, task.project)) is not None
        why = "" if known else against(taught, status, kept, at=memory.clock.now())
        if why:
            self._refuse(taught, draft, why)
            return
        made = remembering.keep(
            replace(draft, files=self._standing(draft)),
            taught.provenance,
            scope=Scope(project=task.project, role=task.role),
            status=status,
            memory=memory,
        )
        if made.fate is remembering.Fate.ADDED:
            kept.append(made.lesson)

    def _refuse(self, taught: Taught, draft: Draft, why: str) -> None:
        """Say once why a lesson is not kept."""
        digest = digest_of(draft, self.action.task.project)
        if any(e.kind == REFUSED and e.data.get("digest") == digest for e in self._events):
            return
        event = Event(
            kind=REFUSED,
            at=self.tools.clock.now(),
            task=taught.attempt.task,
            attempt=taught.attempt.id,
            what=f"a lesson was not kept: {why}",
            data={"digest": digest},
        )
        self.tools.memory.commit([Log(event=event)])

    def _standing(self, draft: Draft) -> tuple[str, ...]:
        """Answer the files that stand in the target: by others it would fade before it is used."""
        return standing(draft.files, self._tree) if draft.files else ()

    def _changes(self, recovery: Recovery) -> Diff:
        """Answer what made it green, () where git cannot tell any more."""
        since, head = recovery.since, recovery.green.head
        if self._project is None or since is None or head is None:
            return ()
        try:
            return self.tools.worktrees.diff(self._project, since, head)
        except WorkspaceError as error:
            log.info("a change is not told", extra={"task": recovery.green.task, "why": str(error)})
            return ()

    @property
    def _status(self) -> LessonStatus:
        used = self.tools.memory.rules.autosave is Autosave.PROBATION
        return LessonStatus.PROBATION if used else LessonStatus.PROPOSED

    @property
    def _project(self) -> Project | None:
        return self.tools.fleet.projects.get(self.action.task.project)

    @cached_property
    def _events(self) -> tuple[Event, ...]:
        return self.tools.ledger.events(task=self.action.task.key)

    @cached_property
    def _tree(self) -> Tree:
        """Answer what stands in the project's target; nothing where it cannot be told any more."""
        if self._project is None:
            return tree_of(frozenset())
        worktrees = self.tools.worktrees
        try:
            return tree_of(worktrees.paths(self._project, worktrees.tip(self._project)))
        except WorkspaceError as error:
            log.info("files are not told", extra={"task": self.action.task.key, "why": str(error)})
            return tree_of(frozenset())
