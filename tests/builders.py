"""Builders of domain values with defaults: a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fleet.domain.attempt import Attempt, State
from fleet.domain.budget import Reservation, Settlement
from fleet.domain.events import Event
from fleet.domain.health import Health
from fleet.domain.hold import FLEET, Hold, HoldKind
from fleet.domain.lesson import Lesson, LessonStatus, Origin, Recall
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.profile import Account, Fleet, Profile, Project
from fleet.domain.result import Check, Usage, Verdict, VerdictStatus
from fleet.domain.swap import Cause, Receipt
from fleet.domain.task import Task
from fleet.domain.term import Term

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
TODAY = NOW.date()
RUN = "run-1"
HOME8 = "0badcafe"
SHA = "a" * 40
TREE = "b" * 40


def a_task(key: str = "APP-1", **fields: Any) -> Task:
    """Answer an open task."""
    project, _, number = key.partition("-")
    defaults: dict[str, Any] = {
        "project": project,
        "number": int(number),
        "title": f"Do what {key} says",
        "created": NOW,
        "updated": NOW,
    }
    return Task(key=key, **(defaults | fields))


def an_attempt(task: str = "APP-1", number: int = 1, **fields: Any) -> Attempt:
    """Answer an attempt, freshly leased unless `state` says otherwise."""
    defaults: dict[str, Any] = {
        "id": f"{task.lower()}-{number}-{HOME8}",
        "project": task.partition("-")[0],
        "profile": "local",
        "account": "local",
        "branch": f"fleet/{task.lower()}",
        "state": State.LEASED,
        "created": NOW,
    }
    return Attempt(task=task, number=number, **(defaults | fields))


def a_pull(number: int = 1, task: str = "APP-1", **fields: Any) -> PullRequest:
    """Answer an open pull request of the task's first attempt."""
    defaults: dict[str, Any] = {
        "project": task.partition("-")[0],
        "attempt": f"{task.lower()}-1-{HOME8}",
        "branch": f"fleet/{task.lower()}",
        "target": "main",
        "base": "c" * 40,
        "head": SHA,
        "title": f"Do what {task} says",
        "created": NOW,
    }
    return PullRequest(number=number, task=task, **(defaults | fields))


def an_action(number: int = 1, task: str = "APP-1", **fields: Any) -> PendingAction:
    """Answer a question about the diff of the task's first attempt."""
    defaults: dict[str, Any] = {
        "id": f"A-{number}",
        "attempt": f"{task.lower()}-1-{HOME8}",
        "category": "diff",
        "action": "merge a change of the check",
        "created": NOW,
    }
    return PendingAction(number=number, task=task, **(defaults | fields))


def a_verdict(attempt: str = f"app-1-1-{HOME8}", **fields: Any) -> Verdict:
    """Answer a green verdict."""
    defaults: dict[str, Any] = {
        "name": "test",
        "sha": SHA,
        "tree": TREE,
        "status": VerdictStatus.PASSED,
        "command": ("sh", "scripts/check.sh"),
        "exit_code": 0,
        "stdout": "",
        "stderr": "",
        "duration_seconds": 1.5,
        "error": None,
        "at": NOW,
    }
    return Verdict(attempt=attempt, **(defaults | fields))


def a_reservation(attempt: Attempt, **fields: Any) -> Reservation:
    """Answer one dollar held for an attempt."""
    return Reservation(**({"micros": 1_000_000} | _about(attempt) | fields))


def a_settlement(attempt: Attempt, **fields: Any) -> Settlement:
    """Answer what an attempt cost today: a quarter of a dollar and one call, told by the agent."""
    defaults: dict[str, Any] = {
        "micros": 250_000,
        "estimated": False,
        "usage": Usage(turns=1),
        "requests": 1,
        "day": TODAY,
        "project_day": TODAY,
        "run": RUN,
    }
    return Settlement(**(defaults | _about(attempt) | fields))


