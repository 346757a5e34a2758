"""Lessons go from home to home by a file, and the index is made anew by hand."""

import json
import shutil

import pytest

from fleet.adapters.home import home_held
from tests.builders import NOW
from tests.cli.taught import CACHE, LOCK, SOCKET, lines, statuses, taught
from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SAID = ("title", "problem", "cause", "remedy", "tags", "files", "project", "role", "status")
KNOWN = ("reason", "origin", "author", "task", "attempt", "helpful", "harmful", "created")


@pytest.fixture
def other(home, tmp_path):
    """A second home, for another repository."""
    folder = tmp_path / "elsewhere"
    git(tmp_path, "clone", "-q", str(home.repository), str(folder))
    return Home(tmp_path / "other", folder).made()


def told(home):
    rows = home.run("memory", "list", "--json").json
    return [{name: row[name] for name in (*SAID, *KNOWN)} for row in rows]


def test_an_export_is_the_same_lessons_in_another_home_and_twice_changes_nothing(home, other):
    home.run("memory", "add", CACHE, "--tag", "pytest", "--path", "tests/**", "--remedy", "reset")
    taught(home, LOCK, problem="two writers")
    taught(home, SOCKET, author="else", status="probation")
    home.run("memory", "quarantine", "L-3", "--reason", "no")
    home.run("memory", "feedback", "L-1", "helpful")
    home.run("memory", "add", "Gone again")
    home.run("memory", "forget", "L-4", "--yes")

    done = home.run("memory", "export")
    file = home.folder / "memory" / "lessons.jsonl"

    assert (done.code, done.out) == (0, f"{file}\n")
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == [
        *("L-1", "L-2", "L-3"),
    ]
    for _ in range(2):
        assert other.run("memory", "add", "--from", str(file)).out == "L-1\nL-2\nL-3\n"
        assert told(other) == told(home)
    first = file.read_bytes()
    home.run("memory", "export", "-o", str(file))
    assert file.read_bytes() == first


def test_a_file_with_one_mistake_adds_nothing(home):
    file = lines(home, "many.jsonl", [{"title": CACHE}, {"titel": LOCK}])

    done = home.run("memory", "add", "--from", file)

    assert (done.code, done.out) == (1, "")
    assert f"{file}:2: titel: unknown key; did you mean 'title'?" in done.err
    assert statuses(home) == {}


def test_what_a_home_without_lessons_exports_adds_none_elsewhere(home, other):
    done = home.run("memory", "export")
    taken = other.run("memory", "add", "--from", done.out.strip())

    assert (done.code, done.err) == (0, "0 lessons\n")
    assert (taken.code, taken.out, taken.err) == (0, "", "0 lessons\n")
    assert other.run("memory", "add", "--from", done.out.strip(), "--json").json == []


def test_a_file_prints_the_id_of_each_of_its_lessons_in_their_order(home):
    rows = [{"title": CACHE, "why": "a cache"}, {"title": LOCK}, {"title": CACHE, "why": "a cache"}]

    file = lines(home, "many.jsonl", rows)
    plain = home.run("memory", "add", "--from", file).out
    found = home.run("memory", "add", "--from", file, "--json").json

    assert plain == "L-1\nL-2\nL-1\n"
    assert [(row["id"], row["fate"]) for row in found] == [
        *(("L-1", "found"), ("L-2", "found"), ("L-1", "found")),
    ]


def test_what_another_home_counted_is_not_counted_for_a_lesson_in_other_words(home):
    home.run("memory", "add", CACHE)
    row = {"title": f"{CACHE}!", "origin": "agent", "author": "dev", "helpful": 5}
    row["created"] = "2020-01-01T00:00:00+00:00"

    done = home.run("memory", "add", "--from", lines(home, "many.jsonl", [row]))

    assert (done.out, "L-1 says that already" in done.err) == ("L-1\n", True)
    assert home.run("memory", "show", "L-1", "--json").json["helpful"] == 0


