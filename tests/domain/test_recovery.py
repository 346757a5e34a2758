"""A lesson by rule: only where a remedy worked, short, and the same words every time."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.change import Change, ChangeType
from fleet.domain.hygiene import cleaned
from fleet.domain.lesson import Origin
from fleet.domain.recovery import Recovery, by_rule, recovery_of
from fleet.domain.result import VerdictStatus
from tests.builders import a_verdict, an_attempt

RED = an_attempt(state=State.REJECTED, red=Red.CHECK, head="1" * 40, reason="red: test")
GREEN = an_attempt(
    number=2, profile="dev", state=State.MERGED, head="2" * 40, summary="Pinned the client to 2.1."
)
OUTPUT = """\
============ test session starts ============
collected 12 items
tests/test_cart.py ....F
    def test_total():
E   ModuleNotFoundError: No module named 'requests'
src/cart.py:14: in total
FAILED tests/test_cart.py::test_total
==== 1 failed, 11 passed in 0.31s ===="""
FAILED = a_verdict(status=VerdictStatus.FAILED, exit_code=1, stdout=OUTPUT)
CHANGES = (
    Change(path="pyproject.toml", change_type=ChangeType.UPDATE),
    Change(path="old.py", change_type=ChangeType.DELETE),
)


def taught(*attempts, verdicts=(FAILED,), changes=CHANGES):
    recovery = recovery_of(attempts)
    return by_rule(recovery, verdicts, changes) if recovery else None


def test_red_then_merged_is_told_with_what_was_red_why_and_what_was_done():
    draft = taught(RED, GREEN).draft

    assert draft.title == "test red: ModuleNotFoundError: No module named 'requests'"
    assert draft.problem.split("; ")[0] == "ModuleNotFoundError: No module named 'requests'"
    assert "src/cart.py:14" in draft.problem
    assert "session starts" not in draft.problem
    assert draft.cause == "the checks were red on its work; check test: exit code 1"
    assert draft.remedy == "Pinned the client to 2.1.; Changed: pyproject.toml"
    assert (draft.tags, draft.files) == (("check", "test"), ("pyproject.toml",))


def test_its_author_is_who_found_the_remedy():
    provenance = taught(RED, GREEN).provenance

    assert (provenance.origin, provenance.author) == (Origin.RULE, "dev")
    assert provenance.attempt == GREEN.id


def test_what_never_became_green_teaches_nothing_by_rule():
    assert taught(RED, replace(GREEN, state=State.REJECTED, red=Red.CHECK)) is None
    assert taught(RED) is None
    assert taught(GREEN) is None


def test_what_a_person_or_a_policy_rejected_teaches_nothing_by_rule():
    for red in (Red.REVIEW, Red.POLICY, Red.UNCHANGED):
        assert taught(replace(RED, red=red), GREEN) is None


def test_without_words_and_files_there_is_no_remedy_and_no_lesson():
    assert taught(RED, replace(GREEN, summary=" \n"), changes=()) is None


def recovered(*attempts: Attempt) -> Recovery:
    found = recovery_of(attempts)
    assert found is not None
    return found


def test_the_red_one_nearest_to_the_green_one_is_told():
    nearer = replace(RED, id="app-1-2", number=2, reason="red: lint")
    green = replace(GREEN, number=3)

    assert recovered(RED, nearer, green).red is nearer


def test_what_differs_is_counted_from_the_red_work_or_from_where_it_was_begun_anew():
    between = an_attempt(number=2, state=State.SWAPPED, base="8" * 40, fresh=True)
    last = replace(GREEN, number=3, base="9" * 40)

    assert recovered(RED, GREEN).since == RED.head
    assert recovered(RED, between, last).since == between.base
    assert recovered(RED, between, replace(last, fresh=True)).since == last.base


def test_a_conflict_then_merged_tells_what_clashed():
    reason = "conflict with the target in app.py, which APP-2 changed meanwhile"
    clashed = replace(RED, red=Red.CONFLICT, reason=reason, diagnosis="Error: both sides")

    draft = taught(clashed, replace(GREEN, fresh=True), verdicts=()).draft

    assert (draft.title, draft.problem) == (reason, reason)
    assert draft.cause == "its work conflicts with the target"
    assert draft.tags == ("conflict",)


def test_red_once_merged_is_told_by_its_diagnosis():
    diagnosis = "check 'test' (make): exit code 2\nerror TS2345: no overload\nDone in 3 s"
    red = replace(RED, red=Red.MERGED_TIP, reason="green alone", diagnosis=diagnosis)

    draft = taught(red, GREEN, verdicts=()).draft

    assert draft.title == "check red once merged: error TS2345: no overload"
    assert draft.problem == "error TS2345: no overload"


@given(st.text(max_size=3000), st.text(max_size=3000), st.text(max_size=300))
def test_whatever_checks_and_agents_wrote_it_is_short_and_told_alike_each_time(out, summary, name):
    verdict = replace(FAILED, stdout=out, name=name)
    green = replace(GREEN, summary=summary)

    one, two = (taught(RED, green, verdicts=(verdict,)) for _ in range(2))

    assert one == two
    said = one.draft
    assert max(map(len, (said.title, said.problem, said.cause, said.remedy))) <= 1200
    assert "\n" not in said.title + said.problem + said.remedy
    cleaned(said)
