"""Scores of lessons: what counts how much, and what is good enough to be given."""

import pytest

from fleet.domain.lesson import MemoryRules
from fleet.domain.scoring import Scored, error_codes, good_enough, identifiers, posterior, ranked
from tests.builders import a_lesson


def scored(query, *lessons, cosine=0.3):
    return ranked(query, {one.id: cosine for one in lessons}, lessons)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("it raises LSW_E1042 at night", {"lsw_e1042"}),
        ("npm ERR! code ERESOLVE", {"eresolve"}),
        ("error TS2322: no", {"ts2322"}),
        ("exit code 137", {"137"}),
        ("HTTP 429 came back", {"429"}),
        ("killed by SIGTERM", {"sigterm"}),
        ("LedgerSyncWorker hangs", {"ledgersyncworker"}),
        ("fetchAll is slow", {"fetchall"}),
        ("ledger_sync and _private", {"ledger_sync", "_private"}),
        ("see tests/app/conftest.py.", {"tests/app/conftest.py", "conftest.py"}),
        ("in C:\\src\\App.cs now", {"/src/app.cs", "app.cs"}),
        ("package-lock.json, again", {"package-lock.json"}),
        ("at unix:///var/run/docker.sock", {"/var/run/docker.sock", "docker.sock"}),
        ("asyncio.create_task(x)", {"asyncio.create_task", "create_task"}),
        ("with --no-cache-dir and -Xmx", {"--no-cache-dir", "-xmx"}),
        ("ERROR: this and/or that, e.g. a test", set()),
        ("Tests pass alone but fail in the suite.", set()),
    ],
)
def test_what_is_a_name_of_its_own(text, names):
    assert identifiers(text) == names


def test_error_codes_are_told_from_other_names():
    assert error_codes("LSW_E1042 in ledger_sync.py, exit code 2, ECONNREFUSED") == {
        "lsw_e1042",
        "2",
        "econnrefused",
    }


@pytest.mark.parametrize(
    "piece", ["a", "A", "aA", "_", "/", "a/", "a.", ".", "-", "E", "1", "é", "aAé"]
)
def test_names_are_sought_in_hostile_texts_in_time(piece):
    for text in (piece * 20_000, f"{piece * 190} " * 80):
        assert len(identifiers(text)) < 100


def test_named_lessons_are_lifted_by_the_share_of_names_they_hold():
    both = a_lesson(1, title="LSW_E1042 in sync.py")
    one = a_lesson(2, title="LSW_E1042 is raised")
    none = a_lesson(3, title="something else")

    found = scored("LSW_E1042 in sync.py", none, one, both)

    assert [each.lesson.number for each in found] == [1, 2, 3]
    assert [round(each.score, 3) for each in found] == [0.4, 0.35, 0.3]
    assert [each.matched for each in found] == [True, True, False]


def test_a_name_is_found_as_a_whole_word_alone():
    part = a_lesson(1, title="see my_order_status_page")
    whole = a_lesson(2, title="see order_status.")

    assert [each.matched for each in scored("order_status", part, whole)] == [True, False]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("Speed up docker builds", {"tags": ("docker",)}),
        ("Change services/ledger/sync.py", {"files": ("services/ledger/sync.py",)}),
        ("Change services/ledger/sync.py", {"files": ("services/ledger/**",)}),
        ("Change sync.py", {"files": ("services/ledger/sync.py",)}),
    ],
)
def test_a_lesson_matches_by_its_tags_and_files(query, fields):
    matching, other = a_lesson(1, title="x", **fields), a_lesson(2, title="x")

    assert [each.matched for each in scored(query, matching, other)] == [True, False]


def test_outcomes_count_a_tenth():
    good, bad, new = a_lesson(1, helpful=8), a_lesson(2, harmful=8), a_lesson(3)

    assert (posterior(good), posterior(bad), posterior(new)) == (0.9, 0.1, 0.5)
    assert [each.lesson.number for each in scored("x", bad, new, good)] == [1, 3, 2]
    assert [round(each.score, 2) for each in scored("x", good, new, bad)] == [0.34, 0.3, 0.26]


def test_equal_scores_are_ordered_by_number_and_lessons_without_a_cosine_left_out():
    lessons = [a_lesson(3), a_lesson(1), a_lesson(2)]

    found = ranked("x", {"L-3": 0.3, "L-1": 0.3}, lessons)

    assert [each.lesson.id for each in found] == ["L-1", "L-3"]


def of_score(score, *, matched=False, number=1):
    return Scored(lesson=a_lesson(number), score=score, cosine=score, matched=matched)


@pytest.mark.parametrize(
    ("score", "matched", "given"),
    [(0.25, False, 1), (0.24, False, 0), (0.2, True, 1), (0.19, True, 0)],
)
def test_what_is_below_the_floor_is_not_given(score, matched, given):
    scored = [of_score(score, matched=matched)]

    assert len(good_enough(scored, MemoryRules(floor=0.25))) == given
