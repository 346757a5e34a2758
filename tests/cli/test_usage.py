"""Wrong usage ends with 2, whoever notices it; with --json it is a document like any error."""

import pytest

from tests.cli.reviewed import merged
from tests.e2e.fleets import Home

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--until", "25:00"), "--until '25:00' is no time of day (like 08:00)"),
        (("run", "--until", "08:00", "--until-idle"), "exclude each other"),
        (("report", "--since", "soon"), "--since 'soon' is no time span"),
        (("report", "--since", "999999d"), "--since '999999d' is too long (at most 36500d)"),
        (("memory", "reflect", "--since", "soon"), "--since 'soon' is no time span"),
        (("task", "add", "x", "--budget", "much"), "--budget 'much' is no amount of dollars"),
        (("approval", "clear"), "give an id, or --all"),
        (("memory", "quarantine"), "give ids, or --task KEY, or --author NAME"),
        (("memory", "add"), "give a title, or --from FILE"),
        (("memory", "search", " "), "search for what?"),
        (("init", "night", "--project", "app"), "like APP=/srv/app"),
        (("pool", "status", "APP-1"), "only with --explain"),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_two_in_one_line(home: Home, words, said):
    done = home.ask(*words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--until", "25:00"), "--until '25:00' is no time of day"),
        (("task", "list", "--nope"), "No such option: --nope"),
        (("task", "show"), "Missing argument 'key'."),
        (("pr", "show", "one"), "Invalid value for 'number'"),
        (("run", "--parallel", "0"), "Invalid value for '--parallel'"),
        (("pr", "revert", "1"), "not a terminal, and no --yes"),
    ],
)
def test_with_json_wrong_usage_is_one_document_too(home: Home, words, said):
    merged(home, {"a.txt": b"one\n"})

    done = home.ask(*words, "--json")

    assert done.code == 2
    assert (done.json["error"]["code"], said in done.json["error"]["message"]) == ("usage", True)
    assert done.err
