"""What reviewers are shown: their own verdicts, the queue before them, what waits, who clashed."""

from datetime import timedelta

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app import views
from fleet.domain.attempt import Red, State
from fleet.domain.lesson import Draft, LessonStatus, digest_of
from fleet.domain.merge import PullRequestStatus
from fleet.domain.result import VerdictStatus
from fleet.domain.task import Priority, Resolution
from fleet.domain.words import age, lines_of
from fleet.ports import Append, Log, Save
from tests.builders import (
    NOW,
    SHA,
    a_fleet,
    a_hold,
    a_lesson,
    a_project,
    a_pull,
    a_settlement,
    a_task,
    a_verdict,
    an_attempt,
    an_event,
)

QUEUED, MERGED = PullRequestStatus.QUEUED, PullRequestStatus.MERGED
OTHER = "e" * 40
LANDED = "d" * 40


def a_ledger(*rows, appended=(), logged=()) -> MemoryLedger:
    ledger = MemoryLedger(clock=ManualClock(NOW))
    saved = [Save(row=row) for row in rows]
    beside = [Append(row=row) for row in appended]
    ledger.commit([*saved, *beside, *(Log(event=event) for event in logged)])
    return ledger


def in_review(number=1, **pull):
    key = f"APP-{number}"
    attempt = an_attempt(key, state=State.VERIFIED, cleaned=True)
    return a_task(key), attempt, a_pull(number, key, **pull)


def page(ledger, number=1):
    return views.pull_view(number, ledger, now=NOW, halted="")


def rows(ledger, *, closed=False):
    return {
        row["number"]: row for row in views.pull_rows(ledger, now=NOW, closed=closed, halted="")
    }


def test_its_verdicts_are_those_at_its_commit_and_those_as_it_landed():
    landed = {"status": MERGED, "merged_sha": LANDED, "candidate": OTHER, "built": LANDED}
    verdicts = [a_verdict(sha=sha) for sha in (SHA, OTHER, LANDED, "f" * 40)]

    view = page(a_ledger(*in_review(**landed), appended=verdicts))

    assert [(v["where"], v["sha"]) for v in view["verdicts"]] == [
        ("alone", SHA),
        ("merged", OTHER),
        ("merged", LANDED),
    ]
    assert [v["sha"] for v in view["tried"]] == ["f" * 40]


def test_green_tries_of_batches_make_no_branch_green():
    red = a_verdict(status=VerdictStatus.FAILED)

    view = page(a_ledger(*in_review(), appended=[red, a_verdict(sha=OTHER)]))

    assert view["risk"] == ["not every verdict is green"]


def test_no_criterion_is_shown_by_what_a_batch_was_told():
    task, *rest = in_review()
    asked = a_task(accept=("test: green",))

    view = page(a_ledger(asked, *rest, appended=[a_verdict(sha=OTHER)]))

    assert task.key == asked.key
    assert [(one["check"], one["shown"]) for one in view["accept"]] == [(None, False)]


def test_risks_of_policy_are_told_as_they_were_noticed():
    ledger = a_ledger(*in_review(risk=("secret: a.txt:1",)), appended=[a_verdict()])

    assert page(ledger)["risk"] == ["secret: a.txt:1"]


def test_a_known_or_flaky_verdict_says_so_and_where_its_log_lies():
    known = a_verdict(source="app-9-1-x", flaky=True, log="traces/checks/1.log")

    (verdict,) = page(a_ledger(*in_review(), appended=[known]))["verdicts"]

    assert (verdict["source"], verdict["flaky"]) == ("app-9-1-x", True)
    assert verdict["log"] == "traces/checks/1.log"


