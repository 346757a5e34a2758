"""`fleet up` as a user sees it: work starts in the minute of the run, a report lies in the home."""

import signal
import time
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from tests.e2e.fleets import Home
from tests.e2e.test_swaps import leased_at

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(600)]

WRITES = "open('made.txt', 'w').write('made')"
INTERRUPTED = 130


def cron_at(at: datetime) -> str:
    return f"{at.minute} {at.hour} * * *"


def wait_until_done(home: Home, key: str, *, seconds: float) -> None:
    deadline, pause = time.monotonic() + seconds, Event()
    while home.show(key)["status"] != "done":
        assert time.monotonic() < deadline, home.show(key)
        pause.wait(3)


def test_a_service_starts_work_in_the_minute_of_its_run_and_ends_when_it_is_told(
    home: Home,
) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the clock of the command
    # half a minute at least, so that the service waits for it, on a busy machine too
    begins = (now + timedelta(seconds=90)).replace(second=0, microsecond=0)
    until = (begins + timedelta(hours=1)).strftime("%H:%M")
    home.agent("writes", WRITES)
    key = home.task("write a file")
    home.configure(
        schedule=[
            {"name": "night", "cron": cron_at(begins), "run": {"until": until, "parallel": 2}},
            {
                "name": "early",
                "cron": cron_at(now - timedelta(hours=1)),
                "report": {"since": "12h", "to": "traces/reports"},
            },
        ]
    )

    service = home.start("up")
    try:
        wait_until_done(home, key, seconds=360)
    finally:
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=150)

    # not when its container ran: a busy machine takes its time over that
    assert begins <= leased_at(home, key, seconds=1) < begins + timedelta(seconds=30), said
    assert service.returncode == INTERRUPTED, said
    assert "the run `night` begins at" in said
    assert "is under way" in said
    reports = list((home.folder / "traces" / "reports").iterdir())
    assert [path.name[:8] for path in reports] == ["early-20"]
    assert reports[0].read_text().startswith("# Fleet report since ")
    assert home.containers() == []
