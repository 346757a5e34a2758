"""How long one plan takes: n ready tasks, 200 slots, and how that grows with n.

The floor is to sort the same tasks by priority and age, which every planner has to do: it tells a
slow machine from a slow planner. Times are of the process's CPU, for the machine may be busy with
other things. Repeat with:

    python bench/pool_plan.py --json
"""

import argparse
import cProfile
import gc
import json
import math
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.budget import Price
from fleet.domain.health import Health, account_subject
from fleet.domain.plan import Plan, Sight, Snapshot
from fleet.domain.planner import plan
from fleet.domain.profile import Account, Fleet, Profile, Project
from fleet.domain.result import Check
from fleet.domain.swap import Cause
from fleet.domain.task import Priority, Task

NOW = datetime(2026, 3, 14, 21, tzinfo=UTC)
SIZES = (1_250, 2_500, 5_000, 10_000)
SLOTS = 200
ACCOUNTS = 40
AGENTS = ("claude", "codex", "gemini", "opencode")
ROLES = ("developer", "tester", "reviewer", "planner")
PROJECTS = ("APP", "API", "WEB", "OPS", "DOC")
DOLLAR = 1_000_000
PRICE = Price(input=3 * DOLLAR, cached_input=DOLLAR // 3, output=15 * DOLLAR)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a plan is made from."""

    snapshot: Snapshot
    sight: Sight
    fleet: Fleet


def main() -> None:
    """Measure every scene at every size and print a table, or with --json one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, action="append", help="tasks; may stand several times")
    parser.add_argument("--scene", choices=sorted(SCENES), action="append")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="say where the time goes instead")
    asked = parser.parse_args()
    scenes = asked.scene or list(SCENES)
    sizes = tuple(asked.n or SIZES)
    if asked.profile:
        profiled(SCENES[scenes[0]](max(sizes)))
        return
    rows = [row for name in scenes for row in measured(name, sizes, rounds=asked.rounds)]
    if asked.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print("  ".join(f"{name}={value}" for name, value in row.items()))


def measured(name: str, sizes: tuple[int, ...], *, rounds: int) -> list[dict[str, object]]:
    """Measure a scene at all sizes in turn, so that a busy moment meets all of them alike."""
    scenes = {n: SCENES[name](n) for n in sizes}
    plans: dict[int, list[float]] = {n: [] for n in sizes}
    floors: dict[int, list[float]] = {n: [] for n in sizes}
    for _ in range(rounds):
        for n, scene in scenes.items():
            plans[n].append(taken(partial(planned, scene)))
            floors[n].append(taken(partial(in_order, scene.snapshot.tasks)))
    times = {n: statistics.median(plans[n]) for n in sizes}
    return [
        {
            "scene": name,
            "n": n,
            "plan_ms": round(times[n] * 1000, 2),
            "floor_ms": round(statistics.median(floors[n]) * 1000, 2),
            "ratio": round(times[n] / statistics.median(floors[n]), 1),
            "growth": round(_growth(times, n), 2),
            "actions": len(planned(scenes[n]).actions),
        }
        for n in sizes
    ]


def _growth(times: dict[int, float], n: int) -> float:
    """Answer the time against that of the smallest size, divided by what n log n allows."""
    least = min(times)
    allowed = (n * math.log2(n)) / (least * math.log2(least))
    return times[n] / times[least] / allowed


def planned(scene: Scene) -> Plan:
    """Plan once."""
    return plan(scene.snapshot, scene.fleet, scene.sight)


def taken(work: Callable[[], object]) -> float:
    """Answer the CPU seconds of one call, garbage of others collected before."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def in_order(tasks: tuple[Task, ...]) -> list[Task]:
    """Sort tasks by priority, then age."""
    return sorted(tasks, key=lambda task: (task.priority.rank, task.created, task.number))


def profiled(scene: Scene) -> None:
    """Print the functions in which most of the time goes."""
    profile = cProfile.Profile()
    profile.runcall(planned, scene)
    stats = pstats.Stats(profile, stream=sys.stdout).strip_dirs()
    stats.sort_stats("tottime").print_stats(25)
    stats.sort_stats("cumulative").print_stats(25)


def idle(n: int) -> Scene:
    """Leave every slot free: as many dispatches as there are slots."""
    return _scene(_tasks(n))


def taken_up(n: int) -> Scene:
    """Let an attempt run in every slot."""
    running = _tasks(SLOTS, first=n + 1)
    attempts = tuple(_running(task, place) for place, task in enumerate(running))
    return _scene((*_tasks(n), *running), attempts)


def scarce(n: int) -> Scene:
    """Fill every account while the machine has room: each task asks the pool."""
    scene = taken_up(n)
    sight = _sight(scene.snapshot.attempts, parallel=2 * SLOTS)
    return Scene(snapshot=scene.snapshot, sight=sight, fleet=scene.fleet)


def swapped(n: int) -> Scene:
    """Leave every slot free for tasks that were swapped twice already."""
    tasks = _tasks(n)
    history = tuple(_ended(task, number) for task in tasks for number in (1, 2))
    return _scene(tasks, history)


def storm(n: int) -> Scene:
    """Let every account cool."""
    health = tuple(
        Health(
            subject=account_subject(name),
            kind="rate_limit",
            reason="429",
            since=NOW - timedelta(minutes=1),
            until=NOW + timedelta(minutes=5 + place),
            strikes=1,
        )
        for place, name in enumerate(_accounts())
    )
    return _scene(_tasks(n), health=health)


SCENES: dict[str, Callable[[int], Scene]] = {
    "idle": idle,
    "taken": taken_up,
    "scarce": scarce,
    "swapped": swapped,
    "storm": storm,
}


def _scene(
    tasks: tuple[Task, ...],
    attempts: tuple[Attempt, ...] = (),
    *,
    health: tuple[Health, ...] = (),
) -> Scene:
    snapshot = Snapshot(
        tasks=tasks,
        resolutions=dict.fromkeys((task.key for task in tasks), None),
        attempts=attempts,
        health=health,
    )
    return Scene(snapshot=snapshot, sight=_sight(attempts, parallel=SLOTS), fleet=_fleet())


def _sight(attempts: tuple[Attempt, ...], *, parallel: int) -> Sight:
    running = frozenset(attempt.id for attempt in attempts if attempt.state is State.RUNNING)
    return Sight(now=NOW, since=NOW - timedelta(hours=1), followed=running, parallel=parallel)


def _tasks(n: int, *, first: int = 1) -> tuple[Task, ...]:
    """Answer tasks of all projects, roles and priorities."""
    priorities = tuple(Priority)
    return tuple(
        Task(
            key=f"{PROJECTS[number % len(PROJECTS)]}-{number}",
            project=PROJECTS[number % len(PROJECTS)],
            number=number,
            title=f"task {number}",
            created=NOW - timedelta(seconds=number * 7 % 5_000),
            updated=NOW,
            role=ROLES[number % len(ROLES)],
            priority=priorities[number * 3 % len(priorities)],
            budget_micros=50 * DOLLAR if number % 3 == 0 else None,
        )
        for number in range(first, first + n)
    )


def _attempt(task: Task, number: int, **fields: object) -> Attempt:
    told: dict[str, object] = {
        "id": f"{task.key.lower()}-{number}-0badcafe",
        "task": task.key,
        "project": task.project,
        "number": number,
        "branch": task.branch,
        "created": NOW - timedelta(minutes=10),
        "started": NOW - timedelta(minutes=9),
        "last_beat": NOW - timedelta(seconds=5),
        "last_progress": NOW - timedelta(seconds=9),
        "reserved_micros": DOLLAR,
        **fields,
    }
    return Attempt(**told)  # type: ignore[arg-type]


def _running(task: Task, place: int) -> Attempt:
    account = place % ACCOUNTS
    profile = f"{AGENTS[account % len(AGENTS)]}-{task.role}"
    account_name = _name(account)
    return _attempt(task, 1, state=State.RUNNING, profile=profile, account=account_name)


def _ended(task: Task, number: int) -> Attempt:
    agent = AGENTS[number % len(AGENTS)]
    return _attempt(
        task,
        number,
        state=State.SWAPPED,
        outcome=Outcome.SWAP,
        cause=Cause.STALLED if number == 1 else Cause.RATE_LIMIT,
        reason="no progress for 600 s",
        profile=f"{agent}-{task.role}",
        account=_name(number % len(AGENTS)),
        ended=NOW - timedelta(minutes=number),
        cleaned=True,
    )


def _fleet() -> Fleet:
    check = (Check(name="check", command=("true",)),)
    projects = {
        key: Project(
            key=key,
            path=f"/srv/{key}",
            target="main",
            checks=check,
            weight=1.0 + place,
            daily_budget_micros=5_000 * DOLLAR,
        )
        for place, key in enumerate(PROJECTS)
    }
    return Fleet(projects=projects, profiles=_profiles(), accounts=_accounts(), parallel=SLOTS)


def _profiles() -> dict[str, Profile]:
    """Answer a profile of every agent for every role; each falls back on those after it."""
    found = {}
    for role in ROLES:
        for place, agent in enumerate(AGENTS):
            name = f"{agent}-{role}"
            found[name] = Profile(
                name=name,
                agent=agent,
                model="sonnet",
                roles=(role,),
                max_cost_micros=DOLLAR,
                price=PRICE,
                fallback=tuple(f"{other}-{role}" for other in AGENTS[place + 1 :]),
            )
    return found


def _accounts() -> dict[str, Account]:
    return {
        _name(place): Account(
            name=_name(place),
            agent=AGENTS[place % len(AGENTS)],
            owner=f"owner-{place % 8}",
            parallel=SLOTS // ACCOUNTS,
            daily_budget_micros=500 * DOLLAR,
            daily_requests=100_000,
        )
        for place in range(ACCOUNTS)
    }


def _name(place: int) -> str:
    return f"{AGENTS[place % len(AGENTS)]}-{place}"


if __name__ == "__main__":
    main()
