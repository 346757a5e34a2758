"""Try: batches are merged aside, one on top of the other, and the last one is checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fleet.app.stations import rivals
from fleet.app.stations.found import Held, InConflict, Tried, Voided
from fleet.app.stations.judging import ruling_on
from fleet.app.tools import Tools
from fleet.domain.errors import TransientError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.policy import Decision
from fleet.domain.profile import Project
from fleet.domain.queue import flat
from fleet.domain.result import Verdict, VerdictStatus, diagnosis, verdict_of
from fleet.domain.rivals import about_conflict, about_red, in_conflict
from fleet.domain.ruling import unseen
from fleet.domain.tries import Try
from fleet.ports import Chain, Conflict, Entry

_Found = Tried | InConflict | Voided | Held


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What a batch is merged upon: the target's tip, or batches on it that have not landed."""

    project: Project
    tip: str
    base: str

    @property
    def stands(self) -> bool:
        """Tell whether it is the target itself, so that somebody may be judged by it."""
        return self.base == self.tip


def attempt(action: Try, tools: Tools) -> _Found:
    """Merge the batches aside and check the last; raises TransientError to be tried again."""
    action = _still_ahead(action, tools)
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
    return _on(_Ground(project=project, tip=tip, base=base), action, tools)


def _still_ahead(action: Try, tools: Tools) -> Try:
    """Answer the try without those ahead that have landed while it waited for its turn."""
    merged = PullRequestStatus.MERGED
    ahead = (
        tuple(p for p in batch if tools.ledger.pull_request(p.number).status is not merged)
        for batch in action.batches[:-1]
    )
    return replace(action, batches=(*filter(None, ahead), action.batches[-1]))


def _unfit(action: Try, project: Project, tools: Tools) -> InConflict | Voided | Held | None:
    """Answer what speaks against any merge into the target, or against one of these."""
    if project.target != action.target:
        said = f"it was verified for {action.target}, fleet.yaml says {project.target} now"
        return conflicting(action.batches[0][0], reason=said, diagnosis=said)
    waits = unsynced(project, tools) or tools.worktrees.target_blocked(project)
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


def unsynced(project: Project, tools: Tools) -> str | None:
    """Answer why the target is not at what the remote holds.

    A remote may be away for hours: that is a reason to be read, not a silent attempt again.
    """
    try:
        return tools.worktrees.synced(project)
    except TransientError as error:
        return str(error)


def held(action: Try, reason: str, *, verdicts: tuple[Verdict, ...] = ()) -> Held:
    """Answer that the queue waits, and why."""
    return Held(project=action.project, target=action.target, reason=reason, verdicts=verdicts)


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


def _untried(action: Try, base: str) -> Tried:
    return Tried(project=action.project, target=action.target, batches=action.numbers, base=base)


def _chained(batch: Sequence[PullRequest], project: Project, tools: Tools, *, tip: str) -> Chain:
    """Build the merges, dated as the pull requests are: built again they are the very same."""
    entries = [
        Entry(head=pull.head, message=f"Merge {pull.task}: {pull.title}", at=pull.created)
        for pull in batch
    ]
    return tools.worktrees.chained(project, tip=tip, entries=entries)


def _on(ground: _Ground, action: Try, tools: Tools) -> _Found:
    """Try the last batch up to the first that does not merge, or that nobody ruled on.

    That one is judged when its turn comes: nobody is for what may never land.
    """
    batch = action.batches[-1]
    chain = _chained(batch, ground.project, tools, tip=ground.base)
    if chain.tip is None:
        if ground.stands:
            return _in_conflict(batch[0], chain, tools, tip=ground.tip)
        return _untried(action, ground.base)
    batch = batch[: len(chain.merged)]
    unruled = _unruled(batch, chain, ground, tools)
    if unruled is None:
        return _checked(action, batch, chain, ground, tools)
    fit = [pull.number for pull in batch].index(unruled.pull)
    if fit == 0:
        return unruled if ground.stands else _untried(action, ground.base)
    chain = _chained(batch[:fit], ground.project, tools, tip=ground.base)
    return _checked(action, batch[:fit], chain, ground, tools)


