"""Verify: policy on the diff, then the checks in a clean container at exactly that SHA."""

from dataclasses import dataclass, replace

from fleet.app.desk import Desk
from fleet.app.stations import judging
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.binding import left_to_review
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.pending import PendingAction
from fleet.domain.plan import Verify
from fleet.domain.policy import Category, Decision, Ruling
from fleet.domain.profile import Fleet, Project
from fleet.domain.result import Verdict, VerdictStatus, diagnosis, verdict_of
from fleet.domain.reviewing import asks_review

# a question names so many files; the diff has them all
_FILES = 200
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """The branch holds nothing that the target does not."""

    attempt: str


@dataclass(frozen=True, kw_only=True)
class Ruled:
    """Policy denies the diff, or asks a human about it."""

    attempt: str
    ruling: Ruling
    patch: str


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The checks have spoken; `tip` is the target's SHA the diff was taken against.

    `risks` is what policy noticed of it, `size` the number of lines it changes.
    """

    attempt: str
    tip: str
    verdicts: tuple[Verdict, ...]
    risks: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """Neither diff nor checks could be made; a human has to look."""

    attempt: str
    reason: str


def carry_out(action: Verify, tools: Tools) -> Unchanged | Ruled | Verified:
    """Judge the diff and run the checks; raises TransientError to be tried again."""
    attempt = action.attempt
    project = tools.project(attempt.project)
    head = attempt.head or ""
    tip = tools.worktrees.tip(project)
    ruling = judging.ruling_on_branch(project, tools, base=tip, head=head)
    if not ruling.changes:
        return Unchanged(attempt=attempt.id)
    if _stops(attempt, ruling, tools):
        patch = judging.excerpt(project, tools, base=tip, head=head)
        return Ruled(attempt=attempt.id, ruling=ruling, patch=patch)
    verdicts = _checks(action, project, tools, changed=Category.CHECK_FILE in ruling.categories)
    tools.trace(attempt.id, *({"kind": "checked", **v.contract()} for v in verdicts))
    return Verified(
        attempt=attempt.id, tip=tip, verdicts=verdicts, risks=ruling.risks, size=ruling.size
    )


def _stops(attempt: Attempt, ruling: Ruling, tools: Tools) -> bool:
    """Tell whether a diff is denied, or a person has to be asked about it before it is checked."""
    if ruling.decision is not Decision.ASK:
        return ruling.decision is Decision.DENY
    approved = attempt.approved_sha == (attempt.head or "")
    return not (approved or left_to_review(tools.ledger.task(attempt.task), ruling))


def _checks(
    action: Verify, project: Project, tools: Tools, *, changed: bool
) -> tuple[Verdict, ...]:
    """Run the checks with the target's check files and, where an approved diff has its own, those.

    A human who approved with `--replace-check` wants the new check files alone.
    """
    attempt, sha = action.attempt, action.attempt.head or ""

    def checked(*, overlay: bool) -> tuple[Verdict, ...]:
        return tools.verifier.check(
            project, attempt=attempt.id, sha=sha, checks=project.checks, overlay=overlay
        )

    if not changed:
        return checked(overlay=True)
    own = checked(overlay=False)
    if action.action is not None and action.action.replace_check:
        return own
    at_target = checked(overlay=True)
    return (*(replace(v, name=f"{v.name}@target") for v in at_target), *own)


def settle(finding: Unchanged | Ruled | Verified | Impossible, desk: Desk, *, fleet: Fleet) -> None:
    """Move the attempt by what was found."""
    attempt = desk.attempt(finding.attempt)
    if attempt is None or attempt.state is not State.VERIFYING:
        return
    match finding:
        case Unchanged():
            _reject(attempt, Red.UNCHANGED, "the attempt changed nothing", desk)
        case Ruled():
            _ruled(attempt, finding, desk)
        case Impossible():
            desk.move(attempt, State.FAILED, reason=finding.reason, failure_kind="verdict_error")
        case Verified():
            _verified(attempt, finding, desk, fleet)


def _reject(attempt: Attempt, red: Red, reason: str, desk: Desk, *, diagnosis: str = "") -> None:
    desk.move(attempt, State.REJECTED, reason=reason, red=red, diagnosis=diagnosis)


def _ruled(attempt: Attempt, finding: Ruled, desk: Desk) -> None:
    ruling = finding.ruling
    data = {"rule": ruling.rule, "decision": ruling.decision.value, "risks": list(ruling.risks)}
    desk.log("policy.ruled", attempt, what=f"{ruling.rule}: {ruling.reason}", data=data)
    about = ", ".join(ruling.files[:_NAMED])
    reason = f"{ruling.reason}: {about}" if about else ruling.reason
    if ruling.decision is Decision.DENY:
        _reject(attempt, Red.POLICY, reason, desk, diagnosis=_denied(ruling))
        task = desk.task(attempt.task)
        if task is not None and Category.SECRET in {each.category for each in ruling.traits}:
            # it would still stand in the branch's history
            desk.save(replace(task, fresh=True))
        return
    action = PendingAction(
        id="",
        number=0,
        task=attempt.task,
        attempt=attempt.id,
        category="diff",
        action=reason,
        created=desk.at,
        sha=attempt.head,
        files=ruling.files[:_FILES],
        diff=finding.patch,
        risks=ruling.risks,
        rule=ruling.rule,
        dry_run=f"would verify and merge {attempt.head} with these changes",
    )
    desk.ask(attempt, action)


def _denied(ruling: Ruling) -> str:
    """Word a denial for the next attempt."""
    lines = (f"- {trait.risk}" for trait in ruling.traits[:_NAMED])
    head = f"policy denies this change by the rule {ruling.rule!r}: {ruling.reason}"
    return "\n".join((head, *lines, "Leave out what it is about."))


def _verified(attempt: Attempt, finding: Verified, desk: Desk, fleet: Fleet) -> None:
    for verdict in finding.verdicts:
        desk.append(verdict)
        what = verdict.error or f"exit code {verdict.exit_code}"
        output = diagnosis((verdict,), limit=3000)
        data = {"status": verdict.status.value, "sha": verdict.sha, "output": output}
        desk.log("check.done", attempt, what=f"{verdict.name}: {verdict.status}, {what}", data=data)
    said = diagnosis(finding.verdicts)
    match verdict_of(finding.verdicts):
        case VerdictStatus.PASSED:
            _open_pull(attempt, finding, desk, fleet)
        case VerdictStatus.FAILED:
            names = ", ".join(v.name for v in finding.verdicts if v.status is VerdictStatus.FAILED)
            _reject(attempt, Red.CHECK, f"red: {names}", desk, diagnosis=said)
        case VerdictStatus.ERROR:
            errors = [v.error or v.name for v in finding.verdicts if v.error]
            reason = f"the check could not run: {errors[0] if errors else 'no check is configured'}"
            desk.move(
                attempt,
                State.FAILED,
                reason=reason,
                failure_kind="verdict_error",
                diagnosis=said,
            )


def _open_pull(attempt: Attempt, finding: Verified, desk: Desk, fleet: Fleet) -> None:
    """Open the pull request of a verified attempt; one that asks no review is queued at once."""
    task = desk.task(attempt.task)
    if task is None:
        return
    moved = desk.move(attempt, State.VERIFIED, reason="verified", diagnosis="")
    project = fleet.projects[task.project]
    auto = not asks_review(task, attempt, project)
    pull = PullRequest(
        number=desk.next_pull(),
        task=task.key,
        project=task.project,
        attempt=attempt.id,
        branch=task.branch,
        target=project.target,
        base=finding.tip,
        head=attempt.head or "",
        title=task.title,
        created=desk.at,
        summary=attempt.summary,
        status=PullRequestStatus.QUEUED if auto else PullRequestStatus.OPEN,
        reviewers=("auto",) if auto else (),
        size=finding.size,
        risk=finding.risks,
    )
    desk.save(pull)
    desk.log("pull.opened", moved, what=f"pull request {pull.number}", data={"number": pull.number})
