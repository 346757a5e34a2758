"""The benchmark of lessons: kept and asked by the product's own code, then counted."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.adapters.redaction import Redaction
from fleet.app.memory import Finder, Memory
from fleet.app.recalling import find, recall
from fleet.app.remembering import keep
from fleet.domain.lesson import (
    Draft,
    Lesson,
    LessonStatus,
    MemoryRules,
    Origin,
    Provenance,
    Scope,
)
from fleet.domain.lexical import lexical
from fleet.domain.scoring import Scored
from fleet.domain.twins import Kinship, kinship
from fleet.memory_ports import Embedder
from tests.builders import NOW

DATA = Path(__file__).resolve().parent / "data"
ANN = Provenance(origin=Origin.PERSON, author="ann")

Names = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a task asks, and the lessons that are about it."""

    text: str
    relevant: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Lessons by their names, questions about them, and paraphrases of some of them."""

    drafts: Mapping[str, Draft]
    questions: tuple[Question, ...]
    paraphrases: Mapping[str, Draft]


@dataclass(frozen=True, kw_only=True)
class Taught:
    """A memory that was taught the benchmark's lessons; `names` are theirs by id."""

    memory: Memory
    names: Mapping[str, str]

    def ranked(self, text: str) -> tuple[Scored, ...]:
        """Answer all lessons by the product's score."""
        return find(text, self.memory, fits=every, most=len(self.names)).scored

    def by_hybrid(self, text: str) -> Names:
        """Answer all lessons, best first."""
        return self._named(self.ranked(text))

    def by_cosine(self, text: str) -> Names:
        """Answer them by their vectors alone."""
        return self._named(sorted(self.ranked(text), key=lambda each: -each.cosine))

    def by_words(self, text: str) -> Names:
        """Answer those that share a word."""
        return self._named(lexical(text, self.memory.ledger.lessons()))

    def given(self, text: str) -> Names:
        """Answer what an attempt would be given."""
        return self._named(recall(text, Scope(), self.memory, fits=every).lessons)

    def _named(self, scored: Iterable[Scored]) -> Names:
        return [self.names[each.lesson.id] for each in scored]


def benchmark(*, extended: bool = False) -> Benchmark:
    """Read it; extended by lessons that look alike and questions that name identifiers."""
    told = json.loads((DATA / "lessons_bench.json").read_text())
    parts = [told, told["extension_identifiers"]] if extended else [told]
    return Benchmark(
        drafts={each["id"]: _draft(each) for part in parts for each in part["lessons"]},
        questions=tuple(
            Question(text=each["text"], relevant=frozenset(each["relevant"]))
            for part in parts
            for each in part["queries"]
        ),
        paraphrases={
            name: Draft(title=each["title"], problem=each["text"])
            for name, each in told["paraphrase_duplicates"].items()
        },
    )


def off_topic() -> tuple[str, ...]:
    """Answer tasks that no lesson is about."""
    tasks: list[str] = json.loads((DATA / "off_topic.json").read_text())["tasks"]
    return tuple(tasks)


def taught(bench: Benchmark, embedder: Embedder) -> Taught:
    """Keep every lesson of the benchmark as a person's, for every project."""
    ledger = MemoryLedger(clock=ManualClock(NOW))
    memory = Memory(
        rules=MemoryRules(),
        ledger=ledger,
        clock=ManualClock(NOW),
        embedder=embedder,
        finder=Finder(ledger, embedder, ExactIndex()),
        redact=Redaction([]).clean,
    )
    names = {}
    for name, draft in bench.drafts.items():
        kept = keep(draft, ANN, scope=Scope(), status=LessonStatus.ACTIVE, memory=memory)
        names[kept.lesson.id] = name
    return Taught(memory=memory, names=names)


def every(lesson: Lesson) -> bool:
    """Tell of each lesson that it may be used."""
    return lesson.kept


def places(questions: Iterable[Question], way: Callable[[str], Names]) -> list[float]:
    """Answer at which place each question's first lesson stands, 1 the best; infinite: nowhere."""
    return [
        next((n for n, name in enumerate(way(one.text), 1) if name in one.relevant), math.inf)
        for one in questions
    ]


def recall_at(k: int, found: Iterable[float]) -> list[float]:
    """Answer 1 for each question that was answered among the first k."""
    return [float(place <= k) for place in found]


def reciprocal(found: Iterable[float]) -> list[float]:
    """Answer one by the place for each question; their mean is the MRR."""
    return [1 / place for place in found]


def floored(bench: Benchmark, memory: Taught) -> list[float]:
    """Answer 1 for each question that is given a lesson about it, with the default floor."""
    return [
        float(bool(one.relevant.intersection(memory.given(one.text)))) for one in bench.questions
    ]


def misled(memory: Taught) -> list[float]:
    """Answer 1 for each task off topic that is given a lesson all the same."""
    return [float(bool(memory.given(text))) for text in off_topic()]


def kin(bench: Benchmark, memory: Taught) -> dict[tuple[bool, Kinship], int]:
    """Count how paraphrases are told to be akin: to their own lessons (True), and to others."""
    counts = {(own, how): 0 for own in (True, False) for how in Kinship}
    for name, draft in bench.paraphrases.items():
        for each in memory.ranked(draft.embedded):
            own = memory.names[each.lesson.id] == name
            counts[own, kinship(draft, each.lesson.said, each.cosine)] += 1
    return counts


def _draft(told: Mapping[str, object]) -> Draft:
    tags, files = told["tags"], told["files"]
    assert isinstance(tags, list)
    assert isinstance(files, list)
    return Draft(
        title=str(told["title"]),
        problem=str(told["what_went_wrong"]),
        cause=str(told["why"]),
        remedy=str(told["what_to_do"]),
        tags=tuple(tags),
        files=tuple(files),
    )
