"""The simulated world: it takes what the crew would carry out, and reports in virtual time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from heapq import heappop, heappush
from typing import assert_never

from fleet.app.crew import Report
from fleet.app.simulation.books import Books
from fleet.app.simulation.play import Dice, Play, drawn, lines_of, play_of
from fleet.app.stations import collect, launch, learn, propose, verify, watch
from fleet.app.stations.found import Landed, Tried
from fleet.domain.attempt import Attempt
from fleet.domain.plan import (
    Action,
    Clean,
    Collect,
    Conclude,
    Dispatch,
    Follow,
    Launch,
    Propose,
    Retire,
    Stop,
    Verify,
)
from fleet.domain.result import Usage, Verdict, VerdictStatus
from fleet.domain.scenario import Scenario, behaviour_of
from fleet.domain.tries import Land, Try
from fleet.ports import Clock, Collected, Exit, MergedTip

STEP = 10.0  # seconds: every instant falls on a multiple, so that reports share a tick
_LOOK = 20.0  # seconds between two lines of an agent at most
_BEATS = 3  # lines within the time after which a heartbeat counts as lost
_KILLED = Exit(code=143, out_of_memory=False)

_Due = Callable[[], list[Report]]


@dataclass
class _Running:
    """An agent in its container: what it will do, and what it has said."""

    action: Follow
    play: Play
    began: datetime
    heard: float | None = None
    seq: int = 0


class World:
    """Engine, git, checks and agents, of which nothing is real."""

    def __init__(self, scenario: Scenario, clock: Clock, dice: Dice, books: Books) -> None:
        self._scenario = scenario
        self._clock = clock
        self._dice = dice
        self._books = books
        self._heap: list[tuple[datetime, int, _Due]] = []
        self._pushed = 0
        self._running: dict[str, _Running] = {}
        self._plays: dict[str, Play] = {}
        lost = min(p.heartbeat_lost_after for p in scenario.fleet.profiles.values())
        self._look = min(_LOOK, max(STEP, lost / _BEATS // STEP * STEP))

    def next(self) -> datetime | None:
        """Answer the next instant at which something is reported, None where nothing is."""
        return self._heap[0][0] if self._heap else None

    def reports(self) -> list[Report]:
        """Take all that is due now."""
        found: list[Report] = []
        while self._heap and self._heap[0][0] <= self._clock.now():
            found += heappop(self._heap)[2]()
        return found

    def _later(self, seconds: float, due: _Due) -> None:
        now = self._clock.now()
        ahead = (now - self._scenario.starts).total_seconds() + seconds
        at = self._scenario.starts + timedelta(seconds=math.ceil(ahead / STEP) * STEP)
        self._pushed += 1
        heappush(self._heap, (at, self._pushed, due))

    def carry_out(self, action: Action) -> bool:
        """Begin what the crew would begin; False for what is done once it is recorded."""
        match action:
            case Dispatch() | Conclude():
                return False
            case Follow():
                self._begin(action)
            case Stop():
                self._later(STEP, lambda: self._stopped(action))
            case Collect():
                self._later(STEP, lambda: self._collected(action))
            case Verify():
                seconds = drawn(self._scenario.checks, self._dice)
                self._later(seconds, lambda: [_report(action, self._verified(action))])
            case Launch() | Propose() | Clean() | Retire():
                self._later(STEP, lambda: [_report(action, _done(action))])
            case Try() | Land():
                self._later(STEP, lambda: [_report(action, self._merged(action))])
            case _:
                assert_never(action)
        return True

    def _merged(self, action: Try | Land) -> object:
        """Merge a batch, each alone: simulated work is never red together."""
        match action:
            case Try(project=project, target=target, batches=batches):
                last = batches[-1]
                built = tuple((pull.number, _sha("merge", pull.number)) for pull in last)
                tip = _sha("tip", *(pull.number for pull in last))
                return Tried(
                    project=project,
                    target=target,
                    batches=action.numbers,
                    base=_sha(target, *action.numbers[0]),
                    candidate=MergedTip(sha=tip, tree=_sha("tree", tip)),
                    built=built,
                    verdicts=(self._verdict(last[-1].attempt, tip, red=False),),
                )
            case Land(pulls=pulls):
                for pull in pulls:
                    self._books.merged(pull.task)
                return Landed(
                    project=pulls[0].project,
                    target=pulls[0].target,
                    pulls=action.numbers,
                    candidate=pulls[0].candidate or "",
                )
            case _:
                assert_never(action)

    def _begin(self, action: Follow) -> None:
        attempt = action.attempt
        profile = self._scenario.fleet.profiles[attempt.profile]
        behaviour = behaviour_of(self._scenario, profile=attempt.profile, account=attempt.account)
        play = play_of(profile, behaviour, self._dice)
        self._plays[attempt.id] = play
        running = _Running(action=action, play=play, began=self._clock.now())
        self._running[attempt.id] = running
        self._later(0, lambda: self._heard(running))

    def _heard(self, running: _Running) -> list[Report]:
        """Let an agent say what it has to say by now, and end where its time has come."""
        if self._running.get(running.action.attempt.id) is not running:
            return []
        told = list(self._says(running))
        if running.heard is not None and running.heard >= running.play.lasts:
            return [*told, *self._ended(running, running.play.exit)]
        self._later(self._look, lambda: self._heard(running))
        return told

    def _says(self, running: _Running) -> Iterator[Report]:
        now = (self._clock.now() - running.began).total_seconds()
        lines = lines_of(running.play, running.heard, now, seq=running.seq)
        calls = running.play.calls(now) - running.play.calls(running.heard or 0.0)
        attempt = running.action.attempt.id
        self._books.used(attempt, calls=calls, micros=calls * running.play.call_micros)
        running.heard, running.seq = now, running.seq + len(lines)
        if lines:
            yield _report(running.action, watch.Told(attempt=attempt, lines=lines), last=False)

    def _ended(self, running: _Running, exit_: Exit | None) -> Iterator[Report]:
        attempt = running.action.attempt.id
        del self._running[attempt]
        yield _report(running.action, watch.Exited(attempt=attempt, exit=exit_), last=False)
        yield Report(key=running.action.key)

    def _stopped(self, action: Stop) -> list[Report]:
        told = [_report(action, watch.Stopped(attempt=action.attempt.id))]
        running = self._running.get(action.attempt.id)
        if running is None:
            return told
        return [*self._says(running), *self._ended(running, _KILLED), *told]

    def _collected(self, action: Collect) -> list[Report]:
        attempt = action.attempt
        play = self._plays[attempt.id]
        by_itself = attempt.stopping is None
        resets = play.resets if by_itself else None
        self._books.ended(attempt, play.trouble if by_itself else None, resets=resets)
        gathered = collect.Gathered(
            attempt=attempt.id,
            exit=play.exit if by_itself else _KILLED,
            collected=Collected(head=self._head(attempt), diff=()),
            usage_told=attempt.usage != Usage(),
            resets_after=resets,
        )
        return [_report(action, gathered)]

    def _head(self, attempt: Attempt) -> str:
        """Answer a commit of its own once it worked, else the one it began at."""
        worked = self._books.calls(attempt.id) > 0
        return _sha(attempt.id) if worked else attempt.base or ""

    def _verified(self, action: Verify) -> verify.Verified:
        attempt = action.attempt
        red = self._plays[attempt.id].red
        verdict = self._verdict(attempt.id, attempt.head or "", red=red)
        return verify.Verified(attempt=attempt.id, tip=_sha(attempt.task), verdicts=(verdict,))

    def _verdict(self, attempt: str, sha: str, *, red: bool) -> Verdict:
        return Verdict(
            attempt=attempt,
            name="check",
            sha=sha,
            tree=_sha("tree", sha),
            status=VerdictStatus.FAILED if red else VerdictStatus.PASSED,
            command=("true",),
            exit_code=int(red),
            stdout="simulated",
            stderr="",
            duration_seconds=0.0,
            error=None,
            at=self._clock.now(),
        )


def _done(action: Launch | Propose | Clean | Retire) -> object:
    match action:
        case Propose():
            return propose.failed(action, "nothing simulated is taken back")
        case Launch(attempt=attempt):
            return launch.Launched(attempt=attempt.id, base=_sha(attempt.task))
        case Clean(attempt=attempt):
            return learn.Cleaned(attempt=attempt.id)
        case Retire(task=task, fate=fate, reason=reason):
            return learn.Retired(task=task.key, version=task.version, fate=fate, reason=reason)
        case _:
            assert_never(action)


def _report(action: Action, finding: object, *, last: bool = True) -> Report:
    return Report(key=action.key, finding=finding, last=last)


def _sha(*words: object) -> str:
    return sha1(repr(words).encode(), usedforsecurity=False).hexdigest()
