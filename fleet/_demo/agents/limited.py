"""Plays an agent whose account has reached its limit: it gets half of the work done."""

import json
import os
from pathlib import Path

BUG = """\
    return "\\n".join(f"{name.ljust(width)}  {show(cents)}" for name, cents in lines)
"""
FIX = """\
    shown = [show(cents) for _, cents in lines]
    wide = max(map(len, shown))
    rows = zip((name for name, _ in lines), shown, strict=True)
    return "\\n".join(f"{name.ljust(width)}  {amount.rjust(wide)}" for name, amount in rows)
"""
END = '\n\nif __name__ == "__main__":'
TEST = """
    def test_amounts_are_aligned(self) -> None:
        self.assertEqual(table([("A", 5), ("B", 1234)]), "A   0.05\\nB  12.34")
"""
LIMIT = {
    "kind": "rate_limit",
    "message": "429: the requests of this hour are used up",
    "retry_after_seconds": 90,
}


def main() -> None:
    """Fix the bug and be refused; whoever finds it fixed adds the test."""
    code, tests = Path("tally/statement.py"), Path("tests/test_statement.py")
    result = Path(os.environ["FLEET_RESULT"])
    if BUG in code.read_text():
        code.write_text(code.read_text().replace(BUG, FIX))
        usage = {"cost_usd": 0.05, "turns": 2}
        result.write_text(json.dumps({"failure": LIMIT, "usage": usage}))
        return
    if TEST not in tests.read_text():
        tests.write_text(tests.read_text().replace(END, TEST + END))
    summary = "amounts stand right-aligned; the fix was there already, its test is new"
    print(summary)
    usage = {"cost_usd": 0.08, "turns": 3}
    result.write_text(json.dumps({"summary": summary, "usage": usage}))


if __name__ == "__main__":
    main()
