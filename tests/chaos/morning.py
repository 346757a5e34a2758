"""A sound morning made by hand, to be doctored: what fleet leaves after five small tasks.

The ledger has fleet's own schema, so that the checker is held against the real one, but none of
its constraints: what is doctored may be what they forbid.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.system import SystemClock
from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.budget import Reservation, Settlement
from fleet.domain.merge import PullRequestStatus
from fleet.domain.result import Usage
from fleet.domain.task import Resolution
from fleet.ports import Append, Log, Save, Write
from tests.builders import (
    HOME8,
    a_pull,
    a_reservation,
    a_settlement,
    a_task,
    a_term,
    a_verdict,
    an_action,
    an_attempt,
    an_event,
)
from tests.chaos.evidence import TABLES, Evidence, read_ledger
from tests.chaos.stage import Part
from tests.repos import a_commit, a_repository, git

_USED = Usage(input_tokens=1000)
_CENT = 10_000
_AT = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
_ENDS = {
    "APP-1": ("good", "done"),
    "APP-2": ("red_then_good", "done"),
    "APP-3": ("red", "failed"),
    "APP-4": ("asks", "waiting"),
    "APP-5": ("good", "review"),
}


@dataclass(frozen=True)
class Morning:
    """A home and a repository below `folder`, as a night left them."""

    folder: Path

    @property
    def home(self) -> Path:
        """Answer the home."""
        return self.folder / "home"

    @property
    def repository(self) -> Path:
        """Answer the repository, with nobody's checkout on its target."""
        return self.folder / "repository"

    @property
    def start(self) -> str:
        """Answer the target's first commit."""
        return git(self.repository, "rev-list", "--max-parents=0", "main")

    def sql(self, *statements: str) -> None:
        """Change the ledger, past fleet and past its constraints."""
        with closing(sqlite3.connect(self.home / ".fleet" / "ledger.db")) as opened, opened:
            for statement in statements:
                changed = opened.execute(statement)
                assert changed.rowcount != 0, f"nothing was doctored: {statement}"

    def git(self, *words: str) -> str:
        """Change the repository."""
        return git(self.repository, *words)

    def evidence(self, **found: Any) -> Evidence:
        """Answer what is found; the engine's part of it is given."""
        rows, sound = read_ledger(self.home / ".fleet" / "ledger.db")
        parts = {key: Part(kind=kind, ends=frozenset({end})) for key, (kind, end) in _ENDS.items()}
        return Evidence(
            home=self.home,
            repository=self.repository,
            start=self.start,
            parts=parts,
            rows=rows,
            sound=sound,
            **found,
        )


def a_morning(folder: Path) -> Morning:
    """Make a sound morning."""
    morning = Morning(folder)
    a_repository(morning.repository, {"scripts/check.sh": "test ! -e red.txt\n"})
    morning.git("switch", "--quiet", "--detach")
    attempts = _attempts(morning)
    _home(morning.home)
    url = f"sqlite:///{morning.home}/.fleet/ledger.db"
    ledger = SqlLedger(url, clock=SystemClock())
    ledger.commit([*_tasks(), *map(_saved, attempts), *_pulls(morning, attempts)])
    ledger.commit([write for attempt in attempts for write in _told(attempt)])
    ledger.close()
    _unconstrained(morning.home / ".fleet" / "ledger.db")
    return morning


def _home(home: Path) -> None:
    for name in ("worktrees", "git", "checks", "packets", "locks"):
        (home / ".fleet" / name).mkdir(parents=True)
    (home / ".fleet" / "id").write_text(HOME8)
    (home / ".fleet" / "coordinator.lock").touch()
    (home / "profiles").mkdir()
    price = {"input": 10, "cached_input": 1, "output": 10}
    (home / "profiles" / "plays.yaml").write_text(json.dumps({"price": price}))
    project = {"target": "main", "check": ["sh", "scripts/check.sh"]}
    (home / "fleet.yaml").write_text(json.dumps({"projects": [project]}))


def _unconstrained(path: Path) -> None:
    with closing(sqlite3.connect(path)) as opened, opened:
        for table in TABLES:
            opened.execute(f"CREATE TABLE free AS SELECT * FROM {table}")
            opened.execute(f"DROP TABLE {table}")
            opened.execute(f"ALTER TABLE free RENAME TO {table}")


