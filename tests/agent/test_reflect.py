"""The evaluator without a model: it adds what was noticed, with its evidence, and no more."""

import json
import subprocess
from typing import Any

import pytest

from fleet_agent.amend import CONSTITUTION, LARGEST, amended, noticed_in
from fleet_agent.fields import FieldError
from tests.agent.stage import RUNNER, a_packet

NOTE = {"kind": "note", "text": "Pin what you install.", "evidence": ["app-1-1"], "count": 1}
RED = {"kind": "failure", "text": "check: KeyError", "evidence": ["APP-1", "APP-2"], "count": 2}
TWINS: dict[str, Any] = {
    "kind": "twins",
    "text": 'Reset "shared" state',
    "evidence": ["L-1", "L-2"],
    "count": 2,
    "name": "reset-shared-state",
    "parts": ["Reset it; do: use a fixture (L-1)", "Caches leak; do: clear them (L-2)"],
}
SKILL = "memory/skills/reset-shared-state/SKILL.md"


def a_goal(*findings):
    lines = ",\n".join(json.dumps(one) for one in findings)
    return f"Reflect.\n\n```json\n[\n{lines}\n]\n```\n"


def files_after(*findings, **standing):
    old = {CONSTITUTION: standing.pop("constitution", ""), SKILL: standing.pop("skill", "")}
    return amended(noticed_in(a_goal(*findings)), lambda path: old.get(path, ""))


def test_each_finding_becomes_a_bullet_with_its_evidence():
    text = files_after(NOTE, RED)[CONSTITUTION]

    assert text.startswith("# Constitution\n\n## Rules that agents asked for\n\n- Pin what")
    assert "- Pin what you install. [app-1-1]\n" in text
    assert text.endswith("look for these first\n\n- check: KeyError [APP-1, APP-2]\n")


def test_what_stands_there_stays_and_is_not_said_twice():
    first = files_after(NOTE, RED)[CONSTITUTION]
    grown = f"Ours.\n\n{first}\n## More\n\nx\n"
    again = {**NOTE, "evidence": ["app-9-1"], "count": 7}
    other = {**NOTE, "text": "Ask first."}

    assert files_after(again, RED, constitution=grown) == {}
    text = files_after(other, constitution=grown)[CONSTITUTION]
    assert "- Pin what you install. [app-1-1]\n- Ask first. [app-1-1]\n\n## Failures" in text
    assert text.replace("- Ask first. [app-1-1]\n", "") == grown


def test_a_group_of_lessons_becomes_a_skill_and_grows():
    skill = files_after(TWINS)[SKILL]
    more = {**TWINS, "parts": [*TWINS["parts"], "Third (L-3)"]}

    assert skill.startswith('---\nname: reset-shared-state\ndescription: "What earlier work')
    assert "taught: Reset 'shared' state. Read" in skill
    assert "- Reset it; do: use a fixture (L-1)\n- Caches leak; do: clear them (L-2)\n" in skill
    assert files_after(TWINS, skill=skill) == {}
    assert files_after(more, skill=skill) == {SKILL: f"{skill}- Third (L-3)\n"}


@pytest.mark.parametrize("name", ["../x", "", "A", "a/b", "-a", "a" * 65, None])
def test_a_skill_whose_name_is_no_plain_word_is_left_out(name):
    assert files_after({**TWINS, "name": name}) == {}


def test_no_finding_begins_a_line_or_hides_itself():
    text = files_after({**NOTE, "text": "a\n# b\r\n<!-- c -->\x1b[2J]"})[CONSTITUTION]

    assert "- a # b < !-- c --> (2J) [app-1-1]\n" in text


def test_the_constitution_never_outgrows_what_agents_are_told():
    many = [{**NOTE, "text": f"{number} {'x' * 500}"} for number in range(60)]

    text = files_after(*many)[CONSTITUTION]

    assert LARGEST - 600 < len(text.encode()) <= LARGEST
    assert files_after(*many, constitution=text) == {}


@pytest.mark.parametrize(
    "goal",
    ["write a greeting", "```json\nno\n```", "```json\n{}\n```", '```json\n[{"kind": 7}]\n```'],
)
def test_a_goal_without_findings_is_refused(goal):
    with pytest.raises(FieldError):
        noticed_in(goal)


def reflected(tmp_path, packet):
    (tmp_path / "packet.json").write_text(json.dumps(packet))
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    paths = {"PACKET": tmp_path / "packet.json", "RESULT": tmp_path / "result.json"}
    return subprocess.run(
        [*RUNNER, "reflect"],
        cwd=workspace,
        env={f"FLEET_{name}": str(path) for name, path in paths.items()},
        capture_output=True,
        check=False,
    )


def test_the_program_writes_the_files_and_says_which(tmp_path):
    done = reflected(tmp_path, a_packet() | {"goal": a_goal(NOTE, TWINS)})

    assert (done.returncode, done.stderr) == (0, b"")
    assert "Pin what" in (tmp_path / "workspace" / CONSTITUTION).read_text()
    assert "L-2" in (tmp_path / "workspace" / SKILL).read_text()
    summary = json.loads((tmp_path / "result.json").read_text())["summary"]
    assert summary == f"Proposed by rules: {CONSTITUTION}, {SKILL}."


def test_the_program_writes_through_no_link(tmp_path):
    (tmp_path / "workspace").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "workspace" / "memory").symlink_to(tmp_path / "outside")

    done = reflected(tmp_path, a_packet() | {"goal": a_goal(NOTE)})

    assert done.returncode == 1
    assert list((tmp_path / "outside").iterdir()) == []


def test_the_program_refuses_another_task(tmp_path):
    done = reflected(tmp_path, a_packet())

    assert done.returncode == 1
    assert b"the goal holds no findings" in done.stderr
