"""Exact search over vectors in memory: the twin of Chroma, and what stands in for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from fleet.adapters.libraries import library
from fleet.domain.errors import EmbeddingError
from fleet.domain.lesson import Vector
from fleet.memory_ports import Entry, Gap, Hit, LessonIndex, Told

if TYPE_CHECKING:
    from numpy import ndarray

_WIDTH = 4  # bytes of a number in a vector


@dataclass(frozen=True)
class _Shelf:
    """The entries of one space, never changed; the table of them is made once it is searched."""

    entries: Mapping[str, Entry]

    @cached_property
    def table(self) -> "tuple[list[str], ndarray[Any, Any], ndarray[Any, Any]]":
        """Answer ids, projects and vectors, a row each."""
        with library("numpy"):
            import numpy as np

        rows = self.entries.values()
        projects = np.array([row.project for row in rows])
        numbers = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4")
        return list(self.entries), projects, numbers.reshape(len(rows), -1)

    def of(self, project: str | None) -> "ndarray[Any, Any]":
        """Answer the places of a project's rows and of those for every one; None: of all."""
        with library("numpy"):
            import numpy as np

        _, projects, _ = self.table
        if project is None:
            return np.arange(len(projects))
        return np.flatnonzero((projects == "") | (projects == project))


class ExactIndex(LessonIndex):
    """Compares with every vector: 10,000 of 384 numbers take a few milliseconds.

    Empty when it is made, so `check` misses whatever is wanted. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._lock = Lock()

    def check(self, space: str, wanted: Mapping[str, Entry]) -> Gap:
        held = self.entries(space)
        both = wanted.keys() & held.keys()
        odd = sum(held[one].vector != wanted[one].vector for one in both)
        there = {one for one in both if held[one].project == wanted[one].project}
        return Gap(
            missing=frozenset(wanted.keys() - there),
            extra=frozenset(held.keys() - wanted.keys()),
            damage=f"{odd} of {len(wanted)} lessons have another vector" if odd else "",
        )

    def rebuild(self, space: str, entries: Mapping[str, Entry], told: Told) -> None:
        del told  # it is done at once
        _check_lengths(space, entries)
        with self._lock:
            self._shelves[space] = _Shelf(dict(entries))

    def put(self, space: str, entries: Mapping[str, Entry]) -> None:
        with self._lock:
            held = {**self.entries(space), **entries}
            _check_lengths(space, held)
            self._shelves[space] = _Shelf(held)

    def drop(self, space: str, ids: Collection[str]) -> None:
        gone = set(ids)
        with self._lock:
            held = self.entries(space)
            self._shelves[space] = _Shelf({one: held[one] for one in held if one not in gone})

    def nearest(
        self, space: str, vector: Vector, *, k: int, project: str | None = None
    ) -> Sequence[Hit]:
        with library("numpy"):
            import numpy as np

        shelf = self._shelves.get(space)
        if shelf is None or not shelf.entries:
            return []
        ids, _, table = shelf.table
        asked = np.frombuffer(vector, dtype="<f4")
        if len(asked) != table.shape[1]:
            raise _odd(space)
        places = shelf.of(project)
        cosines = table[places] @ asked if project is not None else table @ asked
        # a stable sort: of two that are as near the one that was put first, on every machine
        best = np.argsort(-cosines, kind="stable")[:k]
        return [Hit(lesson=ids[places[n]], cosine=float(cosines[n])) for n in best]

    def close(self) -> None:
        with self._lock:
            self._shelves.clear()

    def entries(self, space: str) -> Mapping[str, Entry]:
        """Answer all that it holds of a space, by lesson."""
        shelf = self._shelves.get(space)
        return shelf.entries if shelf else {}


def _check_lengths(space: str, entries: Mapping[str, Entry]) -> None:
    """Refuse vectors that cannot be compared; raises EmbeddingError."""
    lengths = {len(entry.vector) for entry in entries.values()}
    if len(lengths) > 1 or any(each == 0 or each % _WIDTH for each in lengths):
        raise _odd(space)


def _odd(space: str) -> EmbeddingError:
    return EmbeddingError(
        f"vectors of {space} have different lengths",
        remedy="name the model anew in `memory:`, then run `fleet memory rebuild`",
    )
