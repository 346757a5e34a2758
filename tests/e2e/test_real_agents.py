"""The real CLIs in the real image do a task from the first request to the merge."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleets import Home, git
from tests.matrix.stage import IMAGE, KEY
from tests.matrix.subjects import CODE_MODE, SUBJECTS, Subject
from tests.model_server.plays import GREETING, PROGRESS
from tests.model_server.running import Models, model_server
from tests.model_server.steps import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

pytestmark = [pytest.mark.agents, pytest.mark.e2e, pytest.mark.timeout(500)]

PLAY, TURNS = "two-rounds", 6
USED = {
    "input_tokens": TURNS * INPUT_TOKENS,
    "cached_tokens": TURNS * CACHED_TOKENS,
    "output_tokens": TURNS * OUTPUT_TOKENS,
}
# green only when the second round was played
CHECK = "test -e greeting.txt && test -e reply.txt\n"


@pytest.fixture
def models() -> Iterator[Models]:
    """A scripted model server on a network of this test alone."""
    with model_server() as running:
        yield running


@pytest.fixture
def home(home: Home) -> Home:
    """The home of every end-to-end test, its check asking for what two rounds leave."""
    repository = home.repository
    git(repository, "switch", "-q", "main")
    (repository / "scripts" / "check.sh").write_text(CHECK)
    git(repository, "commit", "-qam", "a check for two rounds")
    git(repository, "switch", "-q", "--detach")
    return home


def agent_hired(home: Home, subject: Subject, models: Models) -> None:
    """Write an account with a key from the environment, and a profile of the CLI."""
    path = home.folder / "fleet.yaml"
    fleet = json.loads(path.read_text())
    fleet["projects"][0]["image"] = IMAGE
    fleet["networks"] = [models.network]
    fleet["accounts"] = [
        {
            "name": "nobody",
            "agent": subject.name,
            "credential": {"env": "SCRIPTED_KEY", "kind": "api_key"},
            "base_url": models.url(PLAY) + subject.root,
        }
    ]
    path.write_text(json.dumps(fleet))
    profile = {
        "name": "scripted",
        "agent": subject.name,
        "model": subject.model,
        "roles": ["developer"],
        "network": models.network,
        "self_check_rounds": 3,
        "max_cost_usd": 1,
        "price": {"input": 1, "cached_input": 0.1, "output": 2},
        "limits": {"cpus": 2, "memory": "2g", "pids": 512},
    }
    (home.folder / "profiles" / "scripted.yaml").write_text(json.dumps(profile))


def told_of(home: Home, key: str, kind: str) -> list[dict[str, object]]:
    """Answer what the runner told in its lines of one kind, by the only attempt's trace."""
    (trace,) = (home.folder / "traces").glob(f"{key.lower()}-1-*.jsonl")
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    return [line["told"] for line in lines if line["kind"] == kind]


def files_with(folder: Path, text: str) -> list[Path]:
    """Answer the files below a folder that hold a text."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "subject", [*SUBJECTS, CODE_MODE], ids=lambda subject: f"{subject.name}-{subject.model}"
)
def test_a_red_check_is_turned_green_in_the_same_session_and_merged(
    home: Home, models: Models, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    agent_hired(home, subject, models)
    key = home.task("write a greeting and a reply")

    done = home.run("run", "--json", timeout=400)

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    merged = {
        path: git(home.repository, "show", f"main:{path}")
        for path in ("greeting.txt", "copied.txt", "reply.txt")
    }
    assert merged == {
        "greeting.txt": GREETING.strip(),
        "copied.txt": GREETING.strip(),
        "reply.txt": "reply",
    }
    # the second round showed the model all of the first: each turn was asked for once
    asked = [line for line in models.requests(PLAY) if not line["aside"]]
    assert [line["shown"] for line in asked] == list(range(TURNS))
    # in code mode the list of tools is the CLI's own business
    assert asked[0]["connected"] or subject is CODE_MODE
    assert [told["exit_code"] for told in told_of(home, key, "check")] == [1, 0]
    assert [told["message"] for told in told_of(home, key, "progress")] == [PROGRESS]
    # what the resumed session used is counted once
    (attempt,) = home.show(key)["attempts"]
    assert {name: attempt["usage"][name] for name in USED} == USED
    assert files_with(home.folder, KEY) == []
