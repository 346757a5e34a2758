"""Plays an agent that hangs: it fixes the bug, says so, and is never heard of again."""

import time
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


def main() -> None:
    """Do half of the work, then wait for an answer that does not come."""
    code = Path("tally/money.py")
    code.write_text(code.read_text().replace(BUG, FIX))
    print("the sign is shown now; asking the model for a test", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
