"""A session kept between two attempts: one pauses, the next goes on, and only once."""

from fleet_agent.clis.model import Usage
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
    for odd in ("", "[]", '{"agent": "claude"}', '{"agent": "claude", "session": 7}'):
        (shelf.folder / "session.json").write_text(odd)
        assert shelf.take(home) == Continued()
    (shelf.folder / "session.json").unlink()
    (shelf.folder / "session.json").symlink_to("/etc/passwd")
    assert shelf.take(home) == Continued()