def test_who_is_queued_is_told_how_many_stand_before_it():
    ledger = a_ledger(
        *in_review(1, status=QUEUED),
        *in_review(2, status=PullRequestStatus.APPROVED, created=NOW - timedelta(hours=1)),
        *(a_task("APP-3", priority=Priority.HIGH), *in_review(3, status=QUEUED)[1:]),
        *in_review(4, status=QUEUED, target="next"),
        *in_review(5),
        *in_review(6, status=QUEUED, reason="main is dirty"),
        *in_review(7, status=PullRequestStatus.MERGING),
    )

    waits = {number: row["waits"] for number, row in rows(ledger).items()}

    assert waits == {
        1: "2 before it in the queue",
        2: "1 before it in the queue",
        3: "next in the queue of main",
        4: "next in the queue of next",
        5: "waits for your review",
        6: "main is dirty",
        7: "its merge is checked and lands in main",
    }


def test_a_list_leaves_out_what_has_ended_unless_asked():
    task = a_task(resolution=Resolution.MERGED)
    ledger = a_ledger(task, *in_review(status=MERGED, merged_sha=LANDED)[1:], *in_review(2))

    assert list(rows(ledger)) == [2]
    assert list(rows(ledger, closed=True)) == [1, 2]
    assert rows(ledger, closed=True)[1]["waits"] == ""


def test_who_landed_as_one_is_told():
    batch = {"status": MERGED, "candidate": OTHER, "merged_sha": LANDED}
    alone = batch | {"candidate": "9" * 40}
    ledger = a_ledger(
        *in_review(1, **batch), *in_review(2, **batch), *in_review(3), *in_review(4, **alone)
    )

    assert [page(ledger, number)["together"] for number in (1, 2, 3, 4)] == [[2], [1], [], []]


def test_an_earlier_round_and_what_was_said_of_it_stand_on_the_next_page():
    said = ("ann, 2026-03-14 09:26 UTC: name it better",)
    first = a_pull(1, status=PullRequestStatus.REJECTED, comments=said, reason="ann commented")
    rejected = an_attempt(state=State.REJECTED, red=Red.REVIEW, cleaned=True)
    second = an_attempt(number=2, state=State.VERIFIED, cleaned=True)
    ledger = a_ledger(a_task(), rejected, second, first, a_pull(2, attempt=second.id))

    (earlier,) = page(ledger, 2)["earlier"]

    assert (earlier["number"], earlier["comments"]) == (1, list(said))
    assert page(ledger, 1)["earlier"] == []
    assert [len(page(ledger, number)["attempts"]) for number in (1, 2)] == [1, 2]


def test_lessons_are_those_that_earlier_attempts_handed_over():
    first = an_attempt(state=State.REJECTED, red=Red.CHECK, cleaned=True)
    second = an_attempt(number=2, state=State.VERIFIED, cleaned=True)

    def told(attempt, title):
        data = {"title": title}
        return an_event("agent.lesson", task="APP-1", attempt=attempt.id, data=data)

    events = [told(first, "old"), told(first, "old"), told(second, "own")]
    ledger = a_ledger(a_task(), first, second, a_pull(attempt=second.id), logged=events)

    assert page(ledger)["lessons"] == ["old"]


def test_a_lesson_that_was_forgotten_is_not_told_by_its_pull_request():
    first = an_attempt(state=State.REJECTED, red=Red.CHECK, cleaned=True)
    second = an_attempt(number=2, state=State.VERIFIED, cleaned=True)
    told = [
        an_event("agent.lesson", task="APP-1", attempt=first.id, data={"title": title})
        for title in ("secret", "kept")
    ]
    digest = digest_of(Draft(title="secret"), None)
    gone = a_lesson(status=LessonStatus.FORGOTTEN, title="", digest=digest)
    ledger = a_ledger(a_task(), first, second, a_pull(attempt=second.id), gone, logged=told)

    assert page(ledger)["lessons"] == ["kept"]


def test_costs_are_told_by_attempt_and_in_all():
    task, attempt, pull = in_review()
    before = an_attempt(number=2, state=State.REJECTED, cleaned=True)
    pull = a_pull(attempt=before.id)
    spent = [a_settlement(attempt, micros=100_000), a_settlement(before, micros=200_000)]

    view = page(a_ledger(task, attempt, before, pull, appended=spent))

    assert ([row["cost_usd"] for row in view["attempts"]], view["cost_usd"]) == ([0.1, 0.2], 0.3)


