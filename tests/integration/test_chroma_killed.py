"""Who keeps lessons is killed fifty times: what was acknowledged is in the ledger and is found."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from fleet.adapters.chroma.index import opened
from fleet.memory_ports import WHOLE, Entry
from tests.builders import HOME8
from tests.integration.lesson_writer import memory_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50


class Writers:
    """Processes that keep lessons, one after another, each killed by us."""

    def __init__(self, home: Path) -> None:
        self.kept: dict[str, str] = {}
        command = [sys.executable, "-m", "tests.integration.lesson_writer", str(home)]
        with (home / "said").open("w") as said:
            self._parent = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )

    def lives_and_is_killed(self, *, after: int, then: float) -> None:
        """Start one and kill it `then` seconds after it has kept so many lessons."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(b"go\n")
        self._parent.stdin.flush()
        what, process = self._heard()
        assert what == "lives"
        for _ in range(after):
            self._keep(*self._heard())
        Event().wait(then)
        os.kill(int(process), signal.SIGKILL)
        while (heard := self._heard()) != ("ended", ""):
            self._keep(*heard)

    def close(self) -> None:
        self._parent.communicate()

    def _keep(self, what: str, told: str) -> None:
        assert what == "kept"
        lesson, _, title = told.partition(" ")
        self.kept[lesson] = title

    def _heard(self) -> tuple[str, str]:
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline().decode().strip()
        what, _, told = line.partition(" ")
        return what, told


@pytest.fixture
def home(tmp_path):
    memory_of(tmp_path).ledger.close()
    return tmp_path


def test_nothing_acknowledged_is_lost_by_fifty_kills(home):
    dice = np.random.default_rng(1)
    writers = Writers(home)

    for _ in range(KILLS):
        # from the first moment, when the index is looked at and made anew, to between two lessons
        writers.lives_and_is_killed(after=int(dice.integers(0, 5)), then=dice.random() * 0.4)
    writers.close()

    assert len(writers.kept) >= KILLS
    memory = memory_of(home)
    memory.finder.catch_up()
    for lesson, title in writers.kept.items():
        row = memory.ledger.lesson(lesson)
        assert row.title == title
        (vector,) = memory.embedder.embed([row.embedded])
        assert memory.finder.nearest(vector, k=1, project="APP")[0].lesson == lesson
    titles = [row.title for row in memory.ledger.lessons()]
    assert len(titles) == len(set(titles))
    whole = {
        lesson: Entry(vector=vector, project="APP")
        for lesson, vector in memory.ledger.embeddings("words").items()
    }
    memory.finder.close()
    memory.ledger.close()
    assert "searched exactly" not in (home / "said").read_text()
    index = opened(home / "memory" / "chroma", None, home8=HOME8)
    assert index.check("words", whole) == WHOLE
    index.close()
