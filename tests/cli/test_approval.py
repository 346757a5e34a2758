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
