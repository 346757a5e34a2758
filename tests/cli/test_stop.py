"""People stop and resume by commands: told who did, and nothing done twice."""

import json
import os

import pytest

from fleet.adapters.home import home_held
from fleet.cli.unit import unit
from fleet.domain.attempt import State
from fleet.domain.errors import ConfigError
from fleet.domain.hold import COORDINATOR, Hold, HoldKind
from tests.builders import NOW, an_attempt
from tests.cli.reviewed import in_review, written

pytestmark = pytest.mark.slow


@pytest.fixture
def task(home):
    home.agent("writes", "")
    return home.task("do it")


def holds(home):
    return [hold["subject"] for hold in home.ask("status", "--json").json["holds"]]


@pytest.mark.parametrize("words", [(), ("--all", "APP-1")])
def test_who_names_neither_tasks_nor_all_is_asked_which(home, words):
    assert home.ask("stop", *words).code == 2


def test_a_dry_run_says_what_would_be_stopped_and_stops_nothing(home, task):
    for words in (("--all",), (task,)):
        done = home.ask("stop", *words, "--dry-run")
        assert (done.code, "would be stopped" in done.out) == (0, True)

    assert holds(home) == []


def test_a_stop_of_all_is_seen_everywhere_with_who_and_why(home, task):
    done = home.ask("stop", "--all", "--reason", "fire\x1b[31m")

    assert done.code == 0
    assert "everything is stopped by" in done.out
    listed = home.ask("task", "list", "--json").json[0]
    assert listed["status"] == "ready"
    for reason in (
        listed["reason"],
        home.ask("task", "show", task, "--json").json["reason"],
        home.ask("status", "--json").json["queue"][0]["waiting_for"],
        home.ask("status").out,
    ):
        assert "everything is stopped by" in reason
        assert ": fire [31m (`fleet resume` lifts it)" in reason


def test_a_stop_of_a_task_stands_in_its_history_until_it_is_resumed(home, task):
    home.ask("stop", task, "--reason", "wrong branch")
    shown = home.ask("task", "show", task, "--json").json
    assert [hold["reason"] for hold in shown["holds"]] == ["wrong branch"]

    assert f"{task} goes on" in home.ask("resume", task).out

    shown = home.ask("task", "show", task, "--json").json
    assert (shown["holds"], shown["reason"]) == ([], "")
    told = [event["what"] for event in shown["history"]]
    assert told[-2:] == ["task.held: wrong branch", "task.resumed: wrong branch"]


def test_stopping_and_resuming_twice_says_what_stood_before(home, task):
    home.ask("stop", "--all", "--reason", "first")
    again = home.ask("stop", "--all", "--reason", "second")
    assert (again.code, "first" in again.out, "second" in again.out) == (0, True, False)

    assert home.ask("resume").code == 0
    assert home.ask("resume").out == "the fleet was not stopped\n"
    assert home.ask("resume", task).out == f"{task} was not stopped\n"


def test_a_resume_of_the_fleet_names_the_tasks_that_are_still_stopped(home, task):
    home.ask("stop", task)
    home.ask("stop", "--all")

    assert "everything is stopped by" in home.ask("resume", task).err
    home.ask("stop", task)
    assert f"{task} is still stopped by" in home.ask("resume").err


def test_a_key_that_nobody_knows_is_refused_before_anything_is_done(home, task):
    for verb in ("stop", "resume"):
        done = home.ask(verb, task, "APP-9")
        assert (done.code, "APP-9" in done.err) == (1, True)

    assert holds(home) == []


def test_the_file_of_any_tool_is_shown_and_removed(home, task):
    (home.folder / "STOP").write_text("fire\nmore\n")
    said = "everything is stopped by the file STOP in the home: fire (`fleet resume` removes it)"

    assert home.ask("task", "list", "--json").json[0]["reason"] == said
    assert said in home.ask("status").out
    assert holds(home) == ["fleet"]

    assert home.ask("report", "--format", "json").json["halted"] == said
    assert "the file STOP is removed" in home.ask("resume").out
    assert not (home.folder / "STOP").exists()
    assert home.ask("task", "list", "--json").json[0]["reason"] == ""


def test_a_resume_says_of_no_coordinator_that_it_goes_on_once_that_has_ended(home):
    told = Hold(subject=COORDINATOR, kind=HoldKind.DRAIN, active=True, who="alice", at=NOW)
    written(home, told)

    assert home.ask("resume").out == "the fleet was not stopped\n"
    with home_held(home.folder, since=NOW, what="fleet up"):
        assert "the coordinator goes on; it was stopped by alice" in home.ask("resume").out


def test_a_file_that_cannot_be_removed_leaves_everything_stopped(home):
    home.ask("stop", "--all")
    (home.folder / "STOP").mkdir()
    (home.folder / "STOP" / "mine").touch()

    done = home.ask("resume")

    assert (done.code, "cannot be removed" in done.err) == (1, True)
    assert holds(home) == ["fleet", "fleet"]


@pytest.mark.parametrize("words", [(), ("--now",), ("--dry-run",), ("--no-wait",)])
def test_where_nobody_coordinates_there_is_nothing_to_end(home, words):
    done = home.run("down", *words)

    assert (done.code, done.out) == (0, f"nobody coordinates {home.folder}\n")
    assert holds(home) == []


