"""What a diff consists of: files that changed, and the patterns that their paths fall under."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache

SUBMODULE_MODE = "160000"
LINK_MODE = "120000"
EXECUTABLE_MODE = "100755"


class ChangeType(StrEnum):
    """What happened to a file."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RENAME = "rename"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One file of a diff; `mode` is git's after the change, `old_path` where it was before."""

    path: str
    change_type: ChangeType
    added: int = 0
    removed: int = 0
    binary: bool = False
    mode: str = "100644"
    old_path: str | None = None

    @property
    def deleted(self) -> bool:
        """Tell whether nothing stands at the path any more."""
        return self.change_type is ChangeType.DELETE

    @property
    def new(self) -> bool:
        """Tell whether nothing stood at the path before."""
        return self.change_type in {ChangeType.CREATE, ChangeType.RENAME}

    @property
    def paths(self) -> tuple[str, ...]:
        """Answer where it is, and where it was if that is elsewhere."""
        return (self.path,) if self.old_path is None else (self.path, self.old_path)


Diff = tuple[Change, ...]


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path falls under a pattern; `DIR/**` covers the folder and all below it.

    Compared without regard to case, so that no other spelling slips by where the file system
    folds case. A pattern also means itself, letter by letter: `pages/[id].tsx` is a file's name.
    """
    return under(path, (pattern,))


def under(path: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a path falls under any of the patterns."""
    return bool(patterns) and _either(patterns).match(path.casefold()) is not None


def touched(diff: Diff, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Answer the paths of the diff, old or new, that fall under any pattern."""
    paths = {path for change in diff for path in change.paths}
    return tuple(sorted(path for path in paths if under(path, patterns)))


@lru_cache(maxsize=512)
def _either(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # one expression for all: a diff may have a hundred thousand files
    return re.compile("|".join(part for each in patterns for part in _parts(each.casefold())))


def _parts(pattern: str) -> Iterable[str]:
    folder = pattern.removesuffix("/**").rstrip("/")
    if folder:
        yield rf"(?s:{re.escape(folder)}(?:/.*)?)\Z"
    if pattern.startswith("**/"):
        # `**/NAME` means NAME in the root as well
        yield translate(pattern[3:])
    yield translate(pattern)