def a_receipt(attempt: Attempt, **fields: Any) -> Receipt:
    """Answer the receipt of a stalled attempt that its account's own next attempt took over."""
    defaults: dict[str, Any] = {
        "successor": f"{attempt.task.lower()}-{attempt.number + 1}-{HOME8}",
        "cause": Cause.STALLED,
        "from_profile": attempt.profile,
        "from_account": attempt.account,
        "to_profile": attempt.profile,
        "to_account": attempt.account,
        "why": "no progress for 600 s",
        "carried": "1 commit",
        "seconds_lost": 600.0,
        "night": TODAY - timedelta(days=1),
        "at": NOW,
    }
    given = defaults | fields
    told = {"trigger": given["cause"].trigger} | given
    return Receipt(attempt=attempt.id, task=attempt.task, **told)


def a_hold(subject: str = FLEET, **fields: Any) -> Hold:
    """Answer a hold that stops all."""
    defaults: dict[str, Any] = {"kind": HoldKind.STOP, "active": True, "who": "ann", "at": NOW}
    return Hold(subject=subject, **(defaults | fields))


def a_term(number: int = 1, **fields: Any) -> Term:
    """Answer the term of a coordinator that has just begun."""
    defaults: dict[str, Any] = {
        "holder": f"life-{number}",
        "host": "server",
        "pid": 4321,
        "what": "fleet up",
        "since": NOW,
        "beat": NOW,
    }
    return Term(number=number, **(defaults | fields))


def a_health(subject: str = "account local", **fields: Any) -> Health:
    """Answer the health of an account that cools for five minutes after a rate limit."""
    defaults: dict[str, Any] = {
        "kind": Cause.RATE_LIMIT.value,
        "reason": "429: slow down",
        "since": NOW,
        "until": NOW + timedelta(minutes=5),
        "strikes": 1,
    }
    return Health(subject=subject, **(defaults | fields))


def a_lesson(number: int = 1, **fields: Any) -> Lesson:
    """Answer an active lesson of the first project, by a person."""
    defaults: dict[str, Any] = {
        "id": f"L-{number}",
        "digest": f"digest {number}",
        "title": f"Lesson {number}",
        "project": "APP",
        "role": "developer",
        "status": LessonStatus.ACTIVE,
        "origin": Origin.PERSON,
        "author": "ann",
        "created": NOW,
        "updated": NOW,
    }
    return Lesson(number=number, **(defaults | fields))


def a_recall(attempt: Attempt, lesson: str = "L-1", **fields: Any) -> Recall:
    """Answer that an attempt was given a lesson."""
    defaults: dict[str, Any] = {
        "task": attempt.task,
        "project": attempt.project,
        "place": 1,
        "score": 0.5,
        "given": True,
        "at": NOW,
    }
    return Recall(attempt=attempt.id, lesson=lesson, **(defaults | fields))


def _about(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.id,
        "task": attempt.task,
        "project": attempt.project,
        "account": attempt.account,
        "at": NOW,
    }


def an_event(kind: str = "task.added", **fields: Any) -> Event:
    """Answer an event about the first task."""
    defaults: dict[str, Any] = {"at": NOW, "task": "APP-1"}
    return Event(kind=kind, **(defaults | fields))


def a_project(key: str = "APP", **fields: Any) -> Project:
    """Answer a project with one check."""
    defaults: dict[str, Any] = {
        "path": "/srv/app",
        "target": "main",
        "checks": (Check(name="test", command=("sh", "scripts/check.sh")),),
        "check_files": ("scripts/check.sh",),
    }
    return Project(key=key, **(defaults | fields))


def a_profile(name: str = "local", **fields: Any) -> Profile:
    """Answer a profile of the agent `command` for developers."""
    defaults: dict[str, Any] = {
        "agent": "command",
        "roles": ("developer",),
        "command": ("true",),
    }
    return Profile(name=name, **(defaults | fields))


def an_account(name: str = "local", **fields: Any) -> Account:
    """Answer the unmetered account of the agent `command`."""
    defaults: dict[str, Any] = {"agent": "command", "unmetered": True}
    return Account(name=name, **(defaults | fields))


def a_fleet(**fields: Any) -> Fleet:
    """Answer a fleet of one project, one profile and one account."""
    defaults: dict[str, Any] = {
        "projects": {"APP": a_project()},
        "profiles": {"local": a_profile()},
        "accounts": {"local": an_account()},
    }
    return Fleet(**(defaults | fields))
