"""Policies as a user meets them: a file in the home, questions on the command line."""

import json

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

KEY = "AKIA" + "IOSFODNN7EXAMPLE"
WRITES = "import pathlib\npathlib.Path('work.txt').write_text('done')\n"


def policies(home: Home, **keys: object) -> None:
    """Write the home's policies.yaml; JSON is YAML."""
    (home.folder / "policies.yaml").write_text(json.dumps(keys))


def asked(home: Home) -> list[dict[str, object]]:
    """Answer the questions that wait."""
    rows: list[dict[str, object]] = home.run("approval", "list", "--json").json
    return rows


def a_rule(decide: str, **match: object) -> dict[str, object]:
    return {"name": "mine", "match": match, "decide": decide, "reason": "we said so"}


def test_what_a_rule_asks_about_is_merged_once_approved_and_the_answer_is_kept(home: Home) -> None:
    policies(home, rules=[a_rule("ask", paths=["work.txt"])])
    home.agent("writes", WRITES)
    key = home.task("write")

    waits = home.run("run", "--json")

    assert (waits.code, waits.json["merged"]) == (1, 0), waits.err
    (question,) = asked(home)
    assert (question["task"], question["rule"], question["files"]) == (key, "mine", ["work.txt"])
    shown = home.run("approval", "show", "a-1").out
    assert "we said so: work.txt" in shown
    assert "+done" in shown
    answered = home.run("approval", "approve", "A-1", "--json").json
    assert answered == {"id": "A-1", "task": key, "status": "approved"}
    done = home.run("run", "--json")
    assert (done.code, done.json["merged"]) == (0, 1), done.err
    assert git(home.repository, "show", "main:work.txt") == "done"
    (kept,) = home.run("approval", "list", "--all", "--json").json
    assert kept["answered_by"]
    assert kept["answered_at"]
    history = [event["what"] for event in home.show(key)["history"]]
    assert any("A-1: we said so" in what for what in history)


def test_what_a_rule_denies_is_red_with_the_reason_and_mended_by_the_next(home: Home) -> None:
    policies(home, rules=[a_rule("deny", paths=["vendor/**"])])
    home.agent(
        "learns",
        "import json, os, pathlib, shutil\n"
        "said = json.dumps(json.load(open(os.environ['FLEET_PACKET'])))\n"
        "if 'we said so' in said:\n"
        "    shutil.rmtree('vendor'); pathlib.Path('work.txt').write_text('done')\n"
        "else:\n"
        "    pathlib.Path('vendor').mkdir(); pathlib.Path('vendor/x.py').write_text('')\n",
    )
    key = home.task("write")

    done = home.run("run", "--json")

    assert done.code == 0, done.err
    first, second = home.show(key)["attempts"]
    assert (first["state"], first["reason"]) == ("rejected", "we said so: vendor/x.py")
    assert second["state"] == "merged"
    assert git(home.repository, "ls-tree", "--name-only", "main", "vendor") == ""


def test_a_secret_is_asked_about_and_never_printed(home: Home) -> None:
    home.agent("leaks", f"open('settings.py', 'w').write(\"key = '{KEY}'\")")
    home.task("write settings")

    run = home.run("run", "--json")

    (question,) = asked(home)
    assert question["rule"] == "secrets"
    show = home.run("approval", "show", "A-1")
    assert "[redacted]" in show.out
    printed = [run.out, run.err, show.out, show.err, json.dumps(question)]
    assert not any(KEY in text for text in printed)
    state = [path for path in (home.folder / ".fleet").glob("*") if path.is_file()]
    traces = [path for path in (home.folder / "traces").rglob("*") if path.is_file()]
    assert state
    assert traces
    assert not any(KEY.encode() in path.read_bytes() for path in (*state, *traces))


@pytest.mark.parametrize(
    ("autonomy", "script", "rule"),
    [
        ("manual", WRITES, "manual"),
        ("semi_auto", "open('Makefile', 'w').write('all:\\n')", "build"),
        ("full_auto", "open('Makefile', 'w').write('all:\\n')", None),
        ("full_auto", "open('scripts/check.sh', 'a').write('true\\n')", "check_files"),
    ],
)
def test_the_autonomy_says_what_waits(
    home: Home, autonomy: str, script: str, rule: str | None
) -> None:
    policies(home, autonomy=autonomy)
    home.agent("writes", script)
    home.task("write")

    done = home.run("run", "--json")

    assert [question["rule"] for question in asked(home)] == ([] if rule is None else [rule])
    assert done.json["merged"] == (1 if rule is None else 0)


