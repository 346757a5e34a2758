"""Collect: commit what the ended container left, settle its money, give back its slot."""

from dataclasses import dataclass, replace
from typing import Any

from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.budget import Settlement, dollars
from fleet.domain.budget import settle as settle_money
from fleet.domain.plan import Collect
from fleet.domain.policy import PendingAction
from fleet.domain.profile import Fleet
from fleet.ports import Collected, Exit

_CATEGORY = 60  # characters


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The work is committed; `exit` is None when the container had vanished."""

    attempt: str
    exit: Exit | None
    collected: Collected
    asked: str = ""


@dataclass(frozen=True, kw_only=True)
class Hindered:
    """The work cannot be committed now; it stays where it is and is tried again."""

    attempt: str
    reason: str


def carry_out(action: Collect, exit_: Exit | None, tools: Tools) -> Gathered:
    """Commit the worktree onto the branch, once, and write down what was changed."""
    attempt = action.attempt
    project = tools.fleet.projects[attempt.project]
    outcome = outcome_of(attempt, exit_)
    collected = tools.worktrees.collect(
        project,
        replace(attempt, outcome=outcome),
        message=f"{action.task.key}: {action.task.title}",
        skip=_setup_leftovers(attempt, tools),
    )
    tools.trace(attempt.id, _changed(collected), _spent(attempt))
    asked = _category(attempt, tools)
    return Gathered(attempt=attempt.id, exit=exit_, collected=collected, asked=asked)


def _category(attempt: Attempt, tools: Tools) -> str:
    """Answer the category of the approval the agent asked for, as the event line told."""
    for event in tools.ledger.events(attempt=attempt.id):
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
        "output_tokens": attempt.usage.output_tokens,
        "cost_usd": dollars(attempt.usage.cost_micros),
    }


def _setup_leftovers(attempt: Attempt, tools: Tools) -> tuple[str, ...]:
    """Answer the paths that setup left, as the runner's result told; they are not collected."""
    for event in tools.ledger.events(attempt=attempt.id):
        if event.kind == "agent.result":
            diagnostics = event.data.get("diagnostics")
            told = diagnostics.get("setup_untracked") if isinstance(diagnostics, dict) else None
            return tuple(p for p in told or () if isinstance(p, str))
    return ()


def settle(finding: Gathered | Hindered, desk: Desk, *, fleet: Fleet) -> None:
    """Move to COLLECTED with the outcome, and settle the money in the same transaction."""
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
        head=finding.collected.head,
        self_check_red=attempt.self_check_red and outcome is Outcome.FAILED,
        failure_kind=_kind(attempt, finding.exit),
    )
    for note in finding.collected.notes:
        desk.log("attempt.note", moved, what=note)
    _settle_money(moved, desk, fleet)
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
    return Outcome.FAILED


def _kind(attempt: Attempt, exit_: Exit | None) -> str:
    if exit_ is not None and exit_.out_of_memory and attempt.failure_kind != "none":
        return "oom"
    if attempt.failure_kind == "none" and exit_ is not None and exit_.code != 0:
        return "crash"
    return attempt.failure_kind or "crash"


def _reason(attempt: Attempt, outcome: Outcome, exit_: Exit | None) -> str:
    match outcome:
        case Outcome.FINISHED:
            return "the agent finished"
        case Outcome.LOST if attempt.stopping is None:
            return "the container vanished"
        case Outcome.FAILED:
            code = exit_.code if exit_ else "unknown"
            said = attempt.diagnosis or f"no result, exit code {code}"
            return f"{_kind(attempt, exit_)}: {said}"
        case Outcome.PAUSED:
            return attempt.diagnosis or "the agent asked for an approval"
        case Outcome.LOST | Outcome.SWAP | Outcome.CANCELLED:
            return attempt.reason


def _settle_money(attempt: Attempt, desk: Desk, fleet: Fleet) -> None:
    profile = fleet.profiles.get(attempt.profile)
    price = profile.price if profile else None
    known = attempt.outcome is Outcome.FINISHED
    spent, estimated = settle_money(
        attempt.reserved_micros, attempt.usage, price=price, known=known
    )
    desk.append(
        Settlement(
            attempt=attempt.id,
            task=attempt.task,
            project=attempt.project,
            account=attempt.account,
            micros=spent,
            estimated=estimated,
            usage=attempt.usage,
            at=desk.at,
        )
    )


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
