"""A library that is missing or half installed costs nearness: lessons are found by their words."""

import sys
from dataclasses import replace
from types import ModuleType

import pytest

from fleet.adapters.embeddings.local import LocalEmbedder, shipped_model
from fleet.adapters.embeddings.openai import OpenAiApi
from fleet.adapters.embeddings.remote import RemoteEmbedder
from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.guarded_index import guarded_index
from fleet.app.memory import Finder
from fleet.app.recalling import find
from fleet.app.remembering import Fate, keep
from fleet.domain.errors import EmbeddingError
from fleet.domain.lesson import Draft, LessonStatus, Origin, Provenance, Scope
from tests.builders import HOME8
from tests.lessons import SPACE, entries, quiet
from tests.memory_world import World

ANN = Provenance(origin=Origin.PERSON, author="ann")
LOCKED = Draft(title="database is locked", remedy="begin writes with BEGIN IMMEDIATE")
FAULTS = {"missing": None, "half installed": ModuleType("empty")}


def a_memory(index):
    """Answer a memory whose lessons get their vectors on this machine."""
    memory, embedder = World().memory, LocalEmbedder(shipped_model())
    return replace(memory, embedder=embedder, finder=Finder(memory.ledger, embedder, index))


def kept(memory):
    return keep(LOCKED, ANN, scope=Scope(), status=LessonStatus.ACTIVE, memory=memory)


def found(memory):
    """Answer what is found, and the note."""
    said = find("the database is locked again", memory, fits=lambda _: True)
    return [each.lesson.id for each in said.scored], said.note


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["onnxruntime", "tokenizers", "numpy"])
def test_without_a_library_of_the_local_model_words_find_what_is_kept(monkeypatch, name, fault):
    memory = a_memory(ExactIndex())
    monkeypatch.setitem(sys.modules, name, FAULTS[fault])

    assert kept(memory).fate is Fate.ADDED
    lessons, note = found(memory)

    assert lessons == ["L-1"]
    assert name in note
    assert "install fleet's requirements anew" in note


def test_an_index_without_numpy_says_so(monkeypatch):
    index, held = ExactIndex(), entries(2)
    index.rebuild(SPACE, held, quiet)
    monkeypatch.setitem(sys.modules, "numpy", None)

    with pytest.raises(EmbeddingError, match="numpy cannot be used"):
        index.nearest(SPACE, held["L-1"].vector, k=1)


@pytest.mark.parametrize("error", ["ImportError", "RuntimeError", "TypeError"])
def test_without_chroma_the_nearest_are_found_exactly(monkeypatch, tmp_path, error):
    memory = a_memory(guarded_index(tmp_path / "memory" / "chroma", None, home8=HOME8))
    kept(memory)
    # what it raises for an old sqlite3 or another protobuf
    (tmp_path / "chromadb.py").write_text(f"raise {error}('this machine is too old')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "chromadb", raising=False)

    assert found(memory) == (["L-1"], "")
    memory.finder.close()


def test_a_provider_over_http_without_the_library_does_not_answer(monkeypatch):
    api = OpenAiApi(model="text-embedding-3-small", base_url="http://127.0.0.1:1", asked=None)
    embedder = RemoteEmbedder(api, {"OPENAI_API_KEY": "k"}, World().clock)
    monkeypatch.setitem(sys.modules, "httpx", None)

    with pytest.raises(EmbeddingError, match="httpx cannot be used"):
        embedder.embed(["text"])
