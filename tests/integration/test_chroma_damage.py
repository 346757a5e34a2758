"""Whatever becomes of the index's folder: it is noticed, made anew, and no answer is wrong."""

import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fleet.adapters.chroma.index import opened
from fleet.adapters.chroma.seal import SEAL, seal, sealed
from fleet.adapters.chroma.stores import FolderStore
from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.guarded_index import guarded_index
from fleet.app.memory import make_whole
from fleet.domain.errors import ConfigError, IndexDamagedError
from fleet.memory_ports import WHOLE, Entry
from tests.builders import HOME8
from tests.lessons import SPACE, answers, entries, ids, quiet, vectors

pytestmark = pytest.mark.timeout(300)

# more than the thousand after which Chroma writes its graph to files
WANTED = entries(1100, projects=("", "APP"))
SQLITE = "chroma.sqlite3"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "chroma"
    index = opened(folder, None, home8=HOME8)
    index.rebuild(SPACE, WANTED, quiet)
    index.close()
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """Return a folder of its own that holds the wanted lessons, closed."""
    shutil.copytree(made, tmp_path / "chroma")
    return tmp_path / "chroma"


def expected():
    exact = ExactIndex()
    exact.rebuild(SPACE, WANTED, quiet)
    return exact


def graph(folder, name="data_level0.bin"):
    (found,) = folder.glob(f"*/{name}")
    return found


def delete(folder):
    shutil.rmtree(folder)


def delete_graph(folder):
    shutil.rmtree(graph(folder).parent)


def truncate_graph(folder):
    path = graph(folder)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)


def empty_graph(folder):
    graph(folder).write_bytes(b"")


def cut_links(folder):
    """Leave every vector where it is, and none with a neighbour: a count of none before each."""
    path = graph(folder)
    content = bytearray(path.read_bytes())
    for start in range(0, len(content), 4 + 64 * 4 + 384 * 4 + 8):
        content[start : start + 4] = bytes(4)
    path.write_bytes(content)


def garble_graph(folder):
    garble(graph(folder))


def garble_lengths(folder):
    garble(graph(folder, "length.bin"))


def garble_names(folder):
    garble(graph(folder, "index_metadata.pickle"))


def garble_sqlite(folder):
    garble(folder / SQLITE)


def empty_sqlite(folder):
    (folder / SQLITE).write_bytes(b"")


def text_for_sqlite(folder):
    (folder / SQLITE).write_text("this is no database\n" * 1000)


def delete_sqlite(folder):
    (folder / SQLITE).unlink()


def garble(path: Path) -> None:
    """Write random bytes over a third of a file, its beginning spared."""
    dice = np.random.default_rng(7)
    content = bytearray(path.read_bytes())
    for start in range(1024, len(content) - 512, 512):
        if dice.random() < 0.34:
            content[start : start + 512] = dice.bytes(512)
    path.write_bytes(content)


# the library's native code dies of these: nothing but the seal keeps them from it
DEADLY = [truncate_graph, empty_graph, garble_graph]
DAMAGES = [
    delete_graph,
    cut_links,
    garble_lengths,
    garble_names,
    garble_sqlite,
    empty_sqlite,
    text_for_sqlite,
    delete_sqlite,
]


def is_mended(folder):
    """Let the app look and mend; answer what was wrong."""
    index = guarded_index(folder, None, home8=HOME8)
    try:
        wrong = index.check(SPACE, WANTED).words
        # asked before anybody mends it, it does not answer wrongly either
        assert answers(index, WANTED) == answers(expected(), WANTED)
        make_whole(index, SPACE, WANTED, quiet)
        assert answers(index, WANTED) == answers(expected(), WANTED)
    finally:
        index.close()
    again = opened(folder, None, home8=HOME8)
    try:
        assert again.check(SPACE, WANTED) == WHOLE
        assert answers(again, WANTED) == answers(expected(), WANTED)
    finally:
        again.close()
    return wrong


def test_a_folder_that_nobody_touched_is_whole(folder):
    assert is_mended(folder) == ""


def test_a_folder_that_was_deleted_is_made_anew(folder):
    delete(folder)

    assert is_mended(folder) == "lessons missing: 1100"


def lose_one_and_gain_another(folder):
    """Leave a sealed folder that says nothing of what was done to it."""
    index = opened(folder, None, home8=HOME8)
    index.drop(SPACE, ["L-3"])
    index.put(SPACE, {"L-5000": WANTED["L-4"]})
    index.close()


def test_what_was_changed_behind_its_back_is_put_and_dropped_and_nothing_is_made_anew(folder):
    lose_one_and_gain_another(folder)
    made = folder.stat().st_ino

    assert is_mended(folder) == "lessons missing: 1, lessons too many: 1"

    assert folder.stat().st_ino == made


