"""The index of lessons as collections of Chroma, one a space."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fleet.adapters.chroma.stores import FolderStore, ServerStore, Store
from fleet.domain.lesson import Vector
from fleet.memory_ports import WHOLE, Entry, Gap, Hit, LessonIndex, Told

if TYPE_CHECKING:
    from chromadb import Collection as Table
    from chromadb.api.client import Client
    from chromadb.api.types import QueryResult
    from numpy import ndarray

# the defaults find 70 of 100 of the ten nearest among 5,000 random vectors, these 99.9 of 10,000
_GRAPH = {"space": "cosine", "ef_search": 800, "ef_construction": 200, "max_neighbors": 32}
# vectors in one request: 3,072 numbers each are 31 MB of JSON, and a server takes 40
_BATCH = 500
_PROBES = 32  # lessons that are sought by their own vector
_SAME = 1e-3  # how far a number may be off: the library scales vectors to length one again

_Item = TypeVar("_Item")


class ChromaIndex(LessonIndex):
    """Vectors in Chroma, made by fleet and never by Chroma; used by one thread at a time.

    `home8` tells its collections from those of other homes on the same server.
    """

    def __init__(self, store: Store, *, home8: str) -> None:
        self._store = store
        self._home8 = home8
        self._tables: dict[str, Table] = {}

    def check(self, space: str, wanted: Mapping[str, Entry]) -> Gap:
        with self._store.calls() as client:
            table = self._found(client, space)
            if table is not None and not _graph_fits(table):
                return Gap(damage="it was made with other settings")
            held = _contents(table) if table else {}
        gap = _between(held, wanted)
        # a graph that lacks lessons is asked once they are in it
        if gap != WHOLE or not table or not wanted:
            return gap
        with self._store.calls():
            return Gap(damage=_probed(table, wanted))

    def rebuild(self, space: str, entries: Mapping[str, Entry], told: Told) -> None:
        self._tables.clear()
        self._store.renew(self._name(space))
        with self._store.calls() as client:
            table = self._made(client, space)
        done = 0
        for batch in _batches(entries.items()):
            with self._store.calls():
                _upsert(table, batch)
            done += len(batch)
            told(f"lessons indexed: {done} of {len(entries)}")

    def put(self, space: str, entries: Mapping[str, Entry]) -> None:
        with self._store.calls() as client:
            table = self._found(client, space) or self._made(client, space)
            for batch in _batches(entries.items()):
                _upsert(table, batch)

    def drop(self, space: str, ids: Collection[str]) -> None:
        with self._store.calls() as client:
            table = self._found(client, space)
            if table is None:
                return
            for batch in _batches(ids):
                table.delete(ids=batch)

    def nearest(
        self, space: str, vector: Vector, *, k: int, project: str | None = None
    ) -> Sequence[Hit]:
        import numpy as np

        if k < 1:
            return []
        asked = np.frombuffer(vector, dtype="<f4").reshape(1, -1)
        where: Any = None if project is None else {"project": {"$in": ["", project]}}
        with self._store.calls() as client:
            table = self._tables.get(space) or self._opened(client, space)
            found = table.query(
                query_embeddings=asked, n_results=k, where=where, include=["distances"]
            )
        return _hits(found)

    def close(self) -> None:
        self._tables.clear()
        self._store.close()

    def _name(self, space: str) -> str:
        return collection_name(f"{self._home8}-{space}")

    def _found(self, client: "Client", space: str) -> "Table | None":
        from chromadb.errors import NotFoundError

        if space in self._tables:
            return self._tables[space]
        try:
            return self._opened(client, space)
        except NotFoundError:
            return None

    def _opened(self, client: "Client", space: str) -> "Table":
        # without `None` it would load a model of its own for every query
        table = client.get_collection(self._name(space), embedding_function=None)
        return self._tables.setdefault(space, table)

    def _made(self, client: "Client", space: str) -> "Table":
        configuration: Any = {"hnsw": dict(_GRAPH)}
        table = client.create_collection(
            self._name(space), configuration=configuration, embedding_function=None
        )
        return self._tables.setdefault(space, table)


def opened(folder: Path, server: str | None, *, home8: str) -> ChromaIndex:
    """Answer the index on a server, `host:port`, or else the one in a folder, now this process's.

    Raises BusyError where another process owns the folder.
    """
    return ChromaIndex(ServerStore(server) if server else FolderStore(folder), home8=home8)


def collection_name(space: str) -> str:
    """Answer the name of a space's collection: 3 to 512 of `[a-zA-Z0-9._-]`, never `..`."""
    name = f"lessons-{space}"
    if ".." not in name and re.fullmatch(r"[a-zA-Z0-9._-]{3,400}(?<![._-])", name):
        return name
    plain = re.sub(r"[^a-zA-Z0-9]", "-", name)[:400]
    return f"{plain}-{hashlib.sha256(space.encode()).hexdigest()[:12]}"


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _graph_fits(table: "Table") -> bool:
    """Tell whether a collection was made with the settings of this fleet."""
    made: Any = table.configuration_json.get("hnsw") or {}
    return all(made.get(key) == value for key, value in _GRAPH.items())


