"""Collect: commit what the ended container left, settle its money, give back its slot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fleet.app import health, money
from fleet.app.desk import Desk
from fleet.app.tools import Terms, Tools
from fleet.domain.attempt import Attempt, Outcome, State, end_of
from fleet.domain.budget import dollars
from fleet.domain.events import Event
from fleet.domain.pending import PendingAction
from fleet.domain.plan import Collect
from fleet.domain.reflection import LEFT_NOTHING, REFLECTED, Reflection, reflection_of
from fleet.domain.result import Usage
from fleet.domain.swap import Cause, cause_of
from fleet.domain.task import Task
from fleet.ports import Collected, Exit

_CATEGORY = 60  # characters
_LONGEST = 1e9  # seconds that a vendor can tell
_WHY = 200  # characters of the reason in a commit's message
_NOTES, _NOTE = 20, 500  # how many of its runner are told, and characters of each
_CUT = "setup left more files than its runner could list: the others are collected with the work"


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The work is committed; `exit` is None when the container had vanished.

    `asked` is the category of the approval that the agent asked for; `usage_told` says whether
    it told what it used; `resets_after` are the seconds that a vendor told until it takes calls
    again; `reflection` is what its agent left for others.
    """

    attempt: str
    exit: Exit | None
    collected: Collected
    asked: str = ""
    usage_told: bool = False
    resets_after: float | None = None
    reflection: Reflection = LEFT_NOTHING


@dataclass(frozen=True, kw_only=True)
class Hindered:
    """The work cannot be committed now; it stays where it is and is tried again."""

    attempt: str
    reason: str


def carry_out(action: Collect, exit_: Exit | None, tools: Tools) -> Gathered:
    """Commit the worktree onto the branch, once, and write down what was changed."""
    attempt = action.attempt
    project = tools.project(attempt.project)
    outcome = outcome_of(attempt, exit_)
    events = tools.ledger.events(attempt=attempt.id)
    diagnostics = _diagnostics(events)
    collected = tools.worktrees.collect(
        project,
        replace(attempt, outcome=outcome),
        message=_message(attempt, action.task, outcome, exit_),
        skip=_setup_leftovers(diagnostics),
    )
    reflection = reflection_of(diagnostics)
    left = [] if reflection.empty else [{"kind": "reflection", **reflection.fields}]
    tools.trace(attempt.id, _changed(collected), _spent(attempt), *left)
    return Gathered(
        attempt=attempt.id,
        exit=exit_,
        collected=replace(collected, notes=(*collected.notes, *_noted(diagnostics))),
        asked=_category(events),
        usage_told=isinstance(diagnostics.get("usage"), dict) or attempt.usage != Usage(),
        resets_after=_seconds(diagnostics.get("retry_after_seconds")),
        reflection=reflection,
    )


def _message(attempt: Attempt, task: Task, outcome: Outcome, exit_: Exit | None) -> str:
    """Word the commit: what will not be verified is labelled as work in progress."""
    title = f"{task.key}: {task.title}"
    if end_of(outcome, self_check_red=_advised(attempt, outcome)) is State.VERIFYING:
        return title
    why = " ".join(_reason(attempt, outcome, exit_).split())[:_WHY]
    return f"WIP {title}\n\nAttempt {attempt.number} by {attempt.profile} ended {outcome}: {why}"


def _seconds(told: object) -> float | None:
    if isinstance(told, bool) or not isinstance(told, int | float) or told < 0:
        return None
    # JSON knows numbers that no float can hold
    return float(min(told, _LONGEST))


def _diagnostics(events: Sequence[Event]) -> Mapping[str, Any]:
    """Answer what the runner's result told beside its status, empty when there was none."""
    for event in events:
        if event.kind == "agent.result":
            told = event.data.get("diagnostics")
            return told if isinstance(told, dict) else {}
    return {}


def _category(events: Sequence[Event]) -> str:
    """Answer the category of the approval the agent asked for, as the event line told."""
    for event in events:
        if event.kind == "agent.approval":
            told = event.data.get("category")
            return told[:_CATEGORY] if isinstance(told, str) and told.isprintable() else ""
    return ""


def _changed(collected: Collected) -> dict[str, Any]:
    return {
        "kind": "changed",
        "head": collected.head,
        "changes": [
            {
                "path": change.path,
                "change_type": change.change_type.value,
                "added": change.added,
                "removed": change.removed,
                "binary": change.binary,
            }
            for change in collected.diff
        ],
        "ignored": list(collected.ignored),
        "agent_commits": list(collected.agent_commits),
        "notes": list(collected.notes),
    }


def _spent(attempt: Attempt) -> dict[str, Any]:
    return {
        "kind": "spent",
        "input_tokens": attempt.usage.input_tokens,
        "cached_tokens": attempt.usage.cached_tokens,
        "output_tokens": attempt.usage.output_tokens,
        "cost_usd": dollars(attempt.usage.cost_micros),
    }


