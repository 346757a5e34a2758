"""The user's patterns on what agents wrote: found as before, and given up in time."""

import threading

import pytest

from fleet.adapters.patterns import Search
from fleet.adapters.redaction import Redaction
from fleet.adapters.scanner import SecretScanner
from fleet.adapters.verifying.container import Wanted
from fleet.adapters.verifying.run import Ran
from fleet.adapters.verifying.transcript import Transcript
from fleet.adapters.verifying.verdicts import judged
from fleet.domain.errors import TooSlowError
from fleet.domain.licences import Licence
from fleet.domain.result import Check, VerdictStatus
from fleet.ports import Exit
from tests.builders import a_project

# would take years: a word that ends otherwise is tried in every way it can be taken apart
ENDLESS, BAIT = r"(?:\w|\w\w)+\d$", "a" * 60 + "!"


def said(stdout="", stderr="", *, pattern):
    """Answer what a check that ended with 0 and wrote that is taken for."""
    check = Check(name="check", command=("make", "test"), no_tests=pattern)
    wanted = Wanted(
        home8="0" * 8, project=a_project(), attempt="app-1", sha="0" * 40, check=check, overlay=True
    )
    written = Transcript([(1, stdout.encode()), (2, stderr.encode())])
    return judged(
        wanted, Ran(exit=Exit(code=0, out_of_memory=False), transcript=written, seconds=1.0)
    )


def licences(patterns, **heads):
    return SecretScanner(Redaction()).licences(patterns, heads)


def test_others_go_on_while_a_pattern_backtracks_and_it_is_given_up():
    ended, ticks = threading.Event(), []

    def tick():
        while not ended.wait(0.01):
            ticks.append(1)

    other = threading.Thread(target=tick)
    other.start()
    search = Search(ENDLESS)
    try:
        with pytest.raises(TooSlowError, match="took longer"):
            search.found(BAIT)
    finally:
        ended.set()
        other.join()

    assert len(ticks) > 5


def test_what_was_given_up_is_not_looked_for_again():
    search = Search(ENDLESS)

    with pytest.raises(TooSlowError):
        search.first(["fine"] * 10 + [BAIT])
    with pytest.raises(TooSlowError):
        search.found(BAIT)


def test_licences_are_found_in_any_case_each_with_its_pattern():
    found = licences(["gnu (affero )?general", "mit"], a="The GNU General Public License", b="none")

    assert found == (Licence(path="a", pattern="gnu (affero )?general"),)


def test_a_head_that_takes_too_long_may_be_a_licence_and_the_next_pattern_is_looked_for():
    found = licences([ENDLESS, "MIT"], a=f"MIT {BAIT}", b="")

    assert found == (
        Licence(path="a", pattern=ENDLESS, told=False),
        Licence(path="a", pattern="MIT"),
    )


def test_the_projects_own_pattern_decides_where_it_is_found():
    red = VerdictStatus.FAILED
    none = "testing: warning: no tests to run\n"

    assert said("ok\n", none, pattern="no tests to run$") == (
        red,
        f"no test ran: {none.strip()!r} matches no_tests_pattern 'no tests to run$'",
    )
    assert said("200 passed in 1.0s\n0 suites\n", pattern="^0 suites")[0] is red
    assert said("3 suites\n", pattern="^0 suites") == (VerdictStatus.PASSED, None)
    assert "no test ran" in str(said("no tests ran in 0.09s", pattern="never"))


def test_a_long_line_of_a_check_is_not_looked_at_to_its_end():
    assert said("x" * 5000 + "needle", pattern="needle") == (VerdictStatus.PASSED, None)


def test_a_check_whose_output_makes_the_pattern_endless_is_red_with_the_reason():
    status, reason = said(BAIT, pattern=ENDLESS)

    assert status is VerdictStatus.FAILED
    assert "nobody can tell whether a test ran" in str(reason)
    assert "no_tests_pattern" in str(reason)
