"""A run that ends says which instant it would have waited for, and shows when nothing may start."""

from datetime import timedelta
from time import tzset

import pytest

from fleet.cli.running import Progress
from fleet.domain.plan import Plan, Snapshot, Wait
from tests.builders import NOW

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def kolkata():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        tzset()
        yield
    tzset()


def waits(*untils):
    found = enumerate(untils, start=1)
    return tuple(Wait(task=f"APP-{n}", reason=f"reason\n{n}", until=at) for n, at in found)


@pytest.mark.parametrize("untils", [(), (None,)])
def test_nothing_is_said_where_no_instant_is_known(untils):
    progress = Progress(quiet=True)

    progress.seen(Snapshot(), Plan(waits=waits(*untils)))

    assert progress.next == ""


def test_the_first_instant_is_said_by_the_machines_clock_with_what_to_do(kolkata):
    # `--until HH:MM` is read by that clock: told in UTC it would be another instant
    progress = Progress(quiet=True)

    progress.seen(Snapshot(), Plan(waits=waits(None, LATER, NOW)))

    assert progress.next == (
        "nothing can start before 2026-03-14 14:56 IST: reason 3; `fleet run --until HH:MM` waits"
    )


def test_what_was_said_is_forgotten_once_it_goes_on():
    progress = Progress(quiet=True)
    progress.seen(Snapshot(), Plan(waits=waits(LATER)))

    progress.seen(Snapshot(), Plan())

    assert progress.next == ""


def test_a_storm_is_a_line_of_progress_and_so_is_its_end(capsys):
    progress = Progress(quiet=False)
    for storm in ("", "every account cools", "every account cools", "", ""):
        progress.seen(Snapshot(), Plan(storm=storm))

    lines = [said.split(maxsplit=1)[1] for said in capsys.readouterr().err.splitlines()]
    assert [" ".join(said.split()) for said in lines] == [
        "pool stands still every account cools",
        "pool goes on",
    ]
