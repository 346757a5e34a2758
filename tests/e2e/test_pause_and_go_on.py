"""A real CLI is held back, pauses, and goes on in the same session once a human said yes."""

import json

import pytest

from tests.e2e.fleets import Home
from tests.e2e.test_real_agents import agent_hired
from tests.matrix.stage import KEY
from tests.matrix.subjects import SUBJECTS
from tests.model_server.running import model_server

pytestmark = [pytest.mark.agents, pytest.mark.e2e, pytest.mark.timeout(500)]

(CLAUDE,) = (subject for subject in SUBJECTS if subject.name == "claude")
PLAY = "two-rounds"


def test_a_tool_held_back_pauses_and_the_yes_continues_the_session(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    with model_server() as models:
        agent_hired(home, CLAUDE, models)
        path = home.folder / "profiles" / "scripted.yaml"
        careful = {"safe_mode": True, "approved_categories": ["edit", "web", "agents"]}
        path.write_text(json.dumps(json.loads(path.read_text()) | careful))
        key = home.task("write a greeting")

        home.run("run", timeout=200)
        (asked,) = home.run("approval", "list", "--json").json
        paused = [line["shown"] for line in models.requests(PLAY) if not line["aside"]]
        home.run("approval", "approve", asked["id"])
        done = home.run("run", "--json", timeout=200)

        shown = [line["shown"] for line in models.requests(PLAY) if not line["aside"]]
        assert (asked["category"], asked["task"]) == ("shell", key)
        assert (done.code, done.json["merged"]) == (0, 1), done.json["tasks"]
        states = [attempt["state"] for attempt in home.show(key)["attempts"]]
        assert states == ["paused", "merged"]
        # the second attempt showed the model what the first had done; what was held back last it
        # may not know: the CLI is ended as it asks
        assert shown[len(paused)] >= paused[-1] > 0
        assert not (home.folder / ".fleet" / "shelves" / key).exists()