def _in_conflict(pull: PullRequest, chain: Chain, tools: Tools, *, tip: str) -> InConflict:
    conflict = chain.conflict or Conflict(files=())
    others = rivals.merged_since(pull, tools, tip=tip, files=conflict.files)
    reason = in_conflict(conflict.files, others)
    said = about_conflict(f"{reason}; the target's tip was {tip}", conflict.sides, others)
    names = tuple(task.key for task in others)
    return conflicting(pull, reason=reason, diagnosis=said, others=names)


def _unruled(
    batch: Sequence[PullRequest], chain: Chain, ground: _Ground, tools: Tools
) -> InConflict | None:
    """Answer the first whose merge changes guarded files that its branch did not.

    git follows a rename that the target made meanwhile, into a protected folder for instance.
    """
    project, before = ground.project, ground.base
    whole = ruling_on(project, tools, base=before, head=chain.merged[-1].sha)
    if whole.decision is Decision.ALLOW:
        return None
    for pull, merged in zip(batch, chain.merged, strict=True):
        ruling = ruling_on(project, tools, base=before, head=merged.sha)
        seen = ruling_on(project, tools, base=pull.base, head=pull.head)
        new = unseen(ruling, seen)
        if new:
            reason = f"merging would change what nobody ruled on: {', '.join(new[:5])}"
            said = f"{reason}. The target's tip was {ground.tip}; start from it."
            return conflicting(pull, reason=reason, diagnosis=said)
        before = merged.sha
    return None


def _checked(
    action: Try, batch: Sequence[PullRequest], chain: Chain, ground: _Ground, tools: Tools
) -> Tried | Held:
    tip = chain.tip or chain.merged[-1]
    verdicts = _verdicts(batch[-1], ground.project, tools, sha=tip.sha)
    shas = (merged.sha for merged in chain.merged)
    found = replace(
        _untried(action, ground.base),
        candidate=tip,
        built=tuple(zip((pull.number for pull in batch), shas, strict=True)),
        verdicts=verdicts,
    )
    if found.status is VerdictStatus.ERROR:
        # where there is no check at all, nothing was said
        said = diagnosis(verdicts)[:300] or "no check is configured"
        return held(action, f"the check could not run: {said}", verdicts=verdicts)
    if found.status is VerdictStatus.FAILED and len(flat(found.tried)) == 1:
        return _alone_red(action, found, ground, tools)
    return found


def _verdicts(
    pull: PullRequest, project: Project, tools: Tools, *, sha: str
) -> tuple[Verdict, ...]:
    verdicts = tools.verifier.check(
        project, attempt=pull.attempt, sha=sha, checks=project.checks, overlay=False
    )
    tools.trace(pull.attempt, *({"kind": "checked", **v.contract()} for v in verdicts))
    return verdicts


def _alone_red(action: Try, found: Tried, ground: _Ground, tools: Tools) -> Tried | Held:
    """Blame nobody for a target that is red itself, or that is another by now."""
    pull, project = action.batches[-1][0], ground.project
    at_tip = _verdicts(pull, project, tools, sha=ground.base)
    # else it is lost among those of the attempt's own work
    told = (*found.verdicts, *(replace(v, name=f"{v.name}@tip") for v in at_tip))
    if verdict_of(at_tip) is not VerdictStatus.PASSED:
        said = diagnosis(at_tip, limit=300)
        where = f"{action.target} itself is not green at {ground.base[:12]}"
        reason = f"{where}: {said} (mend it there, the queue goes on by itself)"
        return replace(held(action, reason, verdicts=told), red_tip=True)
    if tools.worktrees.tip(project) != ground.tip:
        return replace(held(action, f"{action.target} moved on", verdicts=told), moved_on=True)
    others = rivals.merged_since(pull, tools, tip=ground.tip, files=())
    names = tuple(task.key for task in others)
    return replace(found, others=names, diagnosis=about_red(diagnosis(found.verdicts), others))
