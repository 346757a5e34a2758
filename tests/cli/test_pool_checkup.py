"""What doctor says of windows, of timezones and of accounts that stand still."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fleet.adapters.memory import ManualClock
from fleet.bootstrap import office_open
from fleet.cli.pool_checkup import pool_examined
from fleet.config import read_settings
from fleet.ports import Save
from tests.builders import a_health

pytestmark = pytest.mark.slow

NOON = datetime(2026, 6, 1, 9, tzinfo=UTC)  # a Monday, 12:00 in Moscow
NIGHTS = {"from": "22:00", "to": "08:00", "timezone": "Europe/Moscow"}


def examined(home, *rows, at=NOON, **account):
    home.configure(accounts=[{"name": "alice", "agent": "command", **account}])
    with office_open(read_settings(home.folder)) as office:
        office.ledger.commit([Save(row=row) for row in rows])
        found = pool_examined(replace(office, clock=ManualClock(at)))
        return {row["check"]: row for row in found}


def test_a_closed_window_says_when_it_opens_next(home):
    row = examined(home, window=NIGHTS)["window alice"]

    opens = datetime(2026, 6, 1, 19, tzinfo=UTC).astimezone()
    assert row["status"] == "ok"
    assert row["detail"] == f"closed; it opens {opens:%Y-%m-%d %H:%M:%S %Z}"


def test_an_open_window_says_when_it_closes(home):
    night = NOON.replace(hour=23)
    row = examined(home, at=night, window=NIGHTS)["window alice"]

    closes = datetime(2026, 6, 2, 5, tzinfo=UTC).astimezone()
    assert row["detail"] == f"open until {closes:%Y-%m-%d %H:%M:%S %Z}"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOON, "from {2026-06-01 19:00} to {2026-06-02 05:00}"),
        (NOON.replace(hour=23), "under way until {2026-06-02 05:00}"),
    ],
)
def test_an_entry_of_the_schedule_says_when_its_time_is(home, at, said):
    entry = {"cron": "0 22 * * *", "timezone": "Europe/Moscow"}
    night = {"name": "night", **entry, "run": {"until": "08:00"}}
    evening = {"name": "evening", **entry, "report": {"since": "12h", "to": "traces/reports"}}
    home.configure(schedule=[night, evening])

    rows = examined(home, at=at)

    assert rows["run night"]["detail"] == f"{locally(said)}, while `fleet up` stands"
    following = "{2026-06-01 19:00}" if at == NOON else "{2026-06-02 19:00}"
    assert rows["report evening"]["detail"] == (
        f"next {locally(following)} into traces/reports, while `fleet up` stands"
    )
    assert "Europe/Moscow" in rows["clock"]["detail"]


def locally(said):
    """Write the instants in braces as the clock of this machine shows them."""

    def there(found):
        at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        return f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}"

    return re.sub(r"\{(.*?)\}", there, said)


def test_every_timezone_that_counts_is_shown_with_its_time(home):
    row = examined(home, window=NIGHTS, timezone="Asia/Tokyo")["clock"]

    assert row["detail"] == "Mon 09:00 UTC, Mon 18:00 Asia/Tokyo, Mon 12:00 Europe/Moscow"


@pytest.mark.parametrize(
    ("health", "said", "remedy"),
    [
        ({"blocked": True, "until": None, "kind": "auth"}, "blocked", "fleet pool open alice"),
        ({"until": NOON.replace(hour=10), "reason": "429"}, "cooling until", ""),
    ],
)
def test_an_account_that_stands_still_is_a_warning(home, health, said, remedy):
    row = examined(home, a_health("account alice", **health))["pool alice"]

    assert row["status"] == "warn"
    assert row["detail"].startswith(said)
    assert row["remedy"].endswith(remedy)


def test_an_expired_credential_is_a_warning_that_opening_does_not_mend(home):
    row = examined(home, expires="2026-05-31")["pool alice"]

    assert "expired on 2026-05-31" in row["detail"]
    assert row["remedy"] == ""


def test_an_account_that_works_has_no_line(home):
    assert set(examined(home)) == {"clock"}
