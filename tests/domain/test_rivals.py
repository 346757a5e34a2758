"""What is said where work does not go together with what others merged."""

from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.quoting import size
from fleet.domain.rivals import (
    LONGEST,
    about_conflict,
    about_red,
    about_revert,
    in_conflict,
    not_taken_back,
    red_together,
)
from tests.builders import a_pull, a_task

SIDE = "<<<<<<< target\nfour\n=======\nfive\n>>>>>>> task"


def test_the_reason_of_a_conflict_names_the_files_and_the_other_tasks() -> None:
    others = [a_task("APP-2"), a_task("APP-5"), a_task("APP-7")]

    said = in_conflict(["a.py", "b.py"], others)

    who = "which APP-2, APP-5 and APP-7 changed meanwhile"
    assert said == f"conflict with the target in a.py, b.py, {who}"
    assert in_conflict(["a.py"], []) == "conflict with the target in a.py"


def test_of_many_files_the_first_are_named_and_the_rest_counted() -> None:
    said = in_conflict([f"{n}.py" for n in range(12)], [])

    assert said.endswith("0.py, 1.py, 2.py, 3.py, 4.py and 7 more")


def test_a_files_name_breaks_no_line_and_no_terminal() -> None:
    said = in_conflict(["a\nb\x1b[2J.py", "x" * 5000], [])

    assert said.isprintable()
    assert len(said) < 300


def test_who_is_red_together_with_others_is_told_their_keys() -> None:
    assert red_together(("APP-2", "APP-3")).endswith("; merged meanwhile: APP-2, APP-3")
    assert red_together(()) == "green alone, red once merged into the target"


def test_a_conflict_is_told_with_both_sides_and_what_the_others_wanted() -> None:
    other = a_task("APP-2", title="Round up", goal="Round every bill up to whole cents")

    said = about_conflict("conflict in a.py", [("a.py", SIDE)], [other])

    assert said.startswith("conflict in a.py\n")
    assert "APP-2: Round up\nRound every bill up to whole cents" in said
    assert f"Both sides of a.py:\n{SIDE}" in said
    assert "`task` is the work of the attempt" in said


def test_what_is_red_together_is_told_with_the_checks_and_what_the_others_wanted() -> None:
    said = about_red("check 'test': exit code 1\n3 != 4", [a_task("APP-2", goal="Round up")])

    assert "Round up" in said
    assert said.endswith("check 'test': exit code 1\n3 != 4")


def test_what_is_to_be_taken_back_by_hand_is_told_with_the_command_that_shows_it() -> None:
    sha = "f" * 40

    reason = not_taken_back(a_pull(3), ["a.py"], [a_task("APP-4")])
    said = about_revert(reason, [("a.py", SIDE)], [], merged=sha, patch="-four\n+five")

    assert reason == "pull request 3 does not revert cleanly: a.py, which APP-4 changed since"
    assert f"git diff {sha}^1 {sha}" in said
    assert said.endswith("-four\n+five")
    assert SIDE in said
    assert "`task` is what stood there before the merge" in said


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda s: s * 400)
tasks = st.lists(st.builds(lambda goal: a_task("ABCDEFGHIJ-999999999", goal=goal), words))


@given(
    words,
    st.lists(st.tuples(words, words), max_size=6),
    tasks.map(lambda some: some[:5]),
    words,
)
def test_whatever_others_wrote_it_is_short_enough_to_be_told_whole(reason, sides, others, said):
    told = (
        about_conflict(reason, sides, others),
        about_red(said, others),
        about_revert(reason, sides, others, merged="f" * 40, patch=said),
    )

    assert max(map(size, told)) <= LONGEST


def test_each_of_many_sides_has_its_share() -> None:
    sides = [(f"{n}.py", f"{n} stands here\n" * 1000) for n in range(5)]

    said = about_conflict("conflict", sides, [])

    assert all(f"{n} stands here" in said for n in range(5))
    assert size(said) > LONGEST - 100
