"""What the first task of a kind learnt the hard way helps the second; only as far as is allowed."""

import json
from typing import Any

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

# what no agent can know unless the check, or a lesson, has told it
CHECK = """\
for file in migrations/*.sql; do
    [ -e "$file" ] || continue
    head -n 1 "$file" | grep -q '^-- owner: ' && continue
    echo "$file: error: a migration begins with a line '-- owner: TEAM'" >&2
    exit 1
done
"""
# obeys what it is told, and proposes a lesson where it is asked for one
OBEYS = """
import json, os, pathlib, subprocess
packet = json.load(open(os.environ["FLEET_PACKET"]))
context = packet["context"]
told = json.dumps([context["lessons"], packet["messages"]])
key = packet["task_id"].lower()
migration = pathlib.Path("migrations", f"{key}.sql")
migration.parent.mkdir(exist_ok=True)
first = "-- owner: data\\n" if "-- owner:" in told else ""
migration.write_text(f"{first}CREATE TABLE t_{key.replace('-', '_')} (id int);\\n")
heard = pathlib.Path("heard", f"{key}-{context['attempt']}.json")
heard.parent.mkdir(exist_ok=True)
heard.write_text(json.dumps(context["lessons"]))
"""
PROPOSES = """
if context.get("ask_lesson"):
    lesson = ["A new migration without an owner is refused by the check"]
    lesson += ["--problem", "The check of a new database migration is red."]
    lesson += ["--cause", "Every migration names the team that owns its table."]
    lesson += ["--remedy", "Begin the file with the line '-- owner: data'.", "--tag", "migration"]
    subprocess.run(["fleet-agent", "report", "lesson", *lesson], check=True)
"""
FIRST = "Add a database migration for the table of invoices"
SECOND = "Add a database migration for the table of customers"


@pytest.fixture
def strict(home: Home) -> Home:
    """Return a home whose check wants of migrations what only it knows; no task is held out."""
    git(home.repository, "switch", "-q", "main")
    with (home.repository / "scripts" / "check.sh").open("a") as check:
        check.write(CHECK)
    git(home.repository, "commit", "-qam", "migrations have owners")
    git(home.repository, "switch", "-q", "--detach")
    home.configure(memory={"held_out": 0, "autosave": "probation"})
    home.agent("obeys", OBEYS + PROPOSES)
    return home


def ran(home: Home, title: str) -> list[str]:
    """Run a task to its end; answer the states of its attempts."""
    key = home.task(title)
    done = home.run("run", "--json")
    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    return [attempt["state"] for attempt in home.show(key)["attempts"]]


def heard(home: Home, key: str, attempt: int) -> Any:
    """Answer the lessons of an attempt's packet, as it left them behind."""
    return json.loads(git(home.repository, "show", f"main:heard/{key}-{attempt}.json"))


def lessons(home: Home) -> Any:
    return home.run("memory", "list", "--json").json


def test_the_second_task_of_a_kind_is_green_at_once_by_the_lesson_of_the_first(
    strict: Home,
) -> None:
    assert ran(strict, FIRST) == ["rejected", "merged"]

    (lesson,) = lessons(strict)
    assert (lesson["id"], lesson["status"], lesson["project"]) == ("L-1", "probation", "APP")
    assert ran(strict, SECOND) == ["merged"]

    assert heard(strict, "app-1", 1) == []
    (given,) = heard(strict, "app-2", 1)
    assert given["id"] == "L-1"
    assert "-- owner:" in given["remedy"]
    shown = strict.run("memory", "show", "L-1", "--json").json
    assert (shown["helpful"], shown["harmful"]) == (1, 0)
    assert shown["task"] == "APP-1"


def test_a_quarantined_lesson_is_given_to_nobody(strict: Home) -> None:
    assert ran(strict, FIRST) == ["rejected", "merged"]
    done = strict.run("memory", "quarantine", "L-1", "--reason", "not sure")
    assert done.code == 0, done.err

    assert ran(strict, SECOND) == ["rejected", "merged"]

    assert heard(strict, "app-2", 1) == []


def test_without_autosave_a_lesson_waits_until_a_person_accepts_it(strict: Home) -> None:
    strict.configure(memory={"autosave": "off"})
    assert ran(strict, FIRST) == ["rejected", "merged"]
    (lesson,) = lessons(strict)
    assert lesson["status"] == "proposed"

    assert ran(strict, SECOND) == ["rejected", "merged"]
    assert heard(strict, "app-2", 1) == []
    done = strict.run("memory", "accept", "L-1")
    assert done.code == 0, done.err

    assert ran(strict, "Add a database migration for the table of suppliers") == ["merged"]
    assert [each["id"] for each in heard(strict, "app-3", 1)] == ["L-1"]


def test_where_no_agent_proposes_one_the_lesson_is_made_from_the_diagnosis(strict: Home) -> None:
    strict.agent("obeys", OBEYS)
    assert ran(strict, FIRST) == ["rejected", "merged"]
    (lesson,) = lessons(strict)

    assert ran(strict, SECOND) == ["merged"]

    (given,) = heard(strict, "app-2", 1)
    assert given["id"] == lesson["id"]
    assert "-- owner:" in given["problem"]


def test_a_task_of_another_kind_is_told_nothing(strict: Home) -> None:
    assert ran(strict, FIRST) == ["rejected", "merged"]
    strict.agent("obeys", OBEYS.replace("migrations", "colours"))

    assert ran(strict, "Paint the logo of the start page in a darker green") == ["merged"]

    assert heard(strict, "app-2", 1) == []
