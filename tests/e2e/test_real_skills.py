"""Reviewed skills reach the models of the real CLIs, the repository's own do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleets import Home, git
from tests.e2e.test_real_agents import agent_hired
from tests.matrix.stage import KEY
from tests.matrix.subjects import SUBJECTS, Subject
from tests.model_server.running import Models, model_server

pytestmark = [pytest.mark.agents, pytest.mark.e2e, pytest.mark.timeout(500)]

PLAY = "two-rounds"
SKILL = "---\nname: {name}\ndescription: How bills are split, mark-{mark}.\n---\n\nmark-body\n"
# where each of them looks for what a repository brings
FOREIGN = (".claude/skills", ".gemini/skills", ".opencode/skills", ".agents/skills")
# codex has no switch for them: they are no more than what its AGENTS.md may say
OPEN = ("codex",)


@pytest.fixture
def models() -> Iterator[Models]:
    """A scripted model server on a network of this test alone."""
    with model_server() as running:
        yield running


def skilled(folder: Path, name: str, mark: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(SKILL.format(name=name, mark=mark))


@pytest.fixture
def home(home: Home) -> Home:
    """The home of every end-to-end test with a skill of its own, on a repository with others."""
    git(home.repository, "switch", "-q", "main")
    for folder in FOREIGN:
        skilled(home.repository / folder, "theirs", "theirs")
    git(home.repository, "add", ".")
    git(home.repository, "commit", "-qm", "skills that nobody reviewed")
    git(home.repository, "switch", "-q", "--detach")
    skilled(home.folder / "memory" / "skills", "split-bills", "ours")
    (home.folder / "memory" / "constitution.md").write_text("Split as mark-constitution says.\n")
    return home


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_model_is_told_of_our_skills_and_not_of_the_repositorys(
    home: Home, models: Models, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    agent_hired(home, subject, models)
    home.task("write a greeting", "--max-retries", "0")

    done = home.run("run", "--json", timeout=400)

    asked = [line for line in models.requests(PLAY) if not line["aside"]]
    assert asked, done.err
    seen = {mark for line in asked for mark in line["marks"]}
    assert {"mark-ours", "mark-constitution"} <= seen
    assert "mark-body" not in seen
    assert ("mark-theirs" in seen) is (subject.name in OPEN)
