"""Read models of review: pull requests, questions, verdicts."""

from fleet.app.views.row import Row, moment
from fleet.domain.budget import dollars
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.result import Verdict, verdict_of
from fleet.ports import Ledger


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


def pull_view(pull: PullRequest, ledger: Ledger) -> Row:
    """Answer `pr show`."""
    verdicts = ledger.verdicts(pull.attempt)
    spent = sum(s.micros for s in ledger.settlements() if s.task == pull.task)
    shown = "queued" if pull.status.value == "merging" else pull.status.value
    return {
        "number": pull.number,
        "task": pull.task,
        "project": pull.project,
        "status": shown,
        "reason": pull.reason,
        "branch": pull.branch,
        "target": pull.target,
        "base": pull.base,
        "head": pull.head,
        "merged_sha": pull.merged_sha,
        "title": pull.title,
        "summary": pull.summary,
        "risk": [] if verdict_of(verdicts) == "passed" else ["not every verdict is green"],
        "verdicts": [verdict_view(v) for v in verdicts],
        "cost_usd": dollars(spent),
        "created": moment(pull.created),
        "reviewers": list(pull.reviewers),
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
    }
