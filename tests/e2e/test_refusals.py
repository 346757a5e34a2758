"""Bad input and bad places: one clear line, exit 1, nothing half-made."""

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

WRITES = "open('done.txt', 'w').write('x')"


def refused(home: Home, *words: str) -> str:
    """Run a command that must be refused in one line; answer the line."""
    done = home.run(*words)
    assert done.code == 1, (done.code, done.out, done.err)
    assert "Traceback" not in done.err
    return done.err.strip().splitlines()[-1]


def test_a_copied_home_is_refused_and_a_moved_one_is_followed(home: Home) -> None:
    home.agent("writes", WRITES)
    home.task("write")
    copy = Home(home.folder.with_name("copy"), home.repository)
    shutil.copytree(home.folder, copy.folder)

    assert "is a copy of" in refused(copy, "run")
    shutil.rmtree(home.folder)
    home.folder = copy.folder
    home.agent("writes", WRITES)
    assert home.run("run").code == 0


def test_another_ledger_than_before_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home.task("write", "--kind", "task")
    monkeypatch.setenv("FLEET_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")

    assert "another than before" in refused(home, "task", "list")
    assert not (tmp_path / "other.db").exists()
    monkeypatch.setenv("FLEET_DATABASE_URL", "sqlite:///relative.db")
    assert "no absolute path" in refused(home, "task", "list")


def test_a_second_home_on_one_repository_is_refused(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other", home.repository)

    done = other.run("init", str(other.folder), "--project", f"APP={home.repository}")

    assert done.code == 1
    assert f"belongs to the fleet home {home.folder}" in done.err


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "is no git repository"),
        (lambda path: git(path.parent, "init", "-q", "-b", "main", str(path)), "is empty"),
        (lambda path: None, "is no folder"),
    ],
)
def test_a_path_that_cannot_be_worked_on_is_refused(home: Home, make, said, tmp_path) -> None:
    path = tmp_path / "other"
    make(path)
    settings = json.loads((home.folder / "fleet.yaml").read_text())
    settings["projects"][0]["path"] = str(path)
    (home.folder / "fleet.yaml").write_text(json.dumps(settings))

    assert said in refused(home, "run")


def changed(home: Home, **keys: object) -> None:
    settings = json.loads((home.folder / "fleet.yaml").read_text())
    settings["projects"][0].update(keys)
    (home.folder / "fleet.yaml").write_text(json.dumps(settings))


def test_a_missing_target_is_refused_with_its_name(home: Home) -> None:
    changed(home, target="nowhere")

    assert "nowhere" in refused(home, "run")


def test_an_engine_that_is_down_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    assert "no Docker engine answers" in refused(home, "run")
    rows = {row["check"]: row for row in home.run("doctor", "--json").json}
    assert rows["engine"]["status"] == "fail"
    assert rows["engine"]["remedy"]


def test_a_missing_image_ends_the_task_with_what_to_do(home: Home) -> None:
    home.agent("writes", WRITES)
    changed(home, image="no-such-image:1")
    key = home.task("write")

    done = home.run("run", "--json")

    assert (done.code, done.json["failed"]) == (1, 1)
    assert "no-such-image:1 is missing" in home.show(key)["reason"]


def test_a_missing_check_script_is_an_error_for_a_human_and_not_a_red(home: Home) -> None:
    home.agent("writes", WRITES)
    changed(home, check=["sh", "scripts/nowhere.sh"])
    key = home.task("write")

    done = home.run("run", "--json")

    shown = home.show(key)
    assert (done.code, shown["status"]) == (1, "failed")
    assert [v["status"] for v in shown["attempts"][0]["verdicts"]] == ["error"]
    assert "scripts/nowhere.sh" in shown["reason"]


@pytest.mark.parametrize("title", ["", "   ", "two\nlines", "\x1b[31mred"])
def test_a_task_without_a_plain_title_is_refused(home: Home, title: str) -> None:
    home.agent("writes", WRITES)
    assert "title" in refused(home, "task", "add", title)
    key = home.task("sound")
    assert "title" in refused(home, "task", "edit", key, "--title", title)


def test_usage_errors_exit_2_and_keep_standard_output_clean(home: Home) -> None:
    for words in (("nosuch",), ("task", "list", "--nosuch"), ("pr", "show", "0")):
        done = home.run(*words)
        assert (done.code, done.out) == (2, ""), words


def test_errors_with_json_are_one_document(home: Home) -> None:
    done = home.run("task", "show", "APP-9", "--json")

    assert done.code == 1
    assert done.json["error"]["code"] == "not_found"


def test_a_merge_that_would_change_a_guarded_file_by_rename_is_evicted(home: Home) -> None:
    changed(home, protected=["deploy/**"])
    text = "".join(f"line {number}\n" for number in range(30))
    tools = home.repository / "tools.sh"
    git(home.repository, "switch", "-q", "main")
    tools.write_text(text)
    git(home.repository, "add", ".")
    git(home.repository, "commit", "-qm", "tools")
    home.agent("edits", "open('tools.sh', 'a').write('hostile\\n')")
    key = home.task("edit the tools", "--review", "required", "--max-retries", "0")
    assert home.run("run").code == 0
    (home.repository / "deploy").mkdir()
    git(home.repository, "mv", "tools.sh", "deploy/tools.sh")
    git(home.repository, "commit", "-qm", "moved under protection")

    done = home.run("pr", "merge", "1", "--yes")

    assert done.code == 1
    assert "deploy/tools.sh" in home.show(key)["attempts"][0]["reason"]
    assert "hostile" not in git(home.repository, "show", "main:deploy/tools.sh")