def test_a_service_that_cannot_begin_says_why_and_where_its_log_is(home):
    with home_held(home.folder, since=NOW, what="fleet run"):
        done = home.run("up", "--detach")

    assert (done.code, done.out) == (1, "")
    assert f"process {os.getpid()} (fleet run" in done.err
    log = home.folder / ".fleet" / "up.log"
    assert str(log) in done.err
    assert "(fleet run" in log.read_text()


def test_a_log_that_has_grown_is_begun_anew_and_the_old_one_kept(home):
    log = home.folder / ".fleet" / "up.log"
    log.write_bytes(b"ancient" * 1_000_000)

    with home_held(home.folder, since=NOW, what="fleet run"):
        done = home.run("up", "--detach")

    assert "ancient" not in done.err
    assert log.stat().st_size < 4096
    assert log.with_name("up.log.1").stat().st_size == 7_000_000


def test_a_unit_starts_this_fleet_for_this_home(home):
    done = home.run("up", "--unit")

    assert done.code == 0
    lines = done.out.splitlines()
    (command,) = [line for line in lines if line.startswith("ExecStart=")]
    assert command.endswith(f'"--home" "{home.folder}" "up"')
    for needed in ("Type=notify", "WatchdogSec=2min", "Restart=on-failure", "KillMode=mixed"):
        assert needed in lines


def test_a_unit_quotes_what_systemd_would_read_otherwise(tmp_path):
    odd = tmp_path / 'a %h "b" $c'

    text = unit(odd, ["/opt/fleet"])

    quoted = json.dumps(str(odd)).replace("%", "%%").replace("$", "$$")
    assert f'ExecStart="/opt/fleet" "--home" {quoted} "up"' in text.splitlines()
    assert "EnvironmentFile=-" + str(odd).replace("%", "%%") in text
    with pytest.raises(ConfigError):
        unit(tmp_path / "a\nExecStart=evil", ["/opt/fleet"])


def test_a_merge_of_what_is_stopped_is_refused_before_it_is_approved(home):
    in_review(home, {"a.txt": b"a"})
    home.ask("stop", "--all", "--reason", "fire")

    done = home.ask("pr", "merge", "1", "--yes")

    assert done.code == 1
    assert "pull request 1 is not merged (everything is stopped by" in done.err
    assert home.ask("pr", "show", "1", "--json").json["status"] == "open"


def test_whatever_fleet_yaml_says_everything_can_be_stopped_and_resumed(home, task):
    whole = (home.folder / "fleet.yaml").read_text()
    (home.folder / "fleet.yaml").write_text("projects: [")

    refused = home.ask("status")
    told = [home.ask(*words) for words in (("stop", task), ("stop", "--all"), ("down",))]

    assert (refused.code, "fleet.yaml:1" in refused.err) == (1, True)
    assert f"`fleet stop --all`, or a file named STOP in {home.folder}" in refused.err
    assert [done.code for done in told] == [0, 0, 0]
    assert [home.ask("resume", *words).code for words in ((), (task,))] == [0, 0]
    (home.folder / "fleet.yaml").write_text(whole)
    assert holds(home) == []
    assert home.ask("task", "show", task, "--json").json["holds"] == []


@pytest.mark.parametrize("where", ["ready", "running", "review"])
def test_wherever_a_task_stands_it_is_shown_that_it_is_stopped_and_what_lifts_it(home, where):
    key = stood(home, where)
    home.ask("stop", key)

    for words in (("status",), ("task", "list"), ("task", "show", key)):
        shown = home.ask(*words).out.replace("\n", " ")
        assert f"`fleet resume {key}` lifts it" in " ".join(shown.split()), (words, shown)


def stood(home, where):
    """Answer a task that stands there."""
    home.agent("local", "")
    if where == "review":
        return in_review(home, {"a.txt": b"a"}).task
    key = home.task("do it")
    if where == "running":
        written(home, an_attempt(key, state=State.RUNNING, started=NOW, last_beat=NOW))
    return key


def test_a_stopped_pull_request_says_so_before_and_after_it_is_approved(home):
    in_review(home, {"a.txt": b"a"})
    home.ask("stop", "APP-1", "--reason", "why not")
    lifts = ": why not (`fleet resume APP-1` lifts it)"

    (row,) = home.ask("pr", "list", "--json").json
    assert row["waits"].startswith("waits for your review; stopped by ")
    assert row["waits"].endswith(lifts)

    assert lifts in home.ask("pr", "approve", "1").err
    for words in (("pr", "list"), ("pr", "show", "1")):
        told = home.ask(*words, "--json").json
        (row,) = told if isinstance(told, list) else [told]
        assert (row["status"], row["waits"].endswith(lifts)) == ("approved", True)
        assert "next in the queue" not in row["waits"]


def test_a_file_that_stops_all_is_told_of_pull_requests_too(home):
    in_review(home, {"a.txt": b"a"})
    (home.folder / "STOP").write_text("fire\n")

    told = home.ask("pr", "approve", "1")

    assert "nothing of it merges: everything is stopped by the file STOP" in told.err
    (row,) = home.ask("pr", "list", "--json").json
    assert "the file STOP in the home: fire" in row["waits"]
    assert row["waits"] == home.ask("pr", "show", "1", "--json").json["waits"]


def test_a_stop_without_a_reason_stands_in_the_log_with_who_stopped_it(home, task):
    home.ask("stop", task)

    (held,) = [row for row in home.ask("task", "log", task, "--json").json if "held" in row["kind"]]

    assert held["what"].startswith(f"stopped by {held['who']} at ")