def test_a_page_says_what_it_takes_back_and_what_took_it_back():
    landed = {"status": MERGED, "merged_sha": LANDED}
    done = {"resolution": Resolution.MERGED}
    ledger = a_ledger(
        *(a_task(**done), *in_review(1, **landed)[1:]),
        *(a_task("APP-2", reverts=1, **done), *in_review(2, **landed)[1:]),
    )

    assert (page(ledger, 1)["reverted_by"], page(ledger, 2)["reverted_by"]) == (2, None)
    assert (page(ledger, 1)["reverts"], page(ledger, 2)["reverts"]) == (None, 1)


def a_clash():
    first = an_attempt(state=State.REJECTED, red=Red.CONFLICT, others=("APP-2",), cleaned=True)
    return a_ledger(a_task(), a_task("APP-2", title="Theirs"), first)


def test_a_task_names_the_tasks_it_did_not_go_together_with():
    (attempt,) = views.task_view("APP-1", a_clash(), a_fleet(), now=NOW, halted="")["attempts"]

    assert attempt["others"] == [{"key": "APP-2", "title": "Theirs"}]


def test_a_task_that_is_not_begun_for_the_reviewers_sake_says_so():
    fleet = a_fleet(projects={"APP": a_project(in_review_limit=1)})
    ledger = a_ledger(a_task("APP-9"), *in_review())
    said = "1 pull request waits for your review in APP (in_review_limit: 1)"

    view = views.task_view("APP-9", ledger, fleet, now=NOW, halted="")
    listed = {row["key"]: row["reason"] for row in views.board_rows(ledger, fleet)}
    status = views.status_view(ledger.snapshot(), fleet, now=NOW, around=views.Around())
    (asked,) = views.explained(ledger.snapshot(), fleet, now=NOW, around=views.Around())

    assert (view["status"], view["reason"], listed["APP-9"]) == ("ready", said, said)
    assert {row["task"]: row["waiting_for"] for row in status["queue"]}["APP-9"] == said
    assert (asked["task"], asked["reason"], asked["slot"]) == ("APP-9", said, None)


def reported(ledger, since=NOW - timedelta(hours=12)):
    return views.report(ledger, a_fleet(), since=since, now=NOW, around=views.Around())


@pytest.mark.parametrize(("subject", "stays"), [("task APP-1", False), ("fleet", True)])
def test_what_has_begun_to_land_is_shown_stopped_where_everything_is(subject, stays):
    ledger = a_ledger(*in_review(status=PullRequestStatus.MERGING), a_hold(subject))

    waits = page(ledger)["waits"]

    assert waits == rows(ledger)[1]["waits"]
    assert ("stopped by" in waits, "lands in main" in waits) == (stays, not stays)


def test_the_report_tells_what_waits_for_review_however_long_it_waits():
    old = {"created": NOW - timedelta(days=3), "size": 1, "risk": ("ci: <b>x</b>",)}
    ledger = a_ledger(*in_review(**old), *in_review(2, status=QUEUED), appended=[a_verdict()])

    report = reported(ledger)
    words = views.report_markdown(report)

    assert [(row["number"], row["risk"]) for row in report["review"]] == [(1, ["ci: <b>x</b>"])]
    assert "## Waits for your review (1)" in words
    assert "**#1** APP-1 Do what APP-1 says (1 line, 3 d old, 0.0 USD)" in words
    assert r"  - risk: ci: \<b>x\</b>" in words


def test_a_report_of_a_quiet_night_says_nothing_of_review():
    assert "review" not in views.report_markdown(reported(a_ledger()))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86_400, "1 d"), (9e5, "10 d")],
)
def test_an_age_is_told_in_the_largest_unit(seconds, said):
    assert age(seconds) == said


def test_one_line_is_no_lines():
    assert [lines_of(size) for size in (0, 1, 2)] == ["0 lines", "1 line", "2 lines"]