def _contents(table: "Table") -> "dict[str, tuple[str, ndarray[Any, Any]]]":
    """Answer project and vector of all that it holds; vectors are read from the graph itself."""
    held = {}
    for offset in range(0, table.count(), _BATCH):
        page: Any = table.get(limit=_BATCH, offset=offset, include=["embeddings", "metadatas"])
        rows = zip(page["ids"], page["metadatas"], page["embeddings"], strict=True)
        for lesson, known, vector in rows:
            held[lesson] = (str((known or {}).get("project")), vector)
    return held


def _between(
    held: "Mapping[str, tuple[str, ndarray[Any, Any]]]", wanted: Mapping[str, Entry]
) -> Gap:
    both = wanted.keys() & held.keys()
    odd = sum(not _same(held[lesson][1], wanted[lesson].vector) for lesson in both)
    there = {lesson for lesson in both if held[lesson][0] == wanted[lesson].project}
    return Gap(
        missing=frozenset(wanted.keys() - there),
        extra=frozenset(held.keys() - wanted.keys()),
        damage=f"{odd} of {len(wanted)} lessons have another vector" if odd else "",
    )


def _same(held: "ndarray[Any, Any]", wanted: Vector) -> bool:
    import numpy as np

    told = np.frombuffer(wanted, dtype="<f4")
    return held.shape == told.shape and bool(np.abs(held - told).max() < _SAME)


def _probed(table: "Table", wanted: Mapping[str, Entry]) -> str:
    """Seek some lessons by their own vector: a graph without links answers with others."""
    some = [wanted[lesson] for lesson in sorted(wanted)[:: max(1, len(wanted) // _PROBES)]]
    found: Any = table.query(query_embeddings=_matrix(some), n_results=1, include=["distances"])
    lost = sum(not each or each[0] > _SAME for each in found["distances"])
    return f"{lost} of {len(some)} lessons are not found by their own vector" if lost else ""


def _upsert(table: "Table", batch: Sequence[tuple[str, Entry]]) -> None:
    table.upsert(
        ids=[lesson for lesson, _ in batch],
        embeddings=_matrix(entry for _, entry in batch),
        metadatas=[{"project": entry.project} for _, entry in batch],
    )


def _matrix(entries: "Iterable[Entry]") -> "ndarray[Any, Any]":
    import numpy as np

    vectors = [entry.vector for entry in entries]
    return np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), -1)


def _hits(found: "QueryResult") -> list[Hit]:
    pairs = zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)
    return [Hit(lesson=lesson, cosine=1.0 - float(distance)) for lesson, distance in pairs]
