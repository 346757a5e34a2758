"""Skills: laid where a CLI looks for them, told of to the others, and none left out in silence."""

import os

import pytest

from fleet_agent.clis import REGISTRY
from fleet_agent.packet import PacketError, read_packet
from fleet_agent.prompts import system_of
from fleet_agent.skills import read_skills
from tests.agent.asking import an_ask
from tests.agent.stage import a_packet, a_stage

LAID_OUT = {"claude", "codex", "opencode", "ollama"}


def a_skill(folder, name="deploy", text="---\nname: deploy\n---\n"):
    place = folder / "skills" / name
    place.mkdir(parents=True)
    (place / "SKILL.md").write_text(text)
    return place


def test_all_files_of_all_skills_are_read_by_their_path(tmp_path):
    (a_skill(tmp_path) / "steps").mkdir()
    (tmp_path / "skills/deploy/steps/one.sh").write_text("echo\n")
    a_skill(tmp_path, "bills", "b")

    found = read_skills(tmp_path / "skills")

    assert dict(found) == {
        "bills/SKILL.md": "b",
        "deploy/SKILL.md": "---\nname: deploy\n---\n",
        "deploy/steps/one.sh": "echo\n",
    }


def test_without_skills_there_are_none(tmp_path):
    assert read_skills(tmp_path / "skills") == {}


@pytest.mark.parametrize(
    "made",
    [
        lambda path: path.symlink_to("/etc/passwd"),
        os.mkfifo,
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_text("x" * 64 * 1024),
    ],
    ids=["link", "pipe", "bytes", "large"],
)
def test_what_is_no_plain_text_of_a_bounded_size_is_refused(tmp_path, made):
    made(a_skill(tmp_path) / "more")

    with pytest.raises(PacketError, match="more"):
        read_skills(tmp_path / "skills")


def test_an_attempt_whose_skills_cannot_be_read_says_so(tmp_path):
    stage = a_stage(tmp_path)
    (a_skill(stage.root) / "more").write_bytes(b"\xff")

    said = stage.play()

    assert (said.failure, said.exit_code) == ("packet", 1)
    assert "deploy/more is not UTF-8" in said.diagnostics["message"]


@pytest.mark.parametrize("name", [name for name in REGISTRY if name != "command"])
def test_a_cli_that_looks_for_no_skills_is_told_of_them(tmp_path, name):
    skills = [{"name": "deploy", "description": "How it is deployed."}, "odd", {"name": 7}]
    packet = read_packet(a_stage(tmp_path, packet=a_packet(skills=skills)).root / "packet.json")

    cli = REGISTRY[name]
    system = system_of(packet, skilled=cli.skills is not None)

    listed = "- deploy: How it is deployed. (/fleet/skills/deploy/SKILL.md)"
    assert (listed in system) is (name not in LAID_OUT)
    assert (cli.skills is not None) is (name in LAID_OUT)


def test_claude_turns_skills_on_only_where_there_are_some():
    without = REGISTRY["claude"].invocation(an_ask("claude"))
    given = REGISTRY["claude"].invocation(an_ask("claude", skills={"deploy/SKILL.md": "x"}))

    assert "--disable-slash-commands" in without.argv
    assert "--disable-slash-commands" not in given.argv
    assert given.environment["CLAUDE_CODE_DISABLE_BUNDLED_SKILLS"] == "1"
