"""`fleet approval show` on what an agent wrote."""

from fleet.domain.attempt import State
from tests.builders import a_task, an_action, an_attempt
from tests.cli.reviewed import written

HOSTILE = "+one\u2028-two\x0b\x85+three\x1b[2J\n+four\n"


def test_no_line_of_a_diff_passes_for_two(home):
    attempt = an_attempt(state=State.VERIFYING)
    written(home, a_task(), attempt, an_action(diff=HOSTILE))

    text = home.run("approval", "show", "A-1").out

    assert "  +one -two  +three [2J\n  +four\n" in text
    assert text.replace("\n", "").isprintable()


def test_what_would_be_cleared_is_one_document_too_and_stays_asked(home):
    attempt = an_attempt(state=State.VERIFYING)
    written(home, a_task(), attempt, an_action())

    foreseen = home.ask("approval", "clear", "--all", "--dry-run", "--json").json
    asked = home.ask("approval", "list", "--json").json
    cleared = home.ask("approval", "clear", "--all", "--json").json

    assert foreseen == [{"id": "A-1", "task": "APP-1", "status": "pending"}]
    assert [one["id"] for one in asked] == ["A-1"]
    assert cleared == [{"id": "A-1", "task": "APP-1", "status": "cleared"}]


def test_a_question_answered_twice_says_where_the_answer_stands(home):
    attempt = an_attempt(state=State.VERIFYING)
    written(home, a_task(), attempt, an_action())

    first = home.ask("approval", "approve", "A-1")
    second = home.ask("approval", "reject", "A-1")

    assert (first.code, second.code) == (0, 1)
    assert "A-1 is approved already" in second.err
    assert "fleet approval show A-1" in second.err
