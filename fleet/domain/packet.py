"""The words an agent's container is given: TaskPacket and RunContext, as CONTRACT.md says."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fleet.domain.attempt import Attempt
from fleet.domain.binding import untouchable
from fleet.domain.budget import MICROS, dollars
from fleet.domain.guidance import UNGUIDED, Guidance
from fleet.domain.handoff import Handoff, fields, message
from fleet.domain.pending import PendingAction
from fleet.domain.profile import Account, Profile, Project
from fleet.domain.task import Task
from fleet.domain.teaching import asked

_STOP_GRACE = 5
_QUIET = 0.9


@dataclass(frozen=True, kw_only=True)
class Given:
    """What an attempt is started for, with what; `session` names the coordinator's life.

    `handoff` is what it takes over from earlier attempts, None where there was none. `lessons` are
    told to it, `candidates` it may search itself; `guidance` is what people reviewed. `map` is
    the repository map, "" for none.
    """

    attempt: Attempt
    task: Task
    project: Project
    profile: Profile
    account: Account
    session: str
    handoff: Handoff | None = None
    lessons: tuple[Mapping[str, Any], ...] = ()
    candidates: tuple[Mapping[str, Any], ...] = ()
    guidance: Guidance = UNGUIDED
    map: str = ""


def packet_of(given: Given, actions: Iterable[PendingAction]) -> dict[str, Any]:
    """Answer the TaskPacket; `actions` may hold answers for it. No secret is ever in it."""
    task, project = given.task, given.project
    accepted = [f"acceptance: {text}" for text in task.accept]
    guarded = [f"do not change: {path}" for path in untouchable(task, project)]
    return {
        "task_id": task.key,
        "session_id": given.session,
        "trace_id": given.attempt.id,
        "goal": task.goal or task.title,
        "messages": messages_of(given, actions),
        "constraints": accepted + guarded,
        "context": {
            "title": task.title,
            "role": task.role,
            "attempt": given.attempt.number,
            "branch": task.branch,
            "handoff": fields(given.handoff) if given.handoff else None,
            "constitution": given.guidance.constitution,
            "bible": given.guidance.bible,
            "skills": [
                {"name": skill.name, "description": skill.description}
                for skill in given.guidance.skills
            ],
            "map": given.map,
            "ask_lesson": _asked(given.handoff),
            "lessons": [dict(each) for each in given.lessons],
            "lesson_candidates": [dict(each) for each in given.candidates],
            "agent": _agent(given.profile, given.account),
            "needs_secret": given.account.secret,
            "setup": [list(argv) for argv in project.setup],
            "check": list(project.checks[0].command) if project.checks else None,
            "self_check_rounds": given.profile.self_check_rounds,
            "limits": _limits(given),
        },
    }


def context_of(given: Given) -> dict[str, Any]:
    """Answer the RunContext."""
    profile, task = given.profile, given.task
    return {
        "session_id": given.session,
        "trace_id": given.attempt.id,
        "workspace_root": "/workspace",
        "safe_mode": profile.safe_mode,
        "approved_categories": [*profile.approved_categories, *task.granted],
        "max_retries": task.max_retries,
        "attempt": given.attempt.number,
    }


def messages_of(given: Given, actions: Iterable[PendingAction]) -> list[dict[str, str]]:
    """Word the handover, and what people said; the first message of role `user` is the handover."""
    messages = []
    if given.profile.instructions:
        messages.append({"role": "system", "content": given.profile.instructions})
    if given.handoff:
        messages.append({"role": "user", "content": message(given.handoff)})
    for action in actions:
        if action.task == given.task.key and action.answer:
            content = f"Your request {action.id} ({action.category}): {action.answer}"
            messages.append({"role": "user", "content": content})
    messages += [{"role": "user", "content": comment} for comment in given.task.comments]
    return messages


def _asked(handoff: Handoff | None) -> dict[str, str] | None:
    """Answer why a lesson is asked for, None where none is."""
    reason = asked(handoff)
    return {"reason": reason} if reason else None


def _agent(profile: Profile, account: Account) -> dict[str, Any]:
    return {
        "name": profile.agent,
        "command": list(profile.command),
        "model": profile.model,
        "base_url": account.base_url,
        "teams": profile.teams,
        "price": _price(profile),
    }


def _price(profile: Profile) -> dict[str, float] | None:
    """Answer the profile's price in dollars per million tokens, None where it has none."""
    if profile.price is None:
        return None
    return {key: micros / MICROS for key, micros in asdict(profile.price).items()}


def _limits(given: Given) -> dict[str, Any]:
    profile, project = given.profile, given.project
    return {
        "attempt_timeout_seconds": profile.attempt_timeout,
        "setup_timeout_seconds": project.setup_timeout,
        "check_timeout_seconds": project.checks[0].timeout_seconds if project.checks else 600,
        "stop_grace_seconds": _STOP_GRACE,
        "heartbeat_seconds": min(10.0, profile.heartbeat_lost_after / 3),
        # the runner gives up before the coordinator does: it can say what hung
        "quiet_seconds": profile.stall_after * _QUIET,
        "max_turns": profile.max_turns,
        # the money held for it, whatever its profile says by now
        "max_cost_usd": dollars(given.attempt.reserved_micros) or None,
    }
