"""How much of an attempt's work is taken: sparse files cost an agent nothing, and hours to read."""

from pathlib import Path

from fleet.adapters.git import blobs, bounds
from tests.contract.worktrees import a_stage, finished
from tests.repos import write


def test_a_sparse_terabyte_is_named_and_the_rest_is_taken(tmp_path):
    stage = a_stage(tmp_path)
    root = Path(stage.prepared(finished()).path)
    write(root, {"work": "1"})
    with (root / "huge").open("wb") as file:
        file.truncate(2**40)

    collected = stage.collected(finished())

    assert stage.names(collected.head) == {"README", "work"}
    assert collected.notes == ("huge is left out: 1099511627776 bytes are too many",)


def test_a_tracked_file_that_became_too_large_stays_as_it_was(tmp_path):
    stage = a_stage(tmp_path, {"README": "short\n"})
    root = Path(stage.prepared(finished()).path)
    with (root / "README").open("r+b") as file:
        file.truncate(2**40)

    collected = stage.collected(finished())

    assert stage.raw(collected.head, "README") == b"short\n"
    assert len(collected.notes) == 1


def test_all_files_of_an_attempt_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(blobs, "MOST_BYTES", 10)
    stage = a_stage(tmp_path)
    write(Path(stage.prepared(finished()).path), {"a": "1" * 6, "b": "2" * 6, "c": "3" * 4})

    collected = stage.collected(finished())

    assert stage.names(collected.head) == {"README", "a", "c"}
    assert collected.notes == ("b is left out: 6 bytes are too many",)


def test_of_more_files_than_are_taken_those_among_few_others_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_FILES", 4)
    stage = a_stage(tmp_path)
    flood = {f"many/{number}": "" for number in range(10)}
    write(Path(stage.prepared(finished()).path), {"work": "1", "src/one": "1", **flood})

    collected = stage.collected(finished())

    assert stage.names(collected.head) == {"README", "work", "src/one", "many/0", "many/1"}
    assert collected.notes == (
        "8 of 10 files in many are left out: 4 new files are taken of an attempt",
    )


def test_files_of_the_base_are_taken_however_many_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_FILES", 2)
    stage = a_stage(tmp_path, {f"file-{number}": "1" for number in range(9)})
    write(Path(stage.prepared(finished()).path), {f"file-{number}": "2" for number in range(9)})

    collected = stage.collected(finished())

    assert stage.raw(collected.head, "file-8") == b"2"
    assert collected.notes == ()