HOSTILE = """
import os, pathlib, subprocess
os.symlink('../../../etc/passwd', 'out')
pathlib.Path('tests').mkdir(exist_ok=True)
pathlib.Path('tests/conftest.py').write_text('def pytest_sessionfinish(session): pass')
pathlib.Path('json.py').write_text('')
pathlib.Path('-rf').write_text('')
pathlib.Path('README.TXT').write_text('')
pathlib.Path('a\\nb').write_text('')
pathlib.Path('lib.so').write_bytes(bytes(range(256)))
pathlib.Path('run.sh').write_text('#!/bin/sh')
os.chmod('run.sh', 0o755)
pathlib.Path('GPL.c').write_text('/* GNU General\\n * Public License */')
pathlib.Path('.github').mkdir()
pathlib.Path('.github/ci.yml').write_text('on: push')
pathlib.Path('uv.lock').write_text('version = 1')
pathlib.Path('many.txt').write_text('x\\n' * 2001)
pathlib.Path('long.txt').write_text('x' * 20_000_000)
pathlib.Path('package.json').write_text('{"scripts": {"test": "true"}}')
os.remove('test_app.py')
pathlib.Path('test_more.py').write_text('def test_one(): pass\\n')
"""


NOTICED = {
    *("symlink: out", "build: json.py", "build: tests/conftest.py", "build: package.json"),
    *("ci: .github/ci.yml", "tests_deleted: test_app.py", "fewer_tests: test_more.py"),
    *("unread: long.txt", "licence: GPL.c", "large: 20", "binary: lib.so", "odd_name: -rf"),
    *("odd_name: README.TXT", "odd_name: a\nb", "lock: uv.lock", "mode: run.sh"),
}


def test_everything_noticed_is_named_and_the_severest_decides(home: Home) -> None:
    (home.repository / "test_app.py").write_text("def test_one(): pass\n")
    tests = "def test_one(): pass\ndef test_two(): pass\n"
    (home.repository / "test_more.py").write_text(tests)
    git(home.repository, "add", ".")
    git(home.repository, "commit", "-q", "-m", "tests")
    git(home.repository, "branch", "-f", "main", "HEAD")
    licences = ["gnu general public license"]
    policies(home, licences=licences, rules=[a_rule("ask", category="symlink")])
    home.agent("hostile", HOSTILE)
    key = home.task("do harm", "--max-retries", "0")

    home.run("run")

    (question,) = asked(home)
    risks = question["risks"]
    assert isinstance(risks, list)
    assert [each for each in NOTICED if not any(risk.startswith(each) for risk in risks)] == []
    shown = home.run("approval", "show", "A-1").out
    assert "odd_name: a b a character that is not shown" in shown

    # without that rule a link out of the tree is denied, whatever else would be asked
    policies(home, licences=licences)
    home.run("task", "retry", key, "--fresh")
    home.run("run")
    last = home.show(key)["attempts"][-1]
    assert (last["state"], last["reason"]) == ("rejected", "a link leads out of the tree: out")


def test_clear_shows_first_what_it_would_drop(home: Home) -> None:
    home.agent("writes", "open('Makefile', 'w').write('all:\\n')")
    key = home.task("write")
    home.run("run")

    shown = home.run("approval", "clear", "--all", "--dry-run")
    assert shown.out.startswith(f"A-1 ({key}) would be cleared: ")
    assert len(asked(home)) == 1
    assert home.run("approval", "clear", "A-1").out == f"A-1 ({key}) is cleared\n"
    assert asked(home) == []
    assert home.run("approval", "clear", "A-1", "--dry-run").code == 1
    again = home.run("task", "retry", key, "--fresh", "--dry-run")
    assert "would be open again, from the target" in again.out
    assert home.show(key)["status"] == "waiting"
