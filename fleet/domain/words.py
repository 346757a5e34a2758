"""Words for numbers that people read: how old something is, how large."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """Word how old something is, in the largest unit that it is one of."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def lines_of(size: int) -> str:
    """Word how many lines change."""
    return f"{size} line" if size == 1 else f"{size} lines"
