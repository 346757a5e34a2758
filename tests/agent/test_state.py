"""A session kept between two attempts: one pauses, the next goes on, and only once."""

import subprocess

from fleet_agent.clis.usage import Usage
from fleet_agent.state import Continued, Shelf

SESSION = Continued("s-1", Usage(10, 5, 1, 2, 70))


def shelves(tmp_path, agent="claude"):
    shelf = Shelf(tmp_path / "state", agent, (".claude/projects", ".claude.json", ".missing"))
    return shelf, tmp_path / "home"


def a_kept_session(tmp_path):
    shelf, home = shelves(tmp_path)
    shelf.folder.mkdir()
    (home / ".claude/projects/-workspace").mkdir(parents=True)
    (home / ".claude/projects/-workspace/s-1.jsonl").write_text("history")
    (home / ".claude.json").write_text("{}")
    (home / ".claude/.credentials.json").write_text("secret")
    shelf.put(home, SESSION)
    return shelf


def test_a_session_comes_back_once_with_its_files_and_no_credential(tmp_path):
    shelf, home = a_kept_session(tmp_path), tmp_path / "next"
    home.mkdir()

    assert shelf.take(home) == SESSION
    assert (home / ".claude/projects/-workspace/s-1.jsonl").read_text() == "history"
    assert (home / ".claude.json").exists()
    assert not (home / ".claude/.credentials.json").exists()
    assert shelf.take(home) == Continued()


def test_another_agents_session_is_not_taken(tmp_path):
    a_kept_session(tmp_path)
    other, home = shelves(tmp_path, agent="codex")

    assert other.take(home) == Continued()


def test_without_a_shelf_or_a_session_nothing_is_kept(tmp_path):
    shelf, home = shelves(tmp_path)

    shelf.put(home, SESSION)
    assert not shelf.folder.exists()
    shelf.folder.mkdir()
    shelf.put(home, Continued())
    assert list(shelf.folder.iterdir()) == []
    assert shelf.take(home) == Continued()


def test_an_odd_note_is_no_session(tmp_path):
    shelf, home = shelves(tmp_path)
    shelf.folder.mkdir()
    session = '{"agent": "claude", "session": %s}'
    for odd in ("", "[]", '{"agent": "claude"}', session % "7", session % '"--settings={}"'):
        (shelf.folder / "session.json").write_text(odd)
        assert shelf.take(home) == Continued()
        assert list(shelf.folder.iterdir()) == []
    (shelf.folder / "session.json").symlink_to("/etc/passwd")
    assert shelf.take(home) == Continued()


def test_nothing_comes_back_but_what_a_session_needs(tmp_path):
    shelf, home = a_kept_session(tmp_path), tmp_path / "next"
    home.mkdir()
    (shelf.folder / "home/.claude/settings.json").write_text('{"hooks": {}}')
    (shelf.folder / "home/.gitconfig").write_text("[core]")

    assert shelf.take(home) == SESSION
    assert not (home / ".claude/settings.json").exists()
    assert not (home / ".gitconfig").exists()


def test_folders_deeper_than_the_interpreter_cost_the_session_alone(tmp_path):
    shelf, home = a_kept_session(tmp_path), tmp_path / "next"
    home.mkdir()
    deep = shelf.folder / "home/.claude/projects" / "/".join("d" * 600)
    deep.mkdir(parents=True)

    taken = shelf.take(home)
    # pytest could not remove it either
    subprocess.run(["rm", "-rf", shelf.folder / "home", home], check=True)

    assert taken == Continued()
    assert list(shelf.folder.iterdir()) == []
