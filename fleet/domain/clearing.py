"""What of all that fleet left in the world may go, what has to stay, and why."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from fleet.domain.attempt import Attempt
from fleet.domain.task import Resolution, Task

KEPT_REFS = "refs/fleet/kept/"
# nobody's check, and no build of an image, takes longer
_AT_WORK = timedelta(days=1)
_ATTEMPT = re.compile(r"(?P<task>[a-z][a-z0-9]{0,9}-[1-9][0-9]{0,8})-[1-9][0-9]{0,8}-[0-9a-f]{8}")
_TASK = re.compile(r"[a-z][a-z0-9]{0,9}-[1-9][0-9]{0,8}", re.IGNORECASE)


class LeftoverKind(StrEnum):
    """What it is, in the order in which it goes: who writes into a folder goes before it."""

    CONTAINER = "container"
    CHECK = "check"
    NETWORK = "network"
    PROXY = "proxy"
    IMAGE = "image"
    SECRET = "secret"  # noqa: S105 - a word
    WORKTREE = "worktree"
    CHECKOUT = "checkout"
    PACKET = "packet"
    SHELF = "shelf"
    BRANCH = "branch"
    TRACE = "trace"
    LOG = "log"
    KEPT = "kept"


_ORDER = {kind: number for number, kind in enumerate(LeftoverKind)}


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """One thing that fleet made in the world, as it was found.

    `attempt` and `task` are whose it is by its name, "" where that does not tell. `bytes` is how
    much goes with it and `at` when it was last changed, None where nobody knows. `sha` is where a
    reference stands. `holder` names who needs a branch's commits no more, or an image still: a
    reference that holds them too, a project it is the newest of. `unsaved` says that work may lie
    in it that is in no commit, `odd` why only a person should touch it.
    """

    kind: LeftoverKind
    name: str
    where: str
    attempt: str = ""
    task: str = ""
    project: str = ""
    bytes: int | None = None
    at: datetime | None = None
    sha: str = ""
    holder: str = ""
    unsaved: bool = False
    odd: str = ""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the ledger says: attempts by id, tasks by key.

    `coordinated` tells whether anybody coordinates the home now, `running` whether an attempt holds
    a slot.
    """

    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    coordinated: bool = False
    running: bool = False


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person asked for: `keep` is how old traces may get, `forced` what is kept no more."""

    now: datetime
    keep: timedelta
    forced: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Fate:
    """Whether a leftover goes, and why it goes or stays."""

    leftover: Leftover
    goes: bool
    why: str


def attempt_in(name: str, home8: str) -> str:
    """Answer the id of this home's attempt that a name begins with, "" where there is none."""
    found = _ATTEMPT.match(name)
    alone = found is not None and name[found.end() : found.end() + 1] in {"", "-", "."}
    return found[0] if found and alone and found[0].endswith(home8) else ""


def task_in(name: str) -> str:
    """Answer the key of the task that a name begins with, "" where there is none."""
    found = _TASK.match(name)
    alone = found is not None and name[found.end() : found.end() + 1] in {"", "-", "."}
    return found[0].upper() if found and alone else ""


def fates(found: Iterable[Leftover], known: Known, wish: Wish) -> tuple[Fate, ...]:
    """Answer what becomes of all that was found, in the order in which it goes."""
    ordered = sorted(found, key=lambda each: (_ORDER[each.kind], each.project, each.name))
    return tuple(fate(each, known, wish) for each in ordered)


def fate(leftover: Leftover, known: Known, wish: Wish) -> Fate:
    """Answer what becomes of one leftover."""
    case = _Case(leftover=leftover, known=known, wish=wish)
    goes, why = (False, leftover.odd) if leftover.odd else _RULES[leftover.kind](case)
    return Fate(leftover=leftover, goes=goes, why=why)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One leftover to be judged, with all that is known and asked for."""

    leftover: Leftover
    known: Known
    wish: Wish

    @property
    def attempt(self) -> Attempt | None:
        return self.known.attempts.get(self.leftover.attempt)

    @property
    def task(self) -> Task | None:
        return self.known.tasks.get(self.leftover.task)

    @property
    def age(self) -> timedelta:
        """Answer for how long it was not changed; what nobody can date is young."""
        at = self.leftover.at
        return timedelta() if at is None else self.wish.now - at


def _of_attempt(case: _Case) -> tuple[bool, str]:
    attempt = case.attempt
    if attempt is None:
        return True, "the ledger knows no such attempt"
    if attempt.live:
        return False, f"its attempt is {attempt.state}"
    return True, f"its attempt ended {attempt.state}"


def _secret(case: _Case) -> tuple[bool, str]:
    attempt = case.attempt
    if attempt is not None and attempt.holds_slot:
        return False, f"its attempt is {attempt.state}"
    return True, "no container is to read it any more"


def _of_check(case: _Case) -> tuple[bool, str]:
    """Judge what a check works with: whose check is under way is in nobody's row."""
    attempt = case.attempt
    if case.leftover.attempt and not case.known.coordinated:
        return True, "no coordinator runs a check"
    if case.age > _AT_WORK and (attempt is None or not attempt.live):
        return True, "older than any check or build"
    return False, "a check or a build may be at work with it"


def _of_home(case: _Case) -> tuple[bool, str]:
    if case.leftover.holder:
        return False, f"{case.leftover.holder} needs it"
    if case.known.coordinated or case.known.running:
        return False, "who coordinates, or an attempt that runs, may need it"
    return True, "nothing that runs needs it"


def _shelf(case: _Case) -> tuple[bool, str]:
    task = case.task
    if task is None:
        return True, "the ledger knows no such task"
    if task.resolution is None:
        return False, "its task is open"
    return True, f"its task is {task.resolution}"


def _branch(case: _Case) -> tuple[bool, str]:
    task, holder = case.task, case.leftover.holder
    if task is None:
        return False, "the ledger knows no such task: it may be somebody's own"
    if task.resolution is None:
        return False, "its task is open"
    if task.resolution is Resolution.FAILED:
        return False, f"its task failed and may be tried again: fleet task retry {task.key}"
    if not holder or holder in case.wish.forced:
        return False, f"its task is {task.resolution}, but nothing else holds its commits"
    return True, f"its task is {task.resolution}, {holder} holds its commits"


def _told(case: _Case) -> tuple[bool, str]:
    task, keep = case.task, case.wish.keep
    if task is not None and task.resolution is None:
        return False, "its task is open"
    if case.age <= keep:
        return False, f"it is kept for {_days(keep)}"
    return True, f"last written {_days(case.age)} ago"


def _kept(case: _Case) -> tuple[bool, str]:
    if case.leftover.name in case.wish.forced:
        return True, "named by --force"
    return False, "kept until --force names it"


_RULES = {
    LeftoverKind.CONTAINER: _of_attempt,
    LeftoverKind.CHECK: _of_check,
    LeftoverKind.NETWORK: _of_attempt,
    LeftoverKind.PROXY: _of_home,
    LeftoverKind.IMAGE: _of_home,
    LeftoverKind.SECRET: _secret,
    LeftoverKind.WORKTREE: _of_attempt,
    LeftoverKind.CHECKOUT: _of_check,
    LeftoverKind.PACKET: _of_attempt,
    LeftoverKind.SHELF: _shelf,
    LeftoverKind.BRANCH: _branch,
    LeftoverKind.TRACE: _told,
    LeftoverKind.LOG: _told,
    LeftoverKind.KEPT: _kept,
}


def _days(span: timedelta) -> str:
    days = round(span / timedelta(days=1), 1)
    return "1 day" if days == 1 else f"{days:g} days"
