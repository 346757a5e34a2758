"""Words for numbers that people read: how old something is, how large."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))
_GB = 1024**3
_SIZES = ((_GB, "GB"), (1024**2, "MB"), (1024, "kB"))


def age(seconds: float) -> str:
    """Word how old something is, in the largest unit that it is one of."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def lines_of(size: int) -> str:
    """Word how many lines change."""
    return f"{size} line" if size == 1 else f"{size} lines"


def bytes_of(size: float) -> str:
    """Word how many bytes something takes, in the largest unit that it is a tenth of."""
    for unit, name in _SIZES:
        if size * 10 >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size:.0f} B"


def gigabytes(size: int) -> str:
    """Word a limit in GB as it was set: whole bytes are a little less than that."""
    return f"{size / _GB:.4g}"