def test_lessons_added_while_nobody_owned_it_are_put_and_nothing_is_made_anew(folder):
    added = {f"L-{5000 + n}": each for n, each in enumerate(entries(5, seed=9).values())}
    wanted, made = WANTED | added, folder.stat().st_ino
    index = guarded_index(folder, None, home8=HOME8)
    told: list[str] = []

    make_whole(index, SPACE, wanted, told.append)

    for lesson, entry in added.items():
        assert ids(index.nearest(SPACE, entry.vector, k=1)) == [lesson]
    index.close()
    assert told == ["the index of lessons is brought up to date: lessons missing: 5"]
    assert folder.stat().st_ino == made


@pytest.mark.parametrize("damage", DAMAGES + DEADLY)
def test_a_folder_that_was_damaged_while_it_was_closed_is_made_anew(folder, damage):
    damage(folder)

    assert "was changed" in is_mended(folder)


# the seal is broken and made anew: what a crash or a faulty disk leaves while the owner lives
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_no_seal_tells_is_found_by_looking_into_it(folder, damage):
    damage(folder)
    seal(folder)

    wrong = is_mended(folder)

    assert wrong
    assert "was changed" not in wrong


def test_a_folder_whose_owner_was_killed_is_made_anew(folder):
    (folder / SEAL).unlink()

    assert "its owner was killed" in is_mended(folder)


@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "long", "list"])
def test_what_stands_in_place_of_the_seal_is_no_seal_and_keeps_nobody(folder, kind):
    index = opened(folder, None, home8=HOME8)
    index.rebuild(SPACE, WANTED, quiet)
    index.close()
    told = (folder / SEAL).read_text()
    (folder / SEAL).unlink()
    match kind:
        case "pipe":
            os.mkfifo(folder / SEAL)
        case "link":
            (folder.parent / "elsewhere").write_text(told)
            (folder / SEAL).symlink_to(folder.parent / "elsewhere")
        case "folder":
            (folder / SEAL).mkdir()
        case "long":
            (folder / SEAL).write_text(told + " " * 2_000_000)
        case _:
            (folder / SEAL).write_text("[1]")

    assert not sealed(folder)


def test_a_file_that_is_none_is_no_part_of_a_sealed_folder(folder):
    os.mkfifo(folder / "pipe")

    assert "was changed" in is_mended(folder)


def test_a_folder_moved_aside_by_one_who_was_killed_over_it_is_cleared(folder):
    folder.rename(folder.with_name("chroma.damaged"))

    is_mended(folder)

    assert not folder.with_name("chroma.damaged").exists()


@pytest.mark.parametrize("name", ["chroma", "chroma.damaged"])
def test_a_link_is_never_followed(folder, tmp_path, name, caplog):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "of the user").mkdir(parents=True)
    delete(folder)
    (tmp_path / name).symlink_to(elsewhere)
    index = guarded_index(folder, None, home8=HOME8)

    for _ in range(2):
        assert index.check(SPACE, WANTED) == WHOLE
        index.rebuild(SPACE, WANTED, quiet)

    assert answers(index, WANTED) == answers(expected(), WANTED)
    said = [each.reason for each in caplog.records if each.levelno == logging.ERROR]
    assert len(said) == 1
    assert "is no folder" in said[0]
    assert "remove it" in said[0]
    index.close()
    assert [each.name for each in elsewhere.iterdir()] == ["of the user"]


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "chroma").write_text("mine")
    index = opened(tmp_path / "chroma", None, home8=HOME8)

    with pytest.raises(ConfigError, match="is no folder"):
        index.rebuild(SPACE, WANTED, quiet)

    index.close()
    assert (tmp_path / "chroma").read_text() == "mine"


@pytest.mark.parametrize("damage", [delete, delete_graph, garble_sqlite])
def test_damage_while_it_is_used_never_makes_an_answer_wrong(folder, damage):
    index = guarded_index(folder, None, home8=HOME8)
    assert index.check(SPACE, WANTED) == WHOLE
    exact = expected()

    damage(folder)

    (fresh,) = vectors(1, seed=5)
    for _ in range(2):
        assert answers(index, WANTED) == answers(exact, WANTED)
        for each in (index, exact):
            each.put(SPACE, {"L-5000": Entry(vector=fresh, project="APP")})
            each.drop(SPACE, ["L-1"])
        assert ids(index.nearest(SPACE, fresh, k=1)) == ["L-5000"]
        assert answers(index, WANTED) == answers(exact, WANTED)
    index.close()


def test_a_damaged_one_is_not_sealed_as_if_it_were_whole(folder):
    delete_graph(folder)
    seal(folder)
    index = opened(folder, None, home8=HOME8)
    with pytest.raises(IndexDamagedError):
        index.check(SPACE, WANTED)

    index.close()

    assert not (folder / SEAL).exists()


def test_a_graph_with_other_settings_is_made_anew(tmp_path):
    store = FolderStore(tmp_path / "chroma")
    with store.calls() as client:
        client.create_collection(f"lessons-{HOME8}-{SPACE}", embedding_function=None)
    store.close()

    assert "other settings" in is_mended(tmp_path / "chroma")
