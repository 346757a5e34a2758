"""Ageing by evidence: a lesson about files that are gone is told to nobody any more."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from posixpath import normpath

from fleet.domain.change import under
from fleet.domain.lesson import Lesson

# one for each project that is worked at; of a hundred thousand paths each takes some 30 MB
_MOST_TREES = 4
_MOST_ANSWERS = 4096
_GLOB = re.compile(r"[*?\[]")


class Tree:
    """What stands in a commit, made ready once for the many names that lessons name.

    As in a .gitignore, a name without a slash is found in any folder; `*` stands for slashes too.
    Case is not regarded.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(_folded(path) for path in paths)
        self._places = _places(self._paths)
        self._names = frozenset(place.rpartition("/")[2] for place in self._places)
        # attempt after attempt asks about the same lessons
        self._fits = lru_cache(maxsize=_MOST_ANSWERS)(self._fitting)

    def stands(self, file: str) -> bool:
        """Tell whether a path fits the name of a file or folder, or the glob."""
        name = _name(file)
        if name in self._places or name in self._names:
            return True
        # most name no glob: a repository may have a hundred thousand paths to compare with
        return _GLOB.search(name) is not None and self._fits(name)

    def _fitting(self, name: str) -> bool:
        folder = name.removesuffix("/**")
        glob = _GLOB.search(folder)
        # what stands before the first wildcard is a folder's name in any case
        known = (folder[: glob.start()] if glob else f"{folder}/").rpartition("/")[0]
        if not glob or (known and known not in self._places):
            return known in self._places
        patterns = tuple(_patterns(name))
        return any(under(path, patterns) for path in self._paths)


@lru_cache(maxsize=_MOST_TREES)
def tree_of(paths: frozenset[str]) -> Tree:
    """Answer them made ready; the same paths are made ready once."""
    return Tree(paths)


def faded(lesson: Lesson, tree: Tree) -> bool:
    """Tell whether none of the files that a lesson names stands in its project's tree.

    A lesson that names no file never fades, nor does one for every project: nobody could say
    whose files it means.
    """
    if lesson.project is None or not lesson.files:
        return False
    return not any(map(tree.stands, lesson.files))


def standing(files: Iterable[str], tree: Tree) -> tuple[str, ...]:
    """Answer those of the named files, folders and globs that fit a path of the tree."""
    return tuple(file for file in files if tree.stands(file))


def _name(file: str) -> str:
    name = _folded(normpath(file.strip()).lstrip("/")) if file.strip() else ""
    last = name.removeprefix("**/")
    return name if "/" in last else last


def _folded(path: str) -> str:
    folded = path.casefold()
    # most have no capitals, and need not be held twice
    return path if folded == path else folded


def _places(paths: Iterable[str]) -> frozenset[str]:
    """Answer the paths and all folders above them."""
    found = set[str]()
    for path in paths:
        place = path
        while place and place not in found:
            found.add(place)
            place = place.rpartition("/")[0]
    return frozenset(found)


def _patterns(name: str) -> Iterator[str]:
    yield f"{name}/**"
    yield name
    if "/" not in name:
        yield f"**/{name}"
        yield f"**/{name}/*"
