"""`fleet memory add`, `list`, `show`, `search` on a real home, with the local provider."""

import pytest

from tests.cli.taught import CACHE, LOCK, SOCKET, lines, statuses, taught

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROMISED = {"id", "title", "score", "status", "project", "text"}


def test_a_lesson_is_added_shown_and_found_by_its_meaning(home):
    added = home.run(
        *("memory", "add", CACHE, "--problem", "one file alone is green", "--tag", "pytest"),
        *("--cause", "a cache dict is never reset", "--remedy", "reset it in a fixture"),
        *("--path", "tests/**", "--role", "developer", "-p", "app"),
    )
    home.run("memory", "add", SOCKET)

    assert (added.code, added.out) == (0, "L-1\n")
    shown = home.run("memory", "show", "l-1", "--json").json
    assert (shown["status"], shown["project"], shown["files"]) == ("active", "APP", ["tests/**"])
    assert shown["history"][0]["what"] == "lesson.added: L-1 is active"
    assert "reset it in a fixture" in home.run("memory", "show", "L-1").out
    (found,) = home.run("memory", "search", "order dependent pytest failure", "--json").json
    assert found.keys() >= PROMISED
    assert (found["id"], found["project"], found["status"]) == ("L-1", "APP", "active")
    assert found["text"].startswith(CACHE)


def test_below_the_floor_nothing_is_found_unless_all_is_asked_for(home):
    home.run("memory", "add", CACHE)
    home.run("memory", "add", LOCK)

    cake = ("memory", "search", "bake a chocolate cake", "--json")

    assert home.run(*cake).json == []
    assert len(home.run(*cake, "--all").json) == 2
    assert len(home.run(*cake, "--all", "-k", "1").json) == 1


def test_the_same_lesson_again_is_that_one_and_it_is_said(home):
    home.run("memory", "add", CACHE, "--remedy", "reset it")

    again = home.run("memory", "add", CACHE.upper(), "--remedy", " reset  it")

    assert (again.code, again.out) == (0, "L-1\n")
    assert "L-1 says that already; it is active" in again.err
    assert len(statuses(home)) == 1


def test_one_that_says_nearly_the_same_is_kept_and_the_other_is_named(home):
    home.run("memory", "add", CACHE, "--problem", "green alone, red together")

    near = home.run("memory", "add", "Tests fail in the full suite but pass alone")

    assert near.out == "L-2\n"
    assert f"L-2 is much like L-1: {CACHE}" in near.err


def test_a_secret_is_kept_nowhere_and_that_is_said(home):
    key = "AKIA" + "Q3EXAMPLEKEY7ABC"[:16]

    added = home.run("memory", "add", "Deploy with the right key", "--remedy", f"use {key} for it")

    assert added.code == 0
    assert "remedy held a secret" in added.err
    shown = home.run("memory", "show", "L-1", "--json").out
    assert key not in shown
    assert key.encode() not in (home.folder / ".fleet" / "ledger.db").read_bytes()


def test_what_a_lesson_says_is_plain_on_a_terminal(home):
    home.run("memory", "add", "a\x1b[31m title\u202e", "--problem", "two\nlines")

    text = home.run("memory", "show", "L-1").out + home.run("memory", "list").out

    assert text.replace("\n", "").replace("\t", "").isprintable()


def test_lists_are_by_status_and_by_project(home):
    home.run("memory", "add", CACHE)
    taught(home, LOCK)

    def listed(*words):
        return [row["id"] for row in home.run("memory", "list", *words, "--json").json]

    assert listed() == ["L-1", "L-2"]
    assert listed("--status", "proposed") == ["L-2"]
    assert listed("--project", "app") == ["L-2"]
    assert home.run("memory", "list").out.splitlines()[1].startswith("L-1\tactive\t-")


def test_a_search_of_a_project_or_role_leaves_out_those_of_others(home):
    file = lines(home, "many.jsonl", [{"title": CACHE, "project": "other", "role": "tester"}])
    home.run("memory", "add", "--from", file)

    def found(*words):
        return len(home.run("memory", "search", CACHE, *words, "--json").json)

    assert found() == 1
    assert (found("--project", "other"), found("--project", "APP")) == (1, 0)
    assert (found("--role", "tester"), found("--role", "developer")) == (1, 0)


def test_without_its_provider_words_are_searched_and_that_is_said(home):
    home.run("memory", "add", LOCK)
    home.configure(memory={"provider": "openai", "base_url": "http://127.0.0.1:1"})

    found = home.run("memory", "search", "the database is locked", "--json")
    added = home.run("memory", "add", CACHE)

    assert [row["id"] for row in found.json] == ["L-1"]
    assert "searched by words alone" in found.err
    assert (added.code, added.out) == (0, "L-2\n")
    assert "1 of 1 lessons have no vector yet" in added.err
    assert home.run("memory", "rebuild").code == 1


MISUSE = [
    (("add",), 2, "give a title, or --from FILE"),
    (("add", "  "), 1, "title: expected a title of one line"),
    (("add", "t", "--from", "x.jsonl"), 2, "a title stands beside --from"),
    (("add", "--tag", "t", "--from", "x.jsonl"), 2, "tags stands beside --from"),
    (("add", "-p", "APP", "--from", "/dev/null"), 2, "--project stands beside --from"),
    (("add", "--from", "/nowhere.jsonl"), 1, "/nowhere.jsonl:1: No such file"),
    (("add", "t", "--project", "APPS"), 1, "unknown project 'APPS'; did you mean 'APP'?"),
    (("add", "t", "--role", "QA lead"), 1, "role: expected a text that matches"),
    (("list", "--status", "activ"), 2, "activ"),
    (("list", "--project", "nope"), 1, "unknown project 'nope'; expected one of: APP"),
    (("show", "3"), 1, "'3' is no id of a lesson (they look like L-12)"),
    (("show", "L-3"), 1, "no lesson L-3"),
    (("search", " "), 2, "search for what?"),
    (("search", "x", "-k", "0"), 2, "-k"),
]


def test_misuse_is_one_clear_line_and_adds_nothing(home):
    for words, code, said in MISUSE:
        done = home.run("memory", *words)
        assert (done.code, said in done.err, done.out) == (code, True, ""), (words, done.err)

    assert statuses(home) == {}


def test_stats_say_what_there_is_and_that_its_worth_is_not_known_yet(home):
    home.run("memory", "add", CACHE, "--path", "gone.py", "--project", "APP")
    taught(home, LOCK)

    told = home.run("memory", "stats", "--json").json
    text = home.run("memory", "stats").out

    assert (told["lessons"]["active"], told["lessons"]["proposed"]) == (1, 1)
    assert [row["id"] for row in told["aged"]] == ["L-1"]
    assert told["uplift"]["difference"] is None
    assert "1 proposed, 0 probation, 1 active" in text
    assert "uplift:    not known yet" in text
    assert f"files gone:\n  L-1  {CACHE} (" in text
