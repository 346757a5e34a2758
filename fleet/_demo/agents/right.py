"""Plays an agent that is right at once: negative amounts, with a regression test."""

import json
import os
from pathlib import Path

BUG = """\
    units, rest = divmod(cents, CENTS)
    return f"{units}.{rest:02}"
"""
FIX = """\
    units, rest = divmod(abs(cents), CENTS)
    sign = "-" if cents < 0 else ""
    return f"{sign}{units}.{rest:02}"
"""
END = '\n\nif __name__ == "__main__":'
TEST = """
    def test_negative_amounts_are_shown(self) -> None:
        self.assertEqual([show(-5), show(-195)], ["-0.05", "-1.95"])
"""


def main() -> None:
    """Fix the bug, add its test, say so; doing it twice changes nothing more."""
    code, tests = Path("tally/money.py"), Path("tests/test_money.py")
    code.write_text(code.read_text().replace(BUG, FIX))
    if TEST not in tests.read_text():
        tests.write_text(tests.read_text().replace(END, TEST + END))
    summary = "divmod rounds down, so negative amounts lost their sign; shown by magnitude now"
    print(summary)
    Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": summary}))


if __name__ == "__main__":
    main()
