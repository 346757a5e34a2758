"""What people are told of the memory: what it holds, how it is used, and whether it helps."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app import views
from fleet.app.views.outlook import Around
from fleet.domain.attempt import Red, State
from fleet.domain.lesson import Autosave, Credit, Evidence, LessonStatus, MemoryRules
from fleet.domain.teaching import REFUSED
from fleet.ports import Append, Log, Save
from tests.builders import NOW, a_fleet, a_lesson, a_pull, a_recall, a_task, an_attempt, an_event

OLD = NOW - timedelta(days=3)
MERGED = an_attempt(state=State.MERGED)
QUARANTINED = LessonStatus.QUARANTINED


def a_ledger(*writes):
    ledger = MemoryLedger(clock=ManualClock(NOW))
    ledger.commit([Save(row=a_task()), Save(row=MERGED), *writes])
    return ledger


def stats(*writes, paths=None, **rules):
    fleet = a_fleet(memory=MemoryRules(**rules))
    return views.memory_stats(a_ledger(*writes), fleet, now=NOW, paths=paths or {})


def named(rows):
    return [row["id"] for row in rows]


def test_lessons_are_counted_by_status_and_outcomes_by_kind():
    statuses = [LessonStatus.PROPOSED, LessonStatus.PROPOSED, LessonStatus.ACTIVE, QUARANTINED]
    lessons = [Save(row=a_lesson(n, status=each)) for n, each in enumerate(statuses, start=1)]
    credit = Credit(attempt=MERGED.id, lesson="L-3", evidence=Evidence.VERIFIED, at=NOW)

    told = stats(*lessons, Append(row=credit), autosave=Autosave.PROBATION, held_out=0.05)

    counts = {"proposed": 2, "probation": 0, "active": 1, "quarantined": 1, "forgotten": 0}
    assert told["lessons"] == counts
    assert told["credits"] == {"verified": 1, "red": 0, "reverted": 0}
    assert (told["autosave"], told["held_out"]) == ("probation", 0.05)


def test_the_most_used_comes_first_with_its_age_and_its_last_use():
    second = an_attempt(number=2)
    told = stats(
        *(Save(row=a_lesson(n, created=OLD, helpful=n)) for n in (1, 2)),
        Save(row=second),
        Append(row=a_recall(MERGED, "L-1", at=OLD)),
        Append(row=a_recall(MERGED, "L-2", at=OLD)),
        Append(row=a_recall(second, "L-2", at=NOW - timedelta(hours=1))),
    )

    assert named(told["used"]) == ["L-2", "L-1"]
    best = told["used"][0]
    assert (best["given"], best["helpful"], best["age_seconds"]) == (2, 2, 3 * 86400)
    assert best["idle_seconds"] == 3600
    assert told["never_used"] == []


def test_what_was_only_held_out_was_never_used():
    told = stats(Save(row=a_lesson()), Append(row=a_recall(MERGED, given=False)))

    assert (named(told["used"]), named(told["never_used"])) == ([], ["L-1"])


def test_a_proposal_and_what_is_put_away_are_not_called_never_used():
    away = (LessonStatus.PROPOSED, QUARANTINED, LessonStatus.FORGOTTEN)
    lessons = [Save(row=a_lesson(n, status=each)) for n, each in enumerate(away, start=1)]

    assert stats(*lessons)["never_used"] == []


def test_quarantine_is_told_with_its_reason():
    lesson = a_lesson(status=QUARANTINED, reason="3 harmful outcomes", harmful=3)

    (row,) = stats(Save(row=lesson))["quarantined"]

    assert (row["id"], row["reason"], row["harmful"]) == ("L-1", "3 harmful outcomes", 3)


def test_a_lesson_whose_files_are_gone_is_aged_where_its_project_could_be_looked_at():
    lessons = [
        Save(row=a_lesson(1, files=("gone.py",))),
        Save(row=a_lesson(2, files=("app.py",))),
        Save(row=a_lesson(3, files=("gone.py",), project="WEB")),
        Save(row=a_lesson(4, files=("gone.py",), status=QUARANTINED)),
    ]

    assert named(stats(*lessons, paths={"APP": frozenset({"app.py"})})["aged"]) == ["L-1"]
    assert named(stats(*lessons, paths={"APP": frozenset()})["aged"]) == ["L-1", "L-2"]


def a_checked_task(number, *, green, given):
    """Answer the rows of a task whose first check was green or red, with a lesson found for it."""
    key = f"APP-{number}"
    red = {"state": State.REJECTED, "red": Red.CHECK}
    attempt = an_attempt(key, **({"state": State.MERGED} if green else red))
    rows = [Save(row=a_task(key)), Save(row=attempt), Append(row=a_recall(attempt, given=given))]
    return [*rows, Save(row=a_pull(number, task=key))] if green else rows


def test_uplift_is_told_by_task_with_its_interval():
    tasks = [
        *(a_checked_task(100 + n, green=n < 9, given=True) for n in range(10)),
        *(a_checked_task(200 + n, green=n < 3, given=False) for n in range(10)),
    ]

    told = stats(Save(row=a_lesson()), *(write for task in tasks for write in task))["uplift"]

    assert told["given"] == {"tasks": 10, "verified_first": 9, "share": 0.9}
    assert told["held_out"] == {"tasks": 10, "verified_first": 3, "share": 0.3}
    assert told["difference"] == pytest.approx(0.6)
    assert (told["low"], told["high"]) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def test_too_few_tasks_have_no_uplift_but_a_note():
    told = stats(Save(row=a_lesson()), *a_checked_task(2, green=True, given=True))["uplift"]

    assert (told["difference"], told["given"]["tasks"]) == (None, 1)
    assert told["note"].startswith("too few: 1 given and 0 held out")


def lesson_event(kind, lesson, **fields):
    return Log(event=an_event(kind, task=None, data={"lesson": lesson}, **fields))


def reported(*writes, **rules):
    fleet = a_fleet(memory=MemoryRules(**rules))
    around = Around(unfit={}, halted="")
    since = NOW - timedelta(hours=12)
    return views.report(a_ledger(*writes), fleet, since=since, now=NOW, around=around)


def test_the_report_tells_what_is_new_and_what_waits_for_a_person():
    report = reported(
        Save(row=a_lesson(1, status=LessonStatus.PROPOSED)),
        Save(row=a_lesson(2, status=LessonStatus.PROPOSED)),
        Save(row=a_lesson(3)),
        *(Save(row=a_lesson(n, status=QUARANTINED)) for n in (4, 5)),
        lesson_event("lesson.proposed", "L-1"),
        lesson_event("lesson.proposed", "L-2", at=OLD),
        lesson_event("lesson.added", "L-3"),
        lesson_event("lesson.added", "L-4"),
        lesson_event("lesson.quarantined", "L-5"),
        Log(event=an_event(REFUSED, data={"digest": "d"})),
    )

    assert report["memory"] == {
        "autosave": "off",
        "proposed": 1,
        "added": 1,
        "quarantined": 2,
        "refused": 1,
        "waiting": 2,
    }
    words = views.report_markdown(report)
    assert "1 proposed, 1 added, 2 quarantined, 1 refused; autosave is off." in words
    assert "2 wait for you: `fleet memory list --status proposed`" in words


def test_a_report_of_a_night_without_lessons_still_names_the_setting():
    words = views.report_markdown(reported(autosave=Autosave.PROBATION))

    assert "Lessons: no change; autosave is probation." in words
    assert "wait for you" not in words


def test_one_that_was_put_away_and_accepted_again_is_not_told_as_quarantined():
    back = lesson_event("lesson.quarantined", "L-1")

    news = reported(Save(row=replace(a_lesson(), status=LessonStatus.ACTIVE)), back)["memory"]

    assert news["quarantined"] == 0
