"""Halting: write down what people stop, and lift it again."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from fleet.app.desk import Desk, Pen
from fleet.app.stations import intake, watch
from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.errors import DuplicateError, FleetError, StaleLeaseError, TransientError
from fleet.domain.events import Event
from fleet.domain.halting import halts_of
from fleet.domain.hold import COORDINATOR, FLEET, Hold, HoldKind, reason_of, task_subject
from fleet.domain.plan import Snapshot, Stop
from fleet.ports import ContainerRuntime, Fence, Ledger, Log, Save, Write

log = logging.getLogger(__name__)

_TRIES = 20
_AT_ONCE = 16  # containers


def stop_all(pen: Pen, *, reason: str) -> Hold:
    """Stop everything until it is resumed; what was stopped before stays as it was."""
    return _hold(FLEET, HoldKind.STOP, pen, reason=reason)


def stop_task(key: str, pen: Pen, *, reason: str) -> Hold:
    """Stop a task until it is resumed; raises as `stoppable` does."""
    stoppable(key, pen.ledger)
    return _hold(task_subject(key), HoldKind.STOP, pen, reason=reason)


def stoppable(key: str, ledger: Ledger) -> None:
    """Raise NotFoundError where there is no such task, FleetError where it has ended."""
    task = ledger.task(key)
    if not task.open:
        raise FleetError(f"{key} has ended already: {task.resolution}")


def end_coordinator(kind: HoldKind, term: int, pen: Pen) -> Hold:
    """Ask the coordinator of that term to end; raises DeposedError where it is another's now."""
    return _hold(COORDINATOR, kind, pen, reason="", fence=(Fence(term=term),))


def resume(subject: str, pen: Pen) -> Hold | None:
    """Lift a hold; answer it as it was, None where there was none."""
    for _ in range(_TRIES):
        hold = pen.ledger.hold(subject)
        if hold is None or not hold.active:
            return None
        if _written(replace(hold, active=False), "resumed", pen):
            return hold
    raise _restless(subject)


def stop_unattended(pen: Pen, runtime: ContainerRuntime, *, halted: str) -> tuple[Attempt, ...]:
    """Stop what runs though it is held or `halted`, where nobody coordinates; answer the attempts.

    Their work stays where it is until a coordinator collects it. A ledger that cannot be written
    keeps nobody from being stopped: the next coordinator finds the order where it was given.
    Raises EngineDownError.
    """
    for _ in range(_TRIES):
        snapshot = pen.ledger.snapshot()
        sent = tuple(stops(snapshot, halted=halted))
        desk = Desk(snapshot, at=pen.clock.now(), who=pen.who)
        for stop in sent:
            # written down first: from then on nothing that it says is a success
            watch.record_stop(stop, desk)
        try:
            pen.ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        except TransientError as error:
            log.warning("stops not written", extra={"reason": str(error)})
        with ThreadPoolExecutor(_AT_ONCE) as hands:
            list(hands.map(lambda stop: watch.end(stop.attempt, runtime), sent))
        return tuple(stop.attempt for stop in sent)
    raise _restless("what runs")


def stops(snapshot: Snapshot, *, halted: str) -> Iterator[Stop]:
    """Answer the stops of what runs though people want it to end."""
    halts = halts_of(snapshot.holds, halted=halted)
    for attempt in snapshot.attempts:
        reason = halts.stop(attempt.task)
        if reason and attempt.state in {State.PREPARING, State.RUNNING}:
            yield Stop(attempt=attempt, outcome=Outcome.CANCELLED, reason=reason)


def _hold(
    subject: str, kind: HoldKind, pen: Pen, *, reason: str, fence: Sequence[Fence] = ()
) -> Hold:
    intake.keepable([reason], what="a reason")
    for _ in range(_TRIES):
        before = pen.ledger.hold(subject)
        if before is not None and before.active and kind in {before.kind, HoldKind.DRAIN}:
            # who stopped it first is told of; a stop is no weaker for a drain that follows
            return before
        version = before.version if before else 0
        hold = Hold(
            subject=subject,
            kind=kind,
            active=True,
            who=pen.who,
            at=pen.clock.now(),
            reason=reason_of(reason),
            version=version,
        )
        if _written(hold, "held", pen, fence=fence):
            return hold
    raise _restless(subject)


def _written(hold: Hold, verb: str, pen: Pen, *, fence: Sequence[Fence] = ()) -> bool:
    at = pen.clock.now()
    noun, _, key = hold.subject.partition(" ")
    event = Event(
        kind=f"{noun}.{verb}",
        at=at,
        who=pen.who,
        task=key or None,
        what=hold.reason or hold.said,
        data={"kind": hold.kind.value},
    )
    changed = replace(hold, who=pen.who, at=at)
    writes: list[Write] = [*fence, Save(row=changed), Log(event=event)]
    try:
        pen.ledger.commit(writes)
    except (StaleLeaseError, DuplicateError):
        return False
    return True


def _restless(subject: str) -> TransientError:
    return TransientError(f"the hold of {subject} changes all the time", remedy="try again")
