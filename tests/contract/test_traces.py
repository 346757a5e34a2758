"""The contract of traces: bounded, redacted JSON lines that nobody can lead elsewhere."""

import json
import os
import stat
import threading

import pytest

from fleet.adapters.redaction import Redaction
from fleet.adapters.traces import LONGEST_LINE, JsonlTraces
from fleet.domain.errors import FleetError
from fleet.ports import Traces

ATTEMPT = "app-1-1-0badcafe"

# in pieces: nothing here may look like a secret to whoever scans this repository
SECRETS = {
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5F6" * 3,
    "github fine-grained": "github_pat_" + "11ABCDEFG0" * 3,
    "anthropic": "sk-ant-" + "api03-" + "x9Y_" * 12,
    "openai": "sk-proj-" + "x9Y_" * 12,
    "google": "AIza" + "SyA1b2C3d" * 4,
    "google oauth": "ya29." + "a0AfH6SMB" * 3,
    "slack": "xoxb-" + "123456789012-123456789012-abcdefABCDEF",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N",
    "jwt unsigned": "x_eyJhbGciOiJub25lIn0." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0",
    "npm": "//registry.npmjs.org/:_authToken=" + "npm_" + "a1B2c3D4e5F6" * 3,
    "private key": "-----BEGIN RSA PRIVATE"
    + " KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----",
    "bearer": "Authorization: Bearer " + "q7Gh.kk_1-2~3+4/5" * 2,
    "in a url": "https://bob:" + "s3cr3t-pw@example.org/x",
    "by its name": 'db_password = "' + 'correct-horse"',
}
# what must not stand in a trace, where that is less than the whole
HIDDEN = {
    "bearer": "q7Gh",
    "in a url": "s3cr3t",
    "by its name": "correct-horse",
    "npm": "npm_",
    "private key": "MIIEow",
}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "traces"


def trace(folder):
    return folder / f"{ATTEMPT}.jsonl"


def lines(folder):
    return [json.loads(line) for line in trace(folder).read_bytes().splitlines()]


def test_entries_are_appended_as_lines(folder):
    traces = JsonlTraces(folder, Redaction())
    assert isinstance(traces, Traces)

    traces.write(ATTEMPT, [{"kind": "asked", "packet": {"goal": "ü\u2028"}}, {"n": 1.5}])
    JsonlTraces(folder, Redaction()).write(
        ATTEMPT, [{"kind": "spent", "ok": True, "none": None, "at": (1, 2)}]
    )

    assert lines(folder) == [
        {"kind": "asked", "packet": {"goal": "ü\u2028"}},
        {"n": 1.5},
        {"kind": "spent", "ok": True, "none": None, "at": [1, 2]},
    ]
    assert stat.S_IMODE(trace(folder).stat().st_mode) == 0o600


def test_nothing_to_write_leaves_no_file(folder):
    JsonlTraces(folder, Redaction()).write(ATTEMPT, [])

    assert not folder.exists()


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_taken_out_wherever_it_stands(folder, name):
    traces, secret = JsonlTraces(folder, Redaction()), SECRETS[name]

    traces.write(ATTEMPT, [{"deep": [{"said": f"it is {secret} so"}], f"key {secret} x": 1}])

    text = json.dumps(lines(folder))
    assert HIDDEN.get(name, secret) not in text
    assert "it is" in text
    assert "[redacted]" in text


def test_known_secrets_are_taken_out_whatever_they_look_like(folder):
    traces = JsonlTraces(folder, Redaction(["plainword", "plainword-and-more", "abc"]))

    traces.write(ATTEMPT, [{"said": "plainword-and-more, plainword, abc"}])

    assert lines(folder) == [{"said": "[redacted], [redacted], abc"}]


