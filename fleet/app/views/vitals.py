"""Read model of an attempt's signs of life: alive, progressing and finished are three truths."""

from datetime import datetime

from fleet.app.views.row import Row
from fleet.domain.attempt import Attempt, State
from fleet.domain.profile import Fleet

# where its profile is gone, and with it its own limit
_LOST_AFTER = 60.0


def vitals(attempt: Attempt, fleet: Fleet, *, now: datetime) -> Row:
    """Answer the three truths with the seconds since each, None for what never was.

    Alive: its runner beats. Progressing: it told of something, or was seen to work. Finished: it
    told its result, or its container has ended. Before it runs and after it ended there is neither
    beat nor progress.
    """
    profile = fleet.profiles.get(attempt.profile)
    soon = profile.heartbeat_lost_after if profile else _LOST_AFTER
    over = bool(attempt.failure_kind) or attempt.outcome is not None or not attempt.live
    runs = attempt.state is State.RUNNING
    beat, quiet, work = (
        _since(at, now) if runs else None
        for at in (attempt.last_beat, attempt.last_progress, attempt.last_work)
    )
    active = min((each for each in (quiet, work) if each is not None), default=None)
    return {
        "alive": beat is not None and beat <= soon,
        "beat_seconds": beat,
        "progressing": active is not None and active <= soon,
        "quiet_seconds": quiet,
        "work_seconds": work,
        "stall_after_seconds": profile.stall_after if profile else None,
        "finished": over,
        "finished_seconds": _since(attempt.last_beat or attempt.ended, now) if over else None,
        "told": attempt.failure_kind or None,
        "stopping": attempt.stopping.value if attempt.stopping else None,
    }


def _since(at: datetime | None, now: datetime) -> float | None:
    # a clock that was set back does not make what was heard lie ahead
    return None if at is None else max(0.0, round((now - at).total_seconds(), 1))
