"""Plays a stronger model: it reads what two others were told, and gets the numbers right."""

import json
import os
from pathlib import Path

CODE = '''"""Numbers in words, for cheques."""

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
    *("sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def say(number: int) -> str:
    """Answer a number from 0 to 100 in words; raises ValueError beyond."""
    if number == 100:
        return "one hundred"
    if not 0 <= number < 100:
        raise ValueError(f"{number} is not between 0 and 100")
    if number < len(SMALL):
        return SMALL[number]
    tens, ones = TENS[number // 10 - 2], number % 10
    return f"{tens}-{SMALL[ones]}" if ones else tens
'''
RED = "test_large_numbers_are_said"
END = '\n\nif __name__ == "__main__":'
TEST = f"""
    def {RED}(self) -> None:
        self.assertEqual([say(13), say(20), say(42)], ["thirteen", "twenty", "forty-two"])
"""


def main() -> None:
    """Rewrite the module; the test of those before it stays."""
    packet = json.loads(Path(os.environ["FLEET_PACKET"]).read_text())
    earlier = packet["context"]["handoff"]["earlier"]
    told = sum(RED in before["diagnosis"] for before in earlier)
    Path("tally/words.py").write_text(CODE)
    tests = Path("tests/test_words.py")
    if TEST not in tests.read_text():
        tests.write_text(tests.read_text().replace(END, TEST + END))
    summary = f"teens and full tens have words of their own ({told} diagnoses read)"
    print(summary)
    Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": summary}))


if __name__ == "__main__":
    main()
