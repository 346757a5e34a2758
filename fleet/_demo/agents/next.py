"""Plays an agent whose task builds on another one's merged work."""

import json
import os
import sys
from pathlib import Path

FEATURE = '''

def show_in_brackets(cents: int) -> str:
    """Answer cents as accountants write them: negative amounts in brackets."""
    return f"({show(cents).removeprefix('-')})" if cents < 0 else show(cents)
'''
TESTS = '''"""Tests of amounts in brackets."""

import unittest

from tally.money import show_in_brackets


class BracketsTest(unittest.TestCase):
    """Negative amounts stand in brackets."""

    def test_negative_amounts_stand_in_brackets(self) -> None:
        self.assertEqual(show_in_brackets(-5), "(0.05)")

    def test_others_stand_plain(self) -> None:
        self.assertEqual(show_in_brackets(1234), "12.34")


if __name__ == "__main__":
    unittest.main()
'''


def main() -> int:
    """Add the feature; without the fix that it depends on there is nothing to build on."""
    code = Path("tally/money.py")
    if "abs(cents)" not in code.read_text():
        print("money.show is still wrong for negative amounts", file=sys.stderr)
        return 1
    if FEATURE not in code.read_text():
        code.write_text(code.read_text() + FEATURE)
    Path("tests/test_brackets.py").write_text(TESTS)
    summary = "money.show_in_brackets stands on the mended money.show"
    print(summary)
    Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": summary}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
