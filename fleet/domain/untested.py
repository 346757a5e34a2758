"""Tells from what a check wrote that it ran no test: such a check proves nothing."""

import re

# bounds what a pattern has to look at: a check's output is an agent's word
_LONGEST_LINE = 1000
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_IN_TIME = r" in \d+(?:\.\d+)?s(?: \([^()]{1,40}\))?(?: =+)?"
# the whole line that pytest or unittest ends with; nothing but warnings and tests left out
_NONE = re.compile(
    r"(?:=+ )?"
    r"(?:no tests (?:ran|collected)|\d+(?:/\d+)? tests? collected|\d+ (?:deselected|warnings?))"
    r"(?:, \d+ (?:deselected|warnings?)| \(\d+ deselected\))*" + _IN_TIME + r"|"
    r"Ran 0 tests in \d+(?:\.\d+)?s|NO TESTS RAN(?: \(.{1,100}\))?"
)
_SOME = re.compile(
    r"\b[1-9]\d* (?:tests? |subtests )?(?:passed|passing|failed|failing|xfailed|xpassed|skipped)\b"
    r"|\bRan [1-9]\d* tests? in \d|\b[1-9]\d* errors? in \d"
)
_COLLECTED_NONE = re.compile(r"collected 0 items")
_PYTEST_NO_TESTS = 5


def untested(stdout: str, stderr: str, *, exit_code: int, command: tuple[str, ...]) -> str | None:
    """Answer what says that no test ran, None where nothing does.

    The summaries of pytest and unittest are known: one that tells of no test counts unless another
    tells of some.
    """
    streams = [told_lines(stdout), told_lines(stderr)]
    lines = [line for stream in streams for line in stream]
    if any(_SOME.search(line) for line in lines):
        return None
    found = next(filter(None, map(_none_at_all, streams)), None)
    if found is not None:
        return f"no test ran: {found!r}"
    if exit_code == _PYTEST_NO_TESTS and any("pytest" in word for word in command):
        return "no test ran: pytest's exit code 5"
    return None


def _none_at_all(lines: list[str]) -> str | None:
    """Answer the line of a stream that says so: a summary, or where it ends with nothing found."""
    for line in lines:
        if _NONE.fullmatch(line):
            return line
    ended = lines[-1] if lines else ""
    return ended if _COLLECTED_NONE.fullmatch(ended) else None


def told_lines(output: str) -> list[str]:
    """Answer the lines of a stream that say anything, cut, without their colours."""
    cut = (line[:_LONGEST_LINE] for line in _COLOUR.sub("", output).splitlines())
    return [line.strip() for line in cut if line.strip()]