@pytest.mark.parametrize("status", ["active", "probation", "proposed"])
def test_what_a_team_put_away_is_put_away_here_and_said(home, status):
    taught(home, CACHE, status=status)
    row = json.loads(exported(home))
    file = lines(home, "team.jsonl", [{**row, "status": "quarantined", "reason": "it misled two"}])

    done = home.run("memory", "add", "--from", file)
    again = home.run("memory", "add", "--from", file)

    assert (done.out, again.out) == ("L-1\n", "L-1\n")
    said = f"L-1 was {status} and is quarantined now, as in the file: it misled two"
    assert (said in done.err, said in again.err) == (True, False)
    shown = home.run("memory", "show", "L-1", "--json").json
    assert (shown["status"], shown["reason"]) == ("quarantined", "it misled two")


def test_what_was_put_away_here_is_let_out_by_no_file(home):
    home.run("memory", "add", CACHE)
    before = exported(home)
    home.run("memory", "quarantine", "L-1", "--reason", "no")
    file = home.folder / "team.jsonl"
    file.write_text(before)

    home.run("memory", "add", "--from", str(file))

    shown = home.run("memory", "show", "L-1", "--json").json
    assert (shown["status"], shown["reason"]) == ("quarantined", "no")


def exported(home):
    home.run("memory", "export")
    return (home.folder / "memory" / "lessons.jsonl").read_text()


def test_what_nobody_here_would_be_told_is_added_and_said(home):
    rows = [{"title": CACHE, "project": "bench"}, {"title": LOCK, "role": "tester"}]

    done = home.run("memory", "add", "--from", lines(home, "many.jsonl", rows))

    assert (done.code, done.out) == (0, "L-1\nL-2\n")
    assert "project BENCH is not in fleet.yaml: what is for it is told to nobody" in done.err
    assert "no profile has the role tester: what is for it is told to nobody" in done.err


def test_a_rebuild_mends_a_damaged_index_and_embeds_for_another_provider(home):
    home.run("memory", "add", CACHE)
    assert home.run("memory", "rebuild").out == "1 lessons have a vector; the index is made anew\n"
    chroma = home.folder / "memory" / "chroma"
    shutil.rmtree(chroma)
    chroma.mkdir()
    (chroma / "chroma.sqlite3").write_bytes(b"garbage" * 1000)

    assert doctor(home)["lesson index"]["status"] == "warn"
    done = home.run("memory", "rebuild", "--json")

    assert done.json == {"lessons": 1, "rebuilt": True}
    assert "lessons indexed: 1 of 1" in done.err
    row = doctor(home)["lesson index"]
    assert (row["status"], row["detail"]) == ("ok", "1 lessons")


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_stands_in_the_place_of_the_index_is_named_by_doctor_and_rebuild(home, kind):
    chroma = home.folder / "memory" / "chroma"
    chroma.symlink_to(home.repository) if kind == "link" else chroma.write_text("mine")

    row, done = doctor(home)["lesson index"], home.run("memory", "rebuild")

    said = f"{chroma} is no folder"
    assert (row["status"], row["detail"]) == ("warn", f"{said}: lessons are searched exactly")
    assert row["remedy"] == "remove it; fleet makes its own"
    assert (done.code, done.err) == (1, f"fleet: {said} (remove it; fleet makes its own)\n")


def test_a_file_in_the_place_of_the_memory_is_to_be_moved_away(home):
    memory = home.folder / "memory"
    shutil.rmtree(memory)
    memory.write_text("mine")

    row, done = doctor(home)["lesson index"], home.run("memory", "rebuild")

    assert (row["status"], "move away what stands there" in row["remedy"]) == ("warn", True)
    assert (done.code, "move away what stands there" in done.err) == (1, True)


def test_while_somebody_coordinates_the_index_is_left_to_them(home):
    home.run("memory", "add", CACHE)

    with home_held(home.folder, since=NOW, what="fleet run"):
        done = home.run("memory", "rebuild")
        row = doctor(home)["lesson index"]

    assert done.code == 0
    assert "(fleet run) holds the index, and keeps it right by itself" in done.out
    assert done.err == ""
    assert not (home.folder / "memory" / "chroma").exists()
    assert (row["status"], "(fleet run) keeps it right" in row["detail"]) == ("ok", True)


def doctor(home):
    return {row["check"]: row for row in home.run("doctor", "--json").json}
