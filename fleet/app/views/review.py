"""Read models of what people are asked: questions, and the verdicts they go by."""

from fleet.app.views.row import Row, moment
from fleet.domain.pending import PendingAction
from fleet.domain.result import Verdict


def verdict_view(verdict: Verdict) -> Row:
    """Answer a verdict in short."""
    return {
        "name": verdict.name,
        "status": verdict.status.value,
        "sha": verdict.sha,
        "exit_code": verdict.exit_code,
        "command": list(verdict.command),
        "duration_seconds": verdict.duration_seconds,
        "error": verdict.error,
        "flaky": verdict.flaky,
        "source": verdict.source,
        "log": verdict.log,
    }


def action_view(action: PendingAction) -> Row:
    """Answer `approval show`."""
    return {
        "id": action.id,
        "task": action.task,
        "attempt": action.attempt,
        "category": action.category,
        "action": action.action,
        "files": list(action.files),
        "diff": action.diff,
        "risks": list(action.risks),
        "rule": action.rule,
        "dry_run": action.dry_run,
        "created": moment(action.created),
        "status": action.status.value,
        "answer": action.answer,
        "answered_by": action.answered_by,
        "answered_at": moment(action.answered_at),
    }
