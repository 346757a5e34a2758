"""Plays an agent that is wrong at first, and right once it has read what is red."""

import json
import os
from pathlib import Path

BUG = "    return [share] * people\n"
WRONG = "    return [share] * (people - 1) + [bill - share * (people - 1)]\n"
RIGHT = """\
    spare = bill - share * people
    return [share + 1] * spare + [share] * (people - spare)
"""
RED = "test_shares_differ_by_at_most_a_cent"
END = '\n\nif __name__ == "__main__":'
TEST = """
    def test_no_cent_is_lost(self) -> None:
        self.assertEqual(sum(evenly(10, 3)), 10)
"""


def told(packet: Path) -> bool:
    """Tell whether a message of the packet names the test that the first fix breaks."""
    messages = json.loads(packet.read_text()).get("messages", [])
    return any(RED in message["content"] for message in messages)


def main() -> None:
    """Give the spare cents to the last one; once told that this is unfair, one cent each."""
    better = told(Path(os.environ["FLEET_PACKET"]))
    code, tests = Path("tally/split.py"), Path("tests/test_split.py")
    fix = RIGHT if better else WRONG
    code.write_text(code.read_text().replace(BUG, fix).replace(WRONG, fix))
    if TEST not in tests.read_text():
        tests.write_text(tests.read_text().replace(END, TEST + END))
    summary = "the spare cents go one by one" if better else "the last one pays the spare cents"
    print(summary)
    Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": summary}))


if __name__ == "__main__":
    main()
