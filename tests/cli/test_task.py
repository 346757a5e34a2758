"""What is asked of the board in a wrong way is refused, with what was meant."""

import json

import pytest

from fleet.bootstrap import office_open
from fleet.config import read_settings
from fleet.ports import Log
from tests.builders import an_event
from tests.e2e.fleets import Home

pytestmark = pytest.mark.slow


def test_a_board_of_a_project_that_nobody_knows_is_not_an_empty_one(home: Home):
    home.agent("own", "")
    key = home.task("something")

    meant = home.ask("task", "list", "-p", "app", "--json")
    misspelt = home.ask("task", "list", "-p", "AP", "--json")

    assert [row["key"] for row in meant.json] == [key]
    assert (misspelt.code, misspelt.json["error"]["code"]) == (1, "not_found")
    assert "no project 'AP'; did you mean 'APP'?" in misspelt.err


def test_a_project_that_went_from_the_file_keeps_its_board(home: Home):
    home.agent("own", "")
    key = home.task("something")
    home.configure(projects=[])

    rows = home.ask("task", "list", "-p", "APP", "--json").json

    assert [row["key"] for row in rows] == [key]


def test_a_description_is_given_once(home: Home):
    home.agent("own", "")
    file = home.folder / "wish.md"
    file.write_text("from a file")

    both = home.ask("task", "add", "x", "-d", "by hand", "--file", str(file))
    one = home.task("x", "--file", str(file))

    assert (both.code, "exclude each other" in both.err) == (2, True)
    assert home.show(one)["goal"] == "from a file"


@pytest.mark.parametrize(
    ("held", "said"), [(None, "No such file or directory"), (b"\xff", "is not UTF-8")]
)
def test_a_description_that_cannot_be_read_is_told_in_plain_words(home: Home, held, said):
    home.agent("own", "")
    file = home.folder / "wish.md"
    if held is not None:
        file.write_bytes(held)

    done = home.ask("task", "add", "x", "--file", str(file))

    assert done.code == 1
    assert done.err.count(str(file)) == 1
    assert said in done.err


def test_an_unknown_role_is_refused_with_those_there_are(home: Home):
    home.agent("own", "", roles=["developer", "tester"])

    assert home.ask("task", "add", "x", "--role", "tster").err.endswith(
        "(roles: developer, tester)\n"
    )


def test_the_log_of_a_task_says_where_an_attempt_moved_to(home: Home):
    home.agent("own", "")
    key = home.task("something")
    moved = an_event(
        "attempt.moved", task=key, attempt="app-1-1", data={"from": "leased", "to": "preparing"}
    )
    with office_open(read_settings(home.folder)) as office:
        office.ledger.commit([Log(event=moved)])

    assert "attempt.moved  preparing\n" in home.ask("task", "log", key).out
    assert home.ask("task", "log", key, "--json").json[-1]["state"] == "preparing"


def test_a_profile_is_shown_in_words_and_not_in_pythons_own(home: Home):
    home.agent("own", "")
    smart = {"name": "smart", "agent": "claude", "roles": ["developer", "tester"]}
    (home.folder / "profiles" / "smart.yaml").write_text(json.dumps(smart))

    shown = home.ask("profile", "show", "smart").out

    rows = dict(line.split(":", 1) for line in shown.splitlines())
    assert rows["roles"].strip() == "developer, tester"
    assert (rows["model"].strip(), rows["fallback"].strip()) == ("-", "-")
    assert not any(mark in shown for mark in ("None", "(", "{"))
