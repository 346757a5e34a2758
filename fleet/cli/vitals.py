"""The words for an attempt's signs of life, one for each of the three truths."""

from typing import Any

Row = dict[str, Any]


def alive(row: Row) -> str:
    """Say whether its runner beats."""
    since = row["beat_seconds"]
    if since is None:
        return "-"
    return f"beat {since:.0f} s ago" if row["alive"] else f"no beat for {since:.0f} s"


def progressing(row: Row) -> str:
    """Say when it told of progress, or was seen to work without a word; and what is too long."""
    quiet, work = row["quiet_seconds"], row["work_seconds"]
    if quiet is None:
        return "-"
    silent = work is not None and work < quiet
    said = f"works without a word for {quiet:.0f} s" if silent else f"told {quiet:.0f} s ago"
    if row["progressing"] or row["stall_after_seconds"] is None:
        return said
    least = min(quiet, work) if silent else quiet
    return f"nothing for {least:.0f} s of {row['stall_after_seconds']:.0f} s"


def finished(row: Row) -> str:
    """Say whether it told its result, or is being stopped."""
    if row["finished"]:
        told = "success" if row["told"] == "none" else row["told"] or "ended"
        since = row["finished_seconds"]
        return f"{told}" if since is None else f"{told} {since:.0f} s ago"
    return f"is stopped: {row['stopping']}" if row["stopping"] else "no"


def three(row: Row) -> Row:
    """Answer the cells of a table."""
    return {"alive": alive(row), "progressing": progressing(row), "finished": finished(row)}


def line(row: Row) -> str:
    """Say all three in a line."""
    return "; ".join(f"{name}: {said}" for name, said in three(row).items())