def _attempts(morning: Morning) -> tuple[Attempt, ...]:
    """Write every attempt's work and merge what was merged; answer the attempts."""
    return (
        _worked(morning, "APP-1", 1, State.MERGED),
        _worked(morning, "APP-2", 1, State.REJECTED, red=True),
        _worked(morning, "APP-2", 2, State.MERGED, red=None),
        _worked(morning, "APP-3", 1, State.REJECTED, red=True),
        _worked(morning, "APP-4", 1, State.VERIFYING),
        _worked(morning, "APP-5", 1, State.VERIFIED),
        _attempt("APP-1", 2, state=State.CANCELLED, ended=_AT, reason="the coordinator stopped"),
    )


def _worked(
    morning: Morning, task: str, number: int, state: State, *, red: bool | None = False
) -> Attempt:
    branch = f"fleet/{task.lower()}"
    if number == 1:
        morning.git("branch", branch, morning.start)
    morning.git("switch", "--quiet", branch)
    files: dict[str, str | bytes | None] = {f"marks/{task}-{number}": f"{task}-{number}\n"}
    if red is not False:
        files["red.txt"] = "red" if red else None
    head = a_commit(morning.repository, files, task)
    if state is State.MERGED:
        morning.git("switch", "--quiet", "main")
        morning.git("merge", "--quiet", "--no-ff", "--message", f"Merge {task}", branch)
    morning.git("switch", "--quiet", "--detach")
    if state is State.MERGED:
        morning.git("branch", "--delete", "--force", branch)
    ended = None if state in {State.VERIFYING, State.VERIFIED} else _AT
    told = {"usage": _USED, "outcome": Outcome.FINISHED, "reason": "the agent finished"}
    return _attempt(task, number, state=state, head=head, ended=ended, **told)


def _attempt(task: str, number: int, **fields: Any) -> Attempt:
    held = {"reserved_micros": 50_000, "created": _AT, "cleaned": True}
    return an_attempt(task, number, profile="plays", **held, **fields)


def _tasks() -> list[Write]:
    resolved = {"done": Resolution.MERGED, "failed": Resolution.FAILED}
    tasks = [
        a_task(key, resolution=resolved.get(end), reason=end if end in resolved else "")
        for key, (_, end) in _ENDS.items()
    ]
    ended = [an_event("task.ended", task=task.key) for task in tasks if task.resolution]
    term = a_term(ended=True)
    return [
        *(Save(row=task) for task in tasks),
        Save(row=term),
        *(Log(event=event) for event in ended),
    ]


def _saved(attempt: Attempt) -> Write:
    return Save(row=attempt)


def _pulls(morning: Morning, attempts: tuple[Attempt, ...]) -> list[Write]:
    """Answer the pull requests with their verdicts, and the question."""
    way = morning.git("rev-list", "--first-parent", "--reverse", f"{morning.start}..main").split()
    shas = {"APP-1": way[0], "APP-2": way[1]}
    writes: list[Write] = [Save(row=an_action(task="APP-4"))]
    for attempt in attempts:
        if attempt.state not in {State.MERGED, State.VERIFIED}:
            continue
        sha = shas.get(attempt.task)
        status = PullRequestStatus.MERGED if sha else PullRequestStatus.OPEN
        number = int(attempt.task[-1])
        pull = a_pull(number, attempt.task, attempt=attempt.id, status=status, merged_sha=sha)
        writes.append(Save(row=pull))
        if sha:
            tree = morning.git("rev-parse", f"{sha}^{{tree}}")
            writes.append(Append(row=a_verdict(attempt.id, sha=sha, tree=tree)))
    return writes


def _told(attempt: Attempt) -> list[Write]:
    """Answer what an attempt said, what was held for it and what it cost."""
    held: Reservation = replace(a_reservation(attempt), micros=attempt.reserved_micros)
    if attempt.outcome is None:
        return [Append(row=held)]
    mark = f"{attempt.task}-{attempt.number}"
    usage = {"input_tokens": 1000, "cost_usd": None}
    lines: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("agent.started", "", {}),
        ("agent.progress", f"marked {mark}", {}),
        ("agent.result", "played", {"diagnostics": {"usage": usage}}),
    )
    told = [
        an_event(kind, task=attempt.task, attempt=attempt.id, seq=seq, what=what, data=data)
        for seq, (kind, what, data) in enumerate(lines, start=1)
    ]
    paid: Settlement = replace(a_settlement(attempt), usage=_USED, micros=_CENT)
    return [Append(row=held), Append(row=paid), *(Log(event=event) for event in told)]
