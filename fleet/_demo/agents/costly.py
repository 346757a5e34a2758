"""Plays an agent that uses more money than was held for it before its check is green."""

import json
import os
import time
from pathlib import Path

BUG = "    return [share] * people\n"
WRONG = "    return [share] * (people - 1) + [bill - share * (people - 1)]\n"
RIGHT = """\
    spare = bill - share * people
    return [share + 1] * spare + [share] * (people - spare)
"""
END = '\n\nif __name__ == "__main__":'
TEST = """
    def test_no_cent_is_lost(self) -> None:
        self.assertEqual(sum(evenly(10, 3)), 10)
"""
THINKING = 4  # seconds


def main() -> None:
    """Think long and be wrong; whoever finds that fix mends it for little."""
    code, tests = Path("tally/split.py"), Path("tests/test_split.py")
    fresh = BUG in code.read_text()
    print("thinking about the spare cents", flush=True)
    if fresh:
        time.sleep(THINKING)
    code.write_text(code.read_text().replace(WRONG, RIGHT).replace(BUG, WRONG))
    if TEST not in tests.read_text():
        tests.write_text(tests.read_text().replace(END, TEST + END))
    summary = "the last one pays the spare cents" if fresh else "the spare cents go one by one"
    print(summary)
    usage = {"cost_usd": 0.70 if fresh else 0.10, "turns": 9 if fresh else 2}
    Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": summary, "usage": usage}))


if __name__ == "__main__":
    main()
