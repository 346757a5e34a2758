"""A criterion is shown by a check only where its own words name that check."""

import pytest

from fleet.domain.criteria import criteria
from fleet.domain.result import VerdictStatus
from tests.builders import a_verdict


def marked(text, *verdicts):
    (one,) = criteria((text,), verdicts or (a_verdict(name="tests"), a_verdict(name="lint")))
    return one


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("tests: the empty list is handled", "tests"),
        ("LINT : no warning", "lint"),
        ("`lint` stays quiet", "lint"),
        ("there is a test for it, see `tests`", "tests"),
    ],
)
def test_a_criterion_that_names_a_green_check_is_shown_by_it(text, check):
    one = marked(text)

    assert (one.check, one.shown) == (check, True)


@pytest.mark.parametrize(
    "text",
    [
        "tests are added for the empty list",
        "check that the title is shown",
        "the tests: all of them pass",
        "unit tests: fast",
        "no lint",
        "",
        ":",
    ],
)
def test_a_criterion_that_names_no_check_is_shown_by_none(text):
    one = marked(text, a_verdict(name="tests"), a_verdict(name="lint"), a_verdict(name="check"))

    assert (one.check, one.status, one.shown) == (None, None, False)


def test_a_check_that_did_not_run_shows_nothing():
    assert marked("tests: all", a_verdict(name="lint")).check is None


@pytest.mark.parametrize("status", [VerdictStatus.FAILED, VerdictStatus.ERROR])
def test_a_check_that_is_not_green_shows_nothing(status):
    one = marked("tests: all", a_verdict(name="tests", status=status))

    assert (one.check, one.status, one.shown) == ("tests", status, False)


def test_where_an_approved_check_ran_twice_both_have_to_be_green():
    own = a_verdict(name="tests")
    old = a_verdict(name="tests@target", status=VerdictStatus.FAILED)

    assert not marked("tests: all", own, old).shown
    assert marked("tests: all", own, a_verdict(name="tests@target")).shown


def test_the_longer_of_two_names_is_meant():
    verdicts = (a_verdict(name="unit tests"), a_verdict(name="tests"))

    assert marked("`unit tests` and `tests`", *verdicts).check == "unit tests"
