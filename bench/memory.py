"""Whether recall finds the right lesson, keeps quiet where there is none, and how long it takes.

The benchmark's lessons are kept and asked by the product's own code, with the local model.
Intervals are of 95 %, by a seeded bootstrap over the questions. Repeat with:

    python bench/memory.py --json
"""

import argparse
import json
import logging
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from fleet.adapters.embeddings.local import LocalEmbedder, shipped_model
from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.guarded_index import guarded_index
from fleet.adapters.ledger.sql import SqlLedger
from fleet.adapters.memory import ManualClock
from fleet.adapters.redaction import Redaction
from fleet.app.memory import Finder, Memory
from fleet.app.recalling import recall
from fleet.domain.lesson import Draft, Embedding, MemoryRules, Scope, Vector
from fleet.domain.lexical import lexical
from fleet.domain.twins import Kinship
from fleet.memory_ports import Embedder, LessonIndex
from fleet.ports import Append, Save
from tests.builders import HOME8, NOW, a_lesson
from tests.lesson_bench import (
    Benchmark,
    Taught,
    benchmark,
    every,
    floored,
    kin,
    misled,
    off_topic,
    places,
    recall_at,
    reciprocal,
    taught,
)

SAMPLES = 2000  # of a bootstrap
BATCH = 500  # rows of a transaction
NOISE = 0.05  # of each number of a synthetic vector
AIM_MS = 15

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Share:
    """A mean over questions with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def main() -> None:
    """Measure quality on both sets and latency, and print tables, or with --json one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lessons", type=int, default=10_000, help="synthetic ones, for latency")
    parser.add_argument("--rounds", type=int, default=3, help="times that each question is asked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    embedder = LocalEmbedder(shipped_model())
    found = [row for wide in (False, True) for row in quality(embedder, asked.seed, extended=wide)]
    speed = latencies(embedder, asked.lessons, rounds=asked.rounds, seed=asked.seed)
    if asked.json:
        print(json.dumps({"quality": found, "latency": speed}, default=vars))
        return
    table(found)
    table(speed)


def quality(embedder: Embedder, seed: int, *, extended: bool) -> Iterator[Row]:
    """Yield a row for each way to search, and what the floor and the twins come to."""
    bench = benchmark(extended=extended)
    memory = taught(bench, embedder)
    ways = {"BM25": memory.by_words, "local": memory.by_cosine, "hybrid": memory.by_hybrid}
    for name, way in ways.items():
        found = places(bench.questions, way)
        measured = {f"R@{k}": share(recall_at(k, found), seed) for k in (1, 3, 5)}
        yield {**asked_of(bench), "way": name, **measured, "MRR": share(reciprocal(found), seed)}
    yield {**asked_of(bench), "way": "hybrid, floor", **with_floor(bench, memory, seed)}


def with_floor(bench: Benchmark, memory: Taught, seed: int) -> Row:
    """Answer what is given with the default floor, and how paraphrases are told."""
    counts = kin(bench, memory)
    own = len(bench.paraphrases)
    return {
        "R@3": share(floored(bench, memory), seed),
        f"off topic of {len(off_topic())}": share(misled(memory), seed),
        "the same": f"{counts[True, Kinship.SAME]}/{own}",
        "near": f"{counts[True, Kinship.NEAR]}/{own}",
        "wrongly the same": counts[False, Kinship.SAME],
        "wrongly near": counts[False, Kinship.NEAR],
    }


def asked_of(bench: Benchmark) -> Row:
    """Answer how large it is."""
    return {"lessons": len(bench.drafts), "questions": len(bench.questions)}


def share(values: Sequence[float], seed: int) -> Share:
    """Answer the mean with its interval; the same seed answers the same."""
    draw = Random(seed)  # noqa: S311 - no secret
    means = sorted(statistics.fmean(draw.choices(values, k=len(values))) for _ in range(SAMPLES))
    edge = SAMPLES // 40
    return Share(mean=statistics.fmean(values), low=means[edge], high=means[-edge - 1])


def latencies(embedder: Embedder, many: int, *, rounds: int, seed: int) -> list[Row]:
    """Measure recall among synthetic lessons: by Chroma, exactly, and by words alone."""
    questions = [one.text for one in benchmark().questions]
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), embedder, many, seed) as it:
        near = guarded_index(Path(folder) / "memory" / "chroma", None, home8=HOME8)
        rows = [
            recalled("Chroma", it, near, questions * rounds),
            recalled("exact", it, ExactIndex(), questions * rounds),
        ]
        lessons = it.ledger.lessons()
        rows.append(timed("BM25", many, lambda text: lexical(text, lessons), questions))
    rows.append(timed("the model alone", many, lambda text: embedder.embed([text]), questions))
    return rows


