"""`fleet memory accept`, `feedback`, `quarantine`, `forget`: a person's word, and its trace."""

import pytest

from tests.cli.taught import CACHE, LOCK, SOCKET, statuses, taught

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_proposal_is_accepted_for_its_project_and_another_for_all(home):
    taught(home, CACHE)
    taught(home, LOCK)

    here = home.run("memory", "accept", "l-1")
    everywhere = home.run("memory", "accept", "L-2", "--everywhere", "--json").json

    assert (here.code, here.out) == (0, "L-1 is active\n")
    assert [(row["id"], row["status"], row["project"]) for row in everywhere] == [
        ("L-2", "active", None)
    ]
    shown = home.run("memory", "show", "L-1", "--json").json
    assert shown["project"] == "APP"
    assert [event["what"].partition(":")[0] for event in shown["history"]] == [
        "lesson.proposed",
        "lesson.accepted",
    ]


def test_what_is_accepted_twice_changes_once(home):
    taught(home, CACHE)
    for _ in range(2):
        assert home.run("memory", "accept", "L-1").out == "L-1 is active\n"

    history = home.run("memory", "show", "L-1", "--json").json["history"]
    assert len(history) == 2


def test_two_that_say_the_same_are_not_both_accepted_for_all(home):
    taught(home, CACHE)
    home.run("memory", "add", CACHE)

    done = home.run("memory", "accept", "L-1", "--everywhere")

    assert done.code == 1
    assert "L-2 says the same as L-1 everywhere (accept L-2, and forget L-1)" in done.err
    assert statuses(home) == {"L-1": "proposed", "L-2": "active"}


def test_an_unknown_lesson_keeps_the_others_from_being_changed(home):
    taught(home, CACHE)

    for verb in ("accept", "quarantine", "forget"):
        done = home.run("memory", verb, "L-1", "L-9", *(["--yes"] if verb == "forget" else []))
        assert (done.code, "no lesson L-9" in done.err) == (1, True)

    assert statuses(home) == {"L-1": "proposed"}


def test_a_quarantined_lesson_says_why_and_is_taken_back_by_accept(home):
    home.run("memory", "add", CACHE)

    done = home.run("memory", "quarantine", "L-1", "--reason", "wrong\x1b[31m since v2")

    assert done.out == "L-1 is quarantined: wrong [31m since v2\n"
    (found,) = home.run("memory", "search", CACHE, "--json").json
    assert found["status"] == "quarantined"
    home.run("memory", "accept", "L-1")
    assert home.run("memory", "show", "L-1", "--json").json["reason"] == ""


def test_what_a_task_or_an_author_taught_is_taken_back_together(home):
    taught(home, CACHE, task="APP-1", author="dev", status="active")
    taught(home, LOCK, task="APP-2", author="dev", status="active")
    taught(home, SOCKET, task="APP-2", author="other", status="active")

    by_task = home.run("memory", "quarantine", "--task", "app-2", "--dry-run", "--json").json
    assert [(row["id"], row["status"]) for row in by_task] == [
        ("L-2", "quarantined"),
        ("L-3", "quarantined"),
    ]
    assert set(statuses(home).values()) == {"active"}

    home.run("memory", "quarantine", "--task", "app-2")
    assert statuses(home) == {"L-1": "active", "L-2": "quarantined", "L-3": "quarantined"}
    home.run("memory", "forget", "--author", "dev", "--yes")
    assert statuses(home) == {"L-1": "forgotten", "L-2": "forgotten", "L-3": "quarantined"}


def test_a_forgotten_lesson_says_nothing_and_a_person_may_add_it_anew(home):
    home.run("memory", "add", CACHE, "--remedy", "reset the cache")

    dry = home.run("memory", "forget", "L-1", "--dry-run")
    unasked = home.run("memory", "forget", "L-1")
    done = home.run("memory", "forget", "L-1", "--yes")

    assert (dry.code, dry.out) == (0, "L-1 would be forgotten\n")
    assert (unasked.code, "no --yes" in unasked.err, CACHE in unasked.err) == (2, True, True)
    assert (done.code, done.out) == (0, "L-1 is forgotten\n")
    assert home.run("memory", "list", "--json").json == []
    assert home.run("memory", "search", CACHE, "--all", "--json").json == []
    assert "reset" not in home.run("memory", "show", "L-1", "--json").out
    for verb in (("accept", "L-1"), ("quarantine", "L-1"), ("feedback", "L-1", "helpful")):
        refused = home.run("memory", *verb)
        assert (refused.code, "L-1 is forgotten" in refused.err) == (1, True)

    again = home.run("memory", "add", CACHE, "--remedy", "reset the cache")
    assert (again.out, "L-1 was forgotten, and is back" in again.err) == ("L-1\n", True)


def test_who_forgets_is_told_where_an_agents_words_stay(home):
    home.agent("own", "")
    taught(home, CACHE, task=home.task("Warm the cache"), author="dev")
    taught(home, LOCK, task="APP-9", author="dev")
    home.run("memory", "add", SOCKET)

    dry = home.run("memory", "forget", "--author", "dev", "--dry-run")
    unasked = home.run("memory", "forget", "L-1")
    done = home.run("memory", "forget", "--author", "dev", "--yes")
    own = home.run("memory", "forget", "L-3", "--yes")

    for told in (dry, unasked, done):
        assert "stays in the log of APP-1 for good" in told.err
    assert own.err == ""


def test_feedback_is_counted_and_harm_quarantines(home):
    home.run("memory", "add", CACHE)

    assert home.run("memory", "feedback", "l-1", "helpful", "--json").json[0]["helpful"] == 1
    for _ in range(3):
        home.run("memory", "feedback", "L-1", "harmful")
    done = home.run("memory", "feedback", "L-1", "harmful")

    assert done.out.startswith("L-1 is quarantined: 4 harmful outcomes")
    shown = home.run("memory", "show", "L-1", "--json").json
    assert (shown["helpful"], shown["harmful"], shown["status"]) == (1, 4, "quarantined")
    told = [event["what"] for event in shown["history"]]
    assert told[1] == "lesson.voted: L-1 is active: 1 helpful, 0 harmful"
    assert sum(each.startswith("lesson.quarantined") for each in told) == 1
    assert shown["credits"] == []
    (back,) = home.run("memory", "accept", "L-1", "--json").json
    assert (back["status"], back["helpful"], back["harmful"]) == ("active", 0, 0)


MISUSE = [
    (("accept",), 2, "ID"),
    (("feedback", "L-1", "good"), 2, "good"),
    (("quarantine",), 2, "which lessons?"),
    (("forget", "--yes"), 2, "which lessons?"),
    (("forget", "L-1", "--author", "dev", "--yes"), 2, "which lessons?"),
    (("forget", "--task", "nope", "--yes"), 1, "is no task key"),
    (("forget", "x", "--yes"), 1, "is no id of a lesson"),
]


def test_misuse_is_one_clear_line_and_changes_nothing(home):
    home.run("memory", "add", CACHE)

    for words, code, said in MISUSE:
        done = home.run("memory", *words)
        assert (done.code, said in done.err, done.out) == (code, True, ""), (words, done.err)

    assert statuses(home) == {"L-1": "active"}


def test_where_nothing_is_meant_that_is_said(home):
    done = home.run("memory", "forget", "--author", "nobody", "--yes")

    assert (done.code, done.out, done.err) == (0, "", "no lesson is meant\n")