def test_ordinary_text_stays(folder):
    said = [
        "ran pytest tests/test_app.py: 3 passed in 0.31 s",
        "diff --git a/src/app.py b/src/app.py\nindex 1a2b3c4..5d6e7f8 100644",
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "tokens: 1200 in, 300 out; secret sharing is explained in docs/keys.md",
        "monkeyJournal.entries and keyJar.py are read by task-runner-of-the-project",
        "git@github.com:owner/name.git and https://example.org:8080/path?q=a@b",
    ]
    traces = JsonlTraces(folder, Redaction())

    traces.write(ATTEMPT, [{"said": said}])

    assert lines(folder) == [{"said": said}]


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "one", "text": "x" * 1_000_000},
        {"kind": "many", "texts": ["y" * 3000] * 200},
        {"kind": "wide", "numbers": list(range(100_000))},
        {"kind": "escaped", "text": "\n" * 200_000},
    ],
    ids=lambda entry: entry["kind"],
)
def test_a_line_is_bounded_and_still_json(folder, entry):
    traces = JsonlTraces(folder, Redaction())

    traces.write(ATTEMPT, [entry, {"kind": "next"}])

    first, second = lines(folder)
    assert (first["kind"], second) == (entry["kind"], {"kind": "next"})
    assert len(trace(folder).read_bytes().splitlines()[0]) < LONGEST_LINE


def test_what_json_cannot_say_is_said_as_text(folder):
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    traces = JsonlTraces(folder, Redaction())

    traces.write(ATTEMPT, [{"nan": float("nan"), "lone": "\ud800", "path": folder, "deep": deep}])

    (line,) = lines(folder)
    assert (line["nan"], line["lone"], line["path"]) == ("nan", "?", str(folder))
    assert "nested too deeply" in json.dumps(line["deep"])


def test_half_a_line_left_by_a_kill_spoils_no_other(folder):
    traces = JsonlTraces(folder, Redaction())
    traces.write(ATTEMPT, [{"n": 1}])
    with trace(folder).open("a") as file:
        file.write('{"n": 2, "tex')

    traces.write(ATTEMPT, [{"n": 3}])

    assert trace(folder).read_text().splitlines() == ['{"n": 1}', '{"n": 2, "tex', '{"n": 3}']


TRICKS = {
    "symlink": lambda path, victim: path.symlink_to(victim),
    "hard link": lambda path, victim: path.hardlink_to(victim),
    "pipe": lambda path, victim: os.mkfifo(path),
    "folder": lambda path, victim: path.mkdir(),
    "dangling": lambda path, victim: path.symlink_to(victim.parent / "nowhere"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_it_never_writes_through_what_is_no_plain_file(folder, trick):
    traces = JsonlTraces(folder, Redaction())
    folder.mkdir()
    victim = folder.parent / "victim"
    victim.write_text("safe")
    TRICKS[trick](trace(folder), victim)

    with pytest.raises(FleetError, match="plain file"):
        traces.write(ATTEMPT, [{"kind": "asked"}])

    assert victim.read_text() == "safe"
    assert not (folder.parent / "nowhere").exists()


def test_a_folder_that_is_a_link_is_refused(folder):
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)

    with pytest.raises(FleetError, match="plain folder"):
        JsonlTraces(folder, Redaction()).write(ATTEMPT, [{"kind": "asked"}])

    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("attempt", ["", "..", "../x", "a/b", "A-1", "x" * 200, "a\n", "a.b", "-a"])
def test_a_name_that_leads_elsewhere_is_refused(folder, attempt):
    traces = JsonlTraces(folder, Redaction())

    with pytest.raises(FleetError, match="no attempt id"):
        traces.write(attempt, [{"kind": "asked"}])


def test_many_hands_write_whole_lines(folder):
    traces = JsonlTraces(folder, Redaction())

    def write(number):
        for turn in range(50):
            traces.write(ATTEMPT, [{"hand": number, "turn": turn, "text": "x" * 500}])

    hands = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()

    assert len(lines(folder)) == 200


@pytest.mark.parametrize(
    "text", ["/", "://a:", "https://", "secret", ":_authToken=", "sk-", "eyJ", "eyJ="]
)
def test_no_text_that_an_agent_may_write_holds_everybody_for_long(folder, text):
    # far over the tests' own limit of time where a pattern tries each place with each end
    JsonlTraces(folder, Redaction()).write(ATTEMPT, [{"said": text * (2 * LONGEST_LINE)}])

    assert len(lines(folder)) == 1
