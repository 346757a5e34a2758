"""One process owns the index's folder; the others, and one that cannot use it, search exactly."""

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from chromadb.errors import InternalError

from fleet.adapters.chroma.calls import translated
from fleet.adapters.chroma.index import opened
from fleet.adapters.chroma.owner import owned
from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.guarded_index import GuardedIndex, guarded_index
from fleet.domain.errors import BusyError, ConfigError, IndexDamagedError
from fleet.memory_ports import WHOLE, Entry
from tests.builders import HOME8
from tests.lessons import SPACE, answers, entries, ids, quiet, vectors

pytestmark = pytest.mark.timeout(180)

ROOT = Path(__file__).resolve().parents[2]
WANTED = entries(30)
HOLDS = """
import sys
from pathlib import Path
from fleet.adapters.chroma.owner import owned
lock = owned(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


class Odd(ExactIndex):
    """An index that finds nothing, as Chroma's without its graph; `made` counts its rebuilds."""

    def __init__(self):
        super().__init__()
        self.made = 0

    def rebuild(self, space, entries, told):
        self.made += 1

    def check(self, space, wanted):
        return WHOLE


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "chroma"


@pytest.fixture
def other(folder):
    """Return a process that owns the folder."""
    command = [sys.executable, "-c", HOLDS, f"{folder}.lock"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def reasons(caplog):
    return [each.reason for each in caplog.records if each.levelno == logging.ERROR]


def test_a_second_owner_is_refused_and_told_who_it_is(folder, other):
    with pytest.raises(BusyError, match=f"process {other.pid} holds") as refused:
        opened(folder, None, home8=HOME8)

    assert str(folder) in str(refused.value)
    assert "fleet down" in refused.value.remedy


def test_a_second_owner_within_one_process_is_refused_too(folder):
    index = opened(folder, None, home8=HOME8)

    with pytest.raises(BusyError, match=f"process {os.getpid()} holds"):
        opened(folder, None, home8=HOME8)

    index.close()
    opened(folder, None, home8=HOME8).close()


def test_who_was_killed_owns_nothing(folder, other):
    other.kill()
    other.wait()

    opened(folder, None, home8=HOME8).close()


def test_the_second_process_searches_exactly_touches_nothing_and_says_so_once(
    folder, other, caplog
):
    index = guarded_index(folder, None, home8=HOME8)

    for _ in range(2):
        assert index.check(SPACE, WANTED) == WHOLE
        assert answers(index, WANTED, k=1) == [[lesson] for lesson in list(WANTED)[:20]]
        index.put(SPACE, entries(1, seed=8))
        assert ids(index.nearest(SPACE, vectors(1, seed=8)[0], k=1)) == ["L-1"]

    assert not folder.exists()
    assert len(reasons(caplog)) == 1
    index.close()


def test_who_was_second_takes_over_once_the_first_is_gone(folder, other):
    index = guarded_index(folder, None, home8=HOME8)
    index.check(SPACE, WANTED)
    other.kill()
    other.wait()

    index.put(SPACE, {"L-99": Entry(vector=vectors(1, seed=8)[0], project="")})
    index.close()

    own = opened(folder, None, home8=HOME8)
    assert (
        own.check(SPACE, WANTED | {"L-99": Entry(vector=vectors(1, seed=8)[0], project="")})
        == WHOLE
    )
    own.close()


def test_no_lock_is_taken_by_a_link(folder, tmp_path):
    folder.with_name("chroma.lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConfigError, match=os.strerror(errno.ELOOP)):
        owned(folder.with_name("chroma.lock"))

    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_is_no_lock(folder):
    os.mkfifo(folder.with_name("chroma.lock"))

    with pytest.raises(ConfigError, match="is no plain file"):
        owned(folder.with_name("chroma.lock"))


def test_a_full_disk_is_to_be_freed_before_the_index_is_made_anew():
    with (
        pytest.raises(IndexDamagedError) as caught,
        translated("memory/chroma", served=False),
    ):
        raise InternalError("error returned from database: (code: 13) database or disk is full")

    assert caught.value.remedy.startswith("free some space; then `fleet memory rebuild`")


def test_nothing_is_opened_before_the_first_lesson(folder):
    index = guarded_index(folder, None, home8=HOME8)

    assert index.check(SPACE, {}) == WHOLE
    assert list(index.nearest(SPACE, vectors(1)[0], k=3)) == []

    index.close()
    assert list(folder.parent.iterdir()) == []


def test_a_folder_that_cannot_be_made_leaves_the_exact_search(folder, caplog):
    folder.parent.joinpath("file").write_text("")
    index = guarded_index(folder.parent / "file" / "chroma", None, home8=HOME8)

    assert index.check(SPACE, WANTED) == WHOLE

    assert ids(index.nearest(SPACE, WANTED["L-3"].vector, k=1)) == ["L-3"]
    assert "cannot be used" in reasons(caplog)[0]
    index.close()


def test_fewer_answers_than_there_are_lessons_are_damage_and_mended_once(caplog):
    odd = Odd()
    index = GuardedIndex(lambda: odd)
    assert index.check(SPACE, WANTED) == WHOLE

    for _ in range(3):
        assert len(index.nearest(SPACE, WANTED["L-3"].vector, k=3)) == 3

    assert odd.made == 1
    assert len(reasons(caplog)) == 2
    assert "answers 0 lessons where 3 are" in reasons(caplog)[0]


def test_who_asks_after_the_end_is_answered_and_opens_nothing_again(folder):
    index = guarded_index(folder, None, home8=HOME8)
    index.check(SPACE, WANTED)
    index.rebuild(SPACE, WANTED, quiet)
    index.close()

    assert answers(index, WANTED, k=1) == [[lesson] for lesson in list(WANTED)[:20]]
    index.put(SPACE, {"L-99": Entry(vector=vectors(1, seed=8)[0], project="")})

    own = opened(folder, None, home8=HOME8)
    assert own.check(SPACE, WANTED) == WHOLE
    own.close()


def test_an_exact_index_that_was_fed_nothing_says_so():
    index = ExactIndex()

    assert index.check(SPACE, WANTED).words == "lessons missing: 30"
    index.rebuild(SPACE, WANTED, quiet)
    assert index.check(SPACE, WANTED) == WHOLE


def test_a_panic_of_the_library_is_damage_and_a_users_interrupt_is_not():
    from fleet.adapters.chroma.calls import translated

    class PanicError(BaseException):
        """What pyo3 raises is no Exception."""

    with (
        pytest.raises(IndexDamagedError, match=r"PanicError: at \[2J the disk \("),
        translated("here", served=False),
    ):
        raise PanicError("at \x1b[2J the\ndisk")
    for untouched in (KeyboardInterrupt, SystemExit, ConfigError):
        with pytest.raises(untouched), translated("here", served=False):
            raise untouched("x")
