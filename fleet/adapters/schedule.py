"""The alarm: APScheduler wakes the decider at an instant by the wall clock."""

from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from fleet.ports import Alarm

_WAKE = "wake"


class ScheduledAlarm(Alarm):
    """One job at most, replaced whenever it is set; a thread of its own from `ready` to `close`.

    It sleeps by a clock that nobody sets: where the wall clock is set forward it comes late.
    """

    def __init__(self) -> None:
        # however late, and once for all that was missed: who is woken looks at the time himself
        defaults = {"coalesce": True, "misfire_grace_time": None}
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
        self._wake: Callable[[], None] | None = None

    def ready(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._scheduler.start()

    def set(self, at: datetime | None) -> None:
        if at is None:
            self._scheduler.remove_all_jobs()
            return
        self._scheduler.add_job(self._wake, "date", run_date=at, id=_WAKE, replace_existing=True)

    def close(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
