"""Try: batches are merged aside, one on top of the other, and the last one is checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fleet.app.stations import rivals
from fleet.app.stations.judging import ruling_on
from fleet.app.tools import Tools
from fleet.domain.merge import PullRequest
from fleet.domain.plan import Try
from fleet.domain.policy import Decision
from fleet.domain.profile import Project
from fleet.domain.queue import Batches, flat
from fleet.domain.result import Verdict, VerdictStatus, diagnosis, verdict_of
from fleet.domain.rivals import about_conflict, about_red, in_conflict
from fleet.domain.ruling import unseen
from fleet.ports import Chain, Entry, MergedTip


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What the checks said of the last of some batches, merged on top of the others.

    `base` is what it stands on, `built` its pull requests with their own merge commits: fewer than
    were asked for where one is in conflict with those before it. No verdicts: it was not checked.
    Where one alone is red on a green tip, `others` are the tasks merged since it was verified, and
    `diagnosis` is what its next attempt is told.
    """

    project: str
    target: str
    batches: Batches
    base: str
    candidate: MergedTip | None = None
    built: tuple[tuple[int, str], ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    others: tuple[str, ...] = ()
    diagnosis: str = ""

    @property
    def tried(self) -> Batches:
        """Answer the batches as they were built."""
        last = tuple(number for number, _ in self.built)
        return (*self.batches[:-1], last)

    @property
    def status(self) -> VerdictStatus | None:
        """Answer what the checks said, None where it was not checked."""
        return verdict_of(self.verdicts) if self.verdicts else None


@dataclass(frozen=True, kw_only=True)
class InConflict:
    """A pull request does not merge into the target as it is now.

    `others` are the tasks it is in conflict with, `diagnosis` what the next attempt is told.
    """

    project: str
    target: str
    pull: int
    reason: str
    diagnosis: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Voided:
    """The branch is not at the commit any more that was verified and approved."""

    project: str
    target: str
    pull: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """The queue cannot move now; `moved_on` when the target's tip is another than was built on."""

    project: str
    target: str
    pulls: tuple[int, ...]
    reason: str
    moved_on: bool = False


def attempt(action: Try, tools: Tools) -> Tried | InConflict | Voided | Held:
    """Merge the batches aside and check the last; raises TransientError to be tried again."""
    project = tools.project(action.project)
    unfit = _unfit(action, project, tools)
    if unfit is not None:
        return unfit
    tip = base = tools.worktrees.tip(project)
    for batch in action.batches[:-1]:
        chain = _chained(batch, project, tools, tip=base)
        if chain.tip is None or chain.conflict is not None:
            return _untried(action, base)
        base = chain.tip.sha
    last = _chained(action.batches[-1], project, tools, tip=base)
    if last.tip is None:
        alone = base == tip
        return _in_conflict(action, last, tools, tip=tip) if alone else _untried(action, base)
    unruled = _unruled(action.batches[-1], last, project, tools, base=base)
    if unruled is not None:
        return unruled if base == tip else _untried(action, base)
    return _checked(action, last, project, tools, base=base)


def _unfit(action: Try, project: Project, tools: Tools) -> InConflict | Voided | Held | None:
    """Answer what speaks against any merge into the target, or against one of these."""
    if project.target != action.target:
        said = f"it was verified for {action.target}, fleet.yaml says {project.target} now"
        return conflicting(action.batches[0][0], reason=said, diagnosis=said)
    waits = tools.worktrees.synced(project) or tools.worktrees.target_blocked(project)
    if waits:
        return held(action, waits)
    for pull in action.batches[-1]:
        head = tools.worktrees.head(project, pull.branch)
        if head is not None and head != pull.head:
            at, verified = head[:12], pull.head[:12]
            reason = f"{pull.branch} moved to {at}, but {verified} was verified and approved"
            where = {"project": pull.project, "target": pull.target}
            return Voided(**where, pull=pull.number, reason=reason)
    return None


def held(action: Try, reason: str) -> Held:
    """Answer that the queue waits, and why."""
    return Held(
        project=action.project,
        target=action.target,
        pulls=action.numbers[-1],
        reason=reason,
    )


def _untried(action: Try, base: str) -> Tried:
    return Tried(project=action.project, target=action.target, batches=action.numbers, base=base)


def _chained(batch: Sequence[PullRequest], project: Project, tools: Tools, *, tip: str) -> Chain:
    """Build the merges, dated as the pull requests are: built again they are the very same."""
    entries = [
        Entry(head=pull.head, message=f"Merge {pull.task}: {pull.title}", at=pull.created)
        for pull in batch
    ]
    return tools.worktrees.chained(project, tip=tip, entries=entries)


def _in_conflict(action: Try, chain: Chain, tools: Tools, *, tip: str) -> InConflict:
    pull, conflict = action.batches[-1][0], chain.conflict
    files = conflict.files if conflict else ()
    others = rivals.merged_since(pull, tools, tip=tip, files=files)
    reason = in_conflict(files, others)
    said = about_conflict(reason, conflict.sides if conflict else (), others)
    names = tuple(task.key for task in others)
    return conflicting(pull, reason=reason, diagnosis=said, others=names)


def conflicting(
    pull: PullRequest, *, reason: str, diagnosis: str, others: tuple[str, ...] = ()
) -> InConflict:
    """Answer that a pull request cannot be merged as it is."""
    return InConflict(
        project=pull.project,
        target=pull.target,
        pull=pull.number,
        reason=reason,
        diagnosis=diagnosis,
        others=others,
    )


def _unruled(
    batch: Sequence[PullRequest], chain: Chain, project: Project, tools: Tools, *, base: str
) -> InConflict | None:
    """Answer the pull request whose merge changes guarded files that its branch did not.

    git follows a rename that the target made meanwhile, into a protected folder for instance.
    """
    whole = ruling_on(project, tools, base=base, head=chain.merged[-1].sha)
    if whole.decision is Decision.ALLOW:
        return None
    before = base
    for pull, merged in zip(batch, chain.merged, strict=False):
        ruling = ruling_on(project, tools, base=before, head=merged.sha)
        seen = ruling_on(project, tools, base=pull.base, head=pull.head)
        new = unseen(ruling, seen)
        if new:
            reason = f"merging would change what nobody ruled on: {', '.join(new[:5])}"
            said = f"{reason}. The target's tip was {base}; start from it."
            return conflicting(pull, reason=reason, diagnosis=said)
        before = merged.sha
    return None


def _checked(
    action: Try, chain: Chain, project: Project, tools: Tools, *, base: str
) -> Tried | Held:
    batch = action.batches[-1][: len(chain.merged)]
    found = _untried(action, base)
    if chain.tip is None:
        return found
    verdicts = _verdicts(batch[-1], project, tools, sha=chain.tip.sha)
    built = tuple(
        (pull.number, merged.sha) for pull, merged in zip(batch, chain.merged, strict=True)
    )
    found = replace(found, candidate=chain.tip, built=built, verdicts=verdicts)
    if found.status is VerdictStatus.ERROR:
        return held(action, f"the check could not run: {diagnosis(verdicts)[:300]}")
    if found.status is VerdictStatus.FAILED and len(flat(found.tried)) == 1:
        return _alone_red(action, found, project, tools)
    return found


def _verdicts(
    pull: PullRequest, project: Project, tools: Tools, *, sha: str
) -> tuple[Verdict, ...]:
    verdicts = tools.verifier.check(
        project, attempt=pull.attempt, sha=sha, checks=project.checks, overlay=False
    )
    tools.trace(pull.attempt, *({"kind": "checked", **v.contract()} for v in verdicts))
    return verdicts


def _alone_red(action: Try, found: Tried, project: Project, tools: Tools) -> Tried | Held:
    """Blame nobody for a target that is red itself: somebody else pushed to it."""
    pull = action.batches[-1][0]
    at_tip = _verdicts(pull, project, tools, sha=found.base)
    if verdict_of(at_tip) is not VerdictStatus.PASSED:
        said = diagnosis(at_tip, limit=300)
        where = f"{action.target} itself is not green at {found.base[:12]}"
        return held(action, f"{where}: {said} (mend it there, the queue goes on by itself)")
    others = rivals.merged_since(pull, tools, tip=found.base, files=())
    said = about_red(diagnosis(found.verdicts), others)
    return replace(found, others=tuple(task.key for task in others), diagnosis=said)
