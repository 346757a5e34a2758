"""Plays an agent that never gets it right: each try joins tens and ones another wrong way."""

import json
import os
from pathlib import Path

TENS = '"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"'
CODE = '''"""Numbers in words, for cheques."""

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
TENS = ({tens})


def say(number: int) -> str:
    """Answer a number from 0 to 99 in words; raises ValueError beyond."""
    if not 0 <= number < 100:
        raise ValueError(f"{{number}} is not between 0 and 99")
    if number < len(ONES):
        return ONES[number]
    return f"{{TENS[number // 10 - 2]}}{join}{{ONES[number % 10]}}"
'''
END = '\n\nif __name__ == "__main__":'
TEST = """
    def test_large_numbers_are_said(self) -> None:
        self.assertEqual([say(13), say(20), say(42)], ["thirteen", "twenty", "forty-two"])
"""


def main() -> None:
    """Rewrite the module; only the joint depends on whether it was told that this is red."""
    packet = json.loads(Path(os.environ["FLEET_PACKET"]).read_text())
    join = "-" if packet.get("messages") else " "
    Path("tally/words.py").write_text(CODE.format(tens=TENS, join=join))
    tests = Path("tests/test_words.py")
    if TEST not in tests.read_text():
        tests.write_text(tests.read_text().replace(END, TEST + END))
    summary = f"tens and ones are joined by {join!r}"
    print(summary)
    Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": summary}))


if __name__ == "__main__":
    main()