def recalled(name: str, memory: Memory, index: LessonIndex, questions: Sequence[str]) -> Row:
    """Time the whole way of recall: embed, search, read the ledger, score, choose."""
    with closing(index):
        warm = replace(memory, finder=Finder(memory.ledger, memory.embedder, index))
        begun = time.perf_counter()
        recall("warm up", Scope(project="APP"), warm, fits=every)
        first = round(time.perf_counter() - begun, 2)

        def ask(text: str) -> None:
            assert not recall(text, Scope(project="APP"), warm, fits=every).note

        return {**timed(name, len(memory.ledger.lessons()), ask, questions), "first_s": first}


def timed(name: str, many: int, ask: Callable[[str], object], questions: Sequence[str]) -> Row:
    """Answer the median and the 95th of a hundred, in milliseconds; CPU is this process's."""
    taken, busy = [], []
    for text in questions:
        begun, cpu = time.perf_counter(), time.process_time()
        ask(text)
        taken.append((time.perf_counter() - begun) * 1000)
        busy.append((time.process_time() - cpu) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    medians = {"p50_ms": round(statistics.median(taken), 1), "p95_ms": round(p95, 1)}
    medians["cpu_ms"] = round(statistics.median(busy), 1)
    return {"index": name, "lessons": many, "asked": len(taken), **medians, "aim_ms": AIM_MS}


@contextmanager
def filled(folder: Path, embedder: Embedder, many: int, seed: int) -> Iterator[Memory]:
    """Fill a ledger on disk with synthetic lessons: the benchmark's, other words and vectors."""
    ledger = SqlLedger(f"sqlite:///{folder / 'fleet.db'}", clock=ManualClock(NOW))
    draw, space = Random(seed), embedder.space()  # noqa: S311 - no secret
    drafts = list(benchmark(extended=True).drafts.values())
    vectors = [numbers(one) for one in embedder.embed([draft.embedded for draft in drafts])]
    for start in range(0, many, BATCH):
        writes: list[Save | Append] = []
        for number in range(start + 1, min(start + BATCH, many) + 1):
            at = number % len(drafts)
            writes += [Save(row=a_lesson(number, **other(drafts[at], number)))]
            vector = noisy(vectors[at], draw)
            row = Embedding(lesson=f"L-{number}", space=space, values=vector)
            writes += [Append(row=row)]
        ledger.commit(writes)
    with closing(ledger):
        yield Memory(
            rules=MemoryRules(),
            ledger=ledger,
            clock=ManualClock(NOW),
            embedder=embedder,
            finder=Finder(ledger, embedder, ExactIndex()),
            redact=Redaction([]).clean,
        )


def other(draft: Draft, number: int) -> Row:
    """Answer a lesson's text that no other has, of one of ten projects or of every one."""
    project = None if number % 2 else ("APP" if number % 20 == 0 else f"P{number % 20}")
    title = f"{draft.title} {number}"
    return {**vars(draft), "title": title, "project": project, "role": None}


def noisy(vector: Sequence[float], draw: Random) -> Vector:
    """Answer a vector near that one, of length one."""
    moved = [value + draw.gauss(0, NOISE) for value in vector]
    length = sum(value * value for value in moved) ** 0.5
    return struct.pack(f"<{len(moved)}f", *(value / length for value in moved))


def numbers(vector: Vector) -> tuple[float, ...]:
    """Answer a vector's numbers."""
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def table(rows: Sequence[Row]) -> None:
    """Print rows below each other, those of the same columns under one head."""
    for names in dict.fromkeys(tuple(row) for row in rows):
        lines = [names, *(tuple(map(str, row.values())) for row in rows if tuple(row) == names)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("  ".join(map(str.ljust, line, widths)).rstrip())
        print()


if __name__ == "__main__":
    main()
