"""A statement: who owes how much, as a table of text."""

from tally.money import show

Line = tuple[str, int]


def table(lines: list[Line]) -> str:
    """Answer one row a line: the name, then the amount."""
    if not lines:
        return ""
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name.ljust(width)}  {show(cents)}" for name, cents in lines)


def total(lines: list[Line]) -> int:
    """Answer the sum of a statement in cents."""
    return sum(cents for _, cents in lines)