def _setup_leftovers(diagnostics: Mapping[str, Any]) -> tuple[str, ...]:
    """Answer the paths that setup left, as the runner's result told; they are not collected."""
    told = diagnostics.get("setup_untracked")
    return tuple(p for p in told if isinstance(p, str)) if isinstance(told, list) else ()


def _noted(diagnostics: Mapping[str, Any]) -> tuple[str, ...]:
    """Answer what the runner noted, such as what it ignored; redacted as all that it said."""
    told = diagnostics.get("notes")
    notes = [n for n in told if isinstance(n, str)] if isinstance(told, list) else []
    if diagnostics.get("setup_untracked_cut") is True:
        notes.insert(0, _CUT)
    return tuple("".join(c for c in n[:_NOTE] if c.isprintable()) for n in notes[:_NOTES])


def settle(finding: Gathered | Hindered, desk: Desk, terms: Terms) -> None:
    """Move to COLLECTED with the outcome, and settle the money in the same transaction.

    What the end says of the account and its vendor is written down with it.
    """
    attempt = desk.attempt(finding.attempt)
    if attempt is None or attempt.state is not State.RUNNING:
        return
    if isinstance(finding, Hindered):
        _hindered(attempt, finding.reason, desk)
        return
    outcome = outcome_of(attempt, finding.exit)
    moved = desk.move(
        attempt,
        State.COLLECTED,
        reason=_reason(attempt, outcome, finding.exit),
        outcome=outcome,
        cause=_cause(attempt, outcome, finding.exit),
        head=finding.collected.head,
        self_check_red=_advised(attempt, outcome),
        failure_kind=_kind(attempt, finding.exit),
    )
    for note in finding.collected.notes:
        desk.log("attempt.note", moved, what=note)
    if not finding.reflection.empty:
        desk.log(REFLECTED, moved, data=finding.reflection.fields)
    money.settle_attempt(moved, desk, terms, told=finding.usage_told)
    health.note(moved, desk, fleet=terms.fleet, resets_after=finding.resets_after)
    if outcome is Outcome.PAUSED:
        _ask(moved, finding.asked or "agent", desk)


def _hindered(attempt: Attempt, reason: str, desk: Desk) -> None:
    """Say once why the work is not committed yet."""
    said = f"its work cannot be committed: {reason}"
    if attempt.hindered != said:
        desk.save(replace(attempt, hindered=said))
        desk.log("attempt.hindered", attempt, what=said)


def outcome_of(attempt: Attempt, exit_: Exit | None) -> Outcome:
    """Decide why the attempt stopped running; what was stopped is never a success."""
    if attempt.stopping is not None:
        return attempt.stopping
    if exit_ is None:
        return Outcome.LOST
    if attempt.failure_kind == "none" and exit_.code == 0:
        return Outcome.FINISHED
    if attempt.failure_kind == "approval_required":
        return Outcome.PAUSED
    return Outcome.FAILED if cause_of(_kind(attempt, exit_)) is None else Outcome.SWAP


def _cause(attempt: Attempt, outcome: Outcome, exit_: Exit | None) -> Cause | None:
    """Answer why it is swapped: what it was stopped for, else what its runner told."""
    if outcome is not Outcome.SWAP:
        return None
    return attempt.cause or cause_of(_kind(attempt, exit_))


def _advised(attempt: Attempt, outcome: Outcome) -> bool:
    """Tell whether only its own check, or the end of its turns, speaks against the work."""
    return attempt.self_check_red and outcome is Outcome.FAILED


def _kind(attempt: Attempt, exit_: Exit | None) -> str:
    if exit_ is not None and exit_.out_of_memory and attempt.failure_kind != "none":
        return "oom"
    if attempt.failure_kind == "none" and exit_ is not None and exit_.code != 0:
        return "crash"
    return attempt.failure_kind or "crash"


def _reason(attempt: Attempt, outcome: Outcome, exit_: Exit | None) -> str:
    return attempt.reason if attempt.stopping else _told_reason(attempt, outcome, exit_)


def _told_reason(attempt: Attempt, outcome: Outcome, exit_: Exit | None) -> str:
    match outcome:
        case Outcome.FINISHED:
            return "the agent finished"
        case Outcome.LOST:
            return "the container vanished"
        case Outcome.PAUSED:
            return attempt.diagnosis or "the agent asked for an approval"
        case Outcome.FAILED | Outcome.SWAP:
            code = exit_.code if exit_ else "unknown"
            said = attempt.diagnosis or f"no result, exit code {code}"
            return f"{_kind(attempt, exit_)}: {said}"
        case Outcome.CANCELLED:
            return attempt.reason


def _ask(attempt: Attempt, category: str, desk: Desk) -> None:
    """Turn the agent's own request into a pending action for a human."""
    action = PendingAction(
        id="",
        number=0,
        task=attempt.task,
        attempt=attempt.id,
        category=category,
        action=attempt.reason,
        rule="request_approval",
        created=desk.at,
    )
    desk.ask(attempt, action)
