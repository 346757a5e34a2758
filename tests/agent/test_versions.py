"""Which CLI is which version: as the image was built, and as it says itself."""

import json
from dataclasses import replace

from fleet_agent import versions as asked
from fleet_agent.clis import REGISTRY
from fleet_agent.versions import installed, versions


def test_the_image_says_what_it_was_built_with(tmp_path):
    listed = tmp_path / "versions.json"
    listed.write_text(json.dumps({"claude": "2.1.197", "opencode": "1.18.33", "codex": 7}))

    assert installed(REGISTRY["claude"], listed) == "2.1.197"
    assert installed(REGISTRY["ollama"], listed) == "1.18.33"  # it is opencode that runs
    assert installed(REGISTRY["codex"], listed) is None
    assert installed(REGISTRY["gemini"], listed) is None
    assert installed(REGISTRY["command"], listed) is None
    assert installed(REGISTRY["claude"], tmp_path / "none") is None


def test_a_cli_says_its_version_and_one_that_is_not_there_none(monkeypatch):
    there = replace(REGISTRY["claude"], version=("sh", "-c", "echo ' 1.2.3 (it)'; echo more"))
    gone = replace(REGISTRY["codex"], version=("no-such-program",))
    broken = replace(REGISTRY["gemini"], version=("sh", "-c", "exit 3"))
    known = {"claude": there, "codex": gone, "gemini": broken, "command": REGISTRY["command"]}
    monkeypatch.setattr(asked, "REGISTRY", known)

    assert versions() == {"claude": "1.2.3 (it)", "codex": None, "gemini": None}
