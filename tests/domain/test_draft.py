"""What of a lesson is searched by words, and what is embedded."""

from fleet.domain.lesson import Draft

DRAFT = Draft(title="T", problem="P", cause="C", remedy="R", tags=("a", "b"), files=("f.py",))


def test_all_of_it_is_searched_by_words():
    assert DRAFT.text == "T\nP\nC\nR\na b\nf.py"
    assert Draft(title="T", remedy="R").text == "T\nR"


def test_what_is_embedded_says_title_and_problem_twice_and_no_files():
    assert DRAFT.embedded == "T\nP\nC\nR\na b\nT\nP"
    assert Draft(title="T").embedded == "T\nT"
