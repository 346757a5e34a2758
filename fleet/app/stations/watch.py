"""Watch: read a container's event lines, notice its end, stop it when it must be stopped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleet.app import health
from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, State
from fleet.domain.errors import TransientError
from fleet.domain.plan import Follow, Stop
from fleet.domain.profile import Fleet
from fleet.domain.wire import LOGGED, MAX_LINE, Line, hear, parse
from fleet.ports import ContainerRuntime, Exit

_GRACE = 10.0  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a container said; `dropped` counts lines too long, malformed or unknown."""

    attempt: str
    lines: tuple[Line, ...]
    dropped: int = 0


@dataclass(frozen=True, kw_only=True)
class Exited:
    """The container has ended; `exit` is None when the engine does not know it any more."""

    attempt: str
    exit: Exit | None


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """The engine was told to stop the container."""

    attempt: str


def read(action: Follow, tools: Tools) -> Iterator[Told | Exited]:
    """Yield what the container says, then its end; raises TransientError to be followed anew."""
    name = action.attempt.container
    rest = b""
    skipping = False
    for chunk in tools.runtime.follow(name):
        *whole, rest = (rest + chunk).split(b"\n")
        dropped = 0
        if skipping and whole:
            whole, skipping, dropped = whole[1:], False, 1
        if len(rest) > MAX_LINE:
            rest, skipping = b"", True
        lines = [parse(raw) for raw in whole if raw]
        heard = tuple(_redacted(line, tools) for line in lines if line is not None)
        if any(line.type == "started" for line in heard):
            # the runner has read it, and keeps it from its agent as far as the CLI allows
            tools.hide(action.attempt.id)
        dropped += len(lines) - len(heard)
        if heard or dropped:
            yield Told(attempt=action.attempt.id, lines=heard, dropped=dropped)
    ended = _ended(name, tools)
    tools.hide(action.attempt.id)
    yield Exited(attempt=action.attempt.id, exit=ended)


def patient(finding: object) -> bool:
    """Tell whether what a container said may wait a second: beats alone, of many at once."""
    if not isinstance(finding, Told) or finding.dropped:
        return False
    return all(line.type == "beat" for line in finding.lines)


def _redacted(line: Line, tools: Tools) -> Line:
    # an agent may print its own key; what it says goes into the ledger
    return replace(line, data=tools.secrets.redacted(line.data))


def _ended(name: str, tools: Tools) -> Exit | None:
    """Answer how the container ended, None when the engine says that it is gone."""
    ended = tools.runtime.wait(name, timeout=0) or tools.runtime.wait(name, timeout=_GRACE)
    if ended is not None:
        return ended
    known = {state.name: state for state in tools.runtime.containers()}
    if name not in known:
        return None
    # one that neither runs nor ended was never started: an engine killed with all it knew
    if known[name].running:
        raise TransientError(f"container {name} still runs though its output has ended")
    return known[name].exit


def settle(finding: Told, desk: Desk, *, fleet: Fleet) -> list[Line]:
    """Fold new lines into the attempt; answer those that were new, for the trace."""
    attempt = desk.attempt(finding.attempt)
    if attempt is None or attempt.state not in {State.PREPARING, State.RUNNING}:
        return []
    before, fresh = attempt.usage, list[Line]()
    for line in finding.lines:
        if line.seq > attempt.last_seq:
            fresh.append(line)
            attempt = _heard(attempt, line, desk)
    if finding.dropped:
        desk.log("agent.dropped", attempt, what=f"{finding.dropped} lines were no event lines")
    if fresh:
        desk.save(attempt)
    # what comes with a result is judged with it, at collect
    if attempt.usage != before and not attempt.failure_kind:
        health.answered(attempt, desk, fleet=fleet)
    return fresh


def trace(told: Mapping[str, Sequence[Line]], tools: Tools) -> None:
    """Keep what the containers of attempts newly said."""
    for attempt, lines in told.items():
        said = [{"kind": line.type, "seq": line.seq, "told": dict(line.data)} for line in lines]
        if said:
            tools.trace(attempt, *said)


def _heard(attempt: Attempt, line: Line, desk: Desk) -> Attempt:
    if line.seq > attempt.last_seq + 1:
        gap = f"lines {attempt.last_seq + 1} to {line.seq - 1} are missing"
        desk.log("agent.gap", attempt, what=gap)
    attempt = hear(attempt, line, at=desk.at)
    if line.type in LOGGED:
        what = str(line.data.get("message") or line.data.get("summary") or "")[:500]
        data = dict(line.data)
        desk.log(f"agent.{line.type}", attempt, what=what, data=data, seq=line.seq)
    return attempt


def record_stop(action: Stop, desk: Desk) -> None:
    """Write down the stop before it is sent: from now on nothing said is a success."""
    if action.attempt.stopping is None:
        attempt = replace(
            action.attempt, stopping=action.outcome, cause=action.cause, reason=action.reason
        )
        data = {"outcome": action.outcome.value, "cause": action.cause and action.cause.value}
        desk.save(attempt)
        desk.log("attempt.stopping", attempt, what=action.reason, data=data)


def carry_out_stop(action: Stop, tools: Tools) -> Stopped:
    """Carry out a stop that is written down."""
    end(action.attempt, tools.runtime)
    return Stopped(attempt=action.attempt.id)


def end(attempt: Attempt, runtime: ContainerRuntime) -> None:
    """Let the engine end the attempt's container: SIGTERM first, SIGKILL after the grace."""
    runtime.stop(attempt.container, grace=_GRACE)
