"""Processes that keep lessons as a coordinator does, for the test that kills them.

Each line of standard input starts one, forked from here so that nobody waits for Chroma's library
fifty times. It says its process, then each lesson that is kept, then, here, that it has ended.
"""

import os
import sys
from pathlib import Path

from fleet.adapters.guarded_index import guarded_index
from fleet.adapters.ledger import SqlLedger
from fleet.adapters.memory import ManualClock
from fleet.app.memory import Finder, Memory
from fleet.app.remembering import keep
from fleet.domain.lesson import Draft, LessonStatus, MemoryRules, Origin, Provenance, Scope
from tests.builders import HOME8, NOW
from tests.twins import TwinEmbedder

BY = Provenance(origin=Origin.RULE, author="local", task="APP-1", attempt=None)


def memory_of(home: Path) -> Memory:
    """Answer the memory of who owns the index of a home: the product's own, but for the model."""
    clock = ManualClock(NOW)
    ledger = SqlLedger(f"sqlite:///{home / 'ledger.db'}", clock=clock)
    embedder = TwinEmbedder()
    finder = Finder(ledger, embedder, guarded_index(home / "memory" / "chroma", None, home8=HOME8))
    return Memory(
        rules=MemoryRules(),
        ledger=ledger,
        clock=clock,
        embedder=embedder,
        finder=finder,
        redact=str,
    )


def life(home: Path) -> None:
    """Keep one lesson after another until killed; say each once it is kept."""
    say(f"lives {os.getpid()}")
    memory = memory_of(home)
    while True:
        number = memory.ledger.last_lesson() + 1
        title = " ".join(f"word{number}{letter}" for letter in "abcdef")
        status, scope = LessonStatus.PROBATION, Scope(project="APP")
        kept = keep(Draft(title=title), BY, scope=scope, status=status, memory=memory)
        # what was added is brought to the index by the next look, here at once
        memory.finder.catch_up()
        say(f"kept {kept.lesson.id} {kept.lesson.title}")


def say(line: str) -> None:
    # one write: a killed process leaves no half of a line
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """Start a life for each line."""
    import chromadb  # noqa: F401 - once, before the first fork
    import numpy as np  # noqa: F401

    for _ in sys.stdin:
        process = os.fork()
        if process == 0:
            life(Path(sys.argv[1]))
        os.waitpid(process, 0)
        say("ended")


if __name__ == "__main__":
    main()
