"""Ageing by evidence: a lesson about files that are gone is told to nobody any more."""

from collections.abc import Collection, Iterable, Iterator
from posixpath import normpath

from fleet.domain.change import under
from fleet.domain.lesson import Lesson


def faded(lesson: Lesson, paths: Collection[str]) -> bool:
    """Tell whether none of the files that a lesson names stands among its project's paths.

    A lesson that names no file never fades, nor does one for every project: nobody could say
    whose files it means.
    """
    if lesson.project is None or not lesson.files:
        return False
    return not _any_stands(lesson.files, paths)


def standing(files: Iterable[str], paths: Collection[str]) -> tuple[str, ...]:
    """Answer those of the named files, folders and globs that fit a path.

    As in a .gitignore, a name without a slash is found in any folder; `*` stands for slashes too.
    """
    return tuple(file for file in files if _any_stands((file,), paths))


def _any_stands(files: Iterable[str], paths: Collection[str]) -> bool:
    names = [_name(file) for file in files]
    # most are paths as they stand: a repository may have a hundred thousand to compare with
    if any(name in paths for name in names):
        return True
    patterns = tuple(pattern for name in names for pattern in _patterns(name))
    return any(under(path, patterns) for path in paths)


def _name(file: str) -> str:
    return normpath(file.strip() or "?").lstrip("/")


def _patterns(name: str) -> Iterator[str]:
    yield f"{name}/**"
    yield name
    if "/" not in name:
        yield f"**/{name}"
        yield f"**/{name}/*"
