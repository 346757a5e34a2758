"""Rivals: how work that does not go together with what others merged is worded.

Titles, goals, paths and contents are others' words: bounded, and quoted as data where they go.
"""

from collections.abc import Iterator, Sequence

from fleet.domain.merge import PullRequest
from fleet.domain.quoting import one_line, plain, size
from fleet.domain.task import Task

# bytes of UTF-8 of one diagnosis: with what is quoted it goes whole into a handover
LONGEST = 4800
_OTHERS = 1500
_PATCH = 1500
_SHORTEST = 100
_FILES = 5
_PATH = 100
_TITLE = 120

Sides = Sequence[tuple[str, str]]


def in_conflict(files: Sequence[str], others: Sequence[Task]) -> str:
    """Word the reason of a conflict: the files, and whose merged work stands there."""
    who = f", which {_and(others)} changed meanwhile" if others else ""
    return f"conflict with the target in {files_named(files)}{who}"


def red_together(others: Sequence[str]) -> str:
    """Word the reason where all is green apart; `others` are keys of tasks."""
    who = f"; merged meanwhile: {', '.join(others)}" if others else ""
    return f"green alone, red once merged into the target{who}"


def not_taken_back(pull: PullRequest, files: Sequence[str], others: Sequence[Task]) -> str:
    """Word why git alone cannot take a merge back."""
    who = f", which {_and(others)} changed since" if others else ""
    return f"pull request {pull.number} does not revert cleanly: {files_named(files)}{who}"


def files_named(files: Sequence[str]) -> str:
    """Name the first few files."""
    named = ", ".join(one_line(path, _PATH) for path in files[:_FILES])
    more = len(files) - _FILES
    return f"{named} and {more} more" if more > 0 else named or "its files"


def about_conflict(reason: str, sides: Sides, others: Sequence[Task]) -> str:
    """Word the diagnosis of a conflict: both sides, and what the others wanted."""
    return _with_sides(reason, sides, others, room=LONGEST, theirs="the work of the attempt")


def _with_sides(
    reason: str, sides: Sides, others: Sequence[Task], *, room: int, theirs: str
) -> str:
    legend = f"In both sides `target` is what stands there now, `task` is {theirs}."
    said = "\n\n".join(filter(None, (plain(reason, 1000), wanted(others), legend)))
    return "\n\n".join([said, *_both(sides, room - size(said))])


def about_red(said: str, others: Sequence[Task]) -> str:
    """Word the diagnosis of what is red together: what the checks said, what the others wanted."""
    told = wanted(others)
    return "\n\n".join(filter(None, (told, plain(said, LONGEST - size(told) - 2))))


def about_revert(
    reason: str, sides: Sides, others: Sequence[Task], *, merged: str, patch: str
) -> str:
    """Word the diagnosis of a revert that an agent has to do; the patch has what room is left."""
    whole = f"What is to be taken back (git diff {merged}^1 {merged}):"
    theirs = "what stood there before the merge"
    said = _with_sides(reason, sides, others, room=LONGEST - _PATCH, theirs=theirs)
    left = LONGEST - size(said) - size(whole) - 3
    return f"{said}\n\n{whole}\n{plain(patch, left)}"


def wanted(others: Sequence[Task]) -> str:
    """Quote what was wanted of the others, each in an equal share; "" where there are none."""
    if not others:
        return ""
    share = _OTHERS // len(others)
    told = (_wish(task, share) for task in others)
    return "\n".join(("Merged meanwhile, it stands in the target now:", *told))


def _wish(task: Task, share: int) -> str:
    head = f"{task.key}: {one_line(task.title, _TITLE)}"
    goal = plain(task.goal, max(share - size(head) - 1, 0))
    return f"{head}\n{goal}" if goal else head


def _both(sides: Sides, room: int) -> Iterator[str]:
    """Yield the places in conflict, file by file, while there is room for a few lines."""
    for number, (path, side) in enumerate(sides):
        head = f"Both sides of {one_line(path, _PATH)}:"
        share = room // (len(sides) - number) - size(head) - 3
        if share < _SHORTEST:
            return
        told = f"{head}\n{plain(side, share)}"
        room -= size(told) + 2
        yield told


def _and(tasks: Sequence[Task]) -> str:
    keys = [task.key for task in tasks]
    return " and ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))
