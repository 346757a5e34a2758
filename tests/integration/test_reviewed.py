"""What people reviewed is read from a target's tip by git, or from the home without links."""

import os
import stat
from dataclasses import replace

import pytest

from fleet.adapters.reviewed import ReviewedFiles
from fleet.domain.errors import ConfigError
from fleet.domain.guidance import UNGUIDED
from fleet.domain.lesson import MemoryRules
from tests.builders import a_fleet, a_project
from tests.contract.worktrees import a_stage
from tests.repos import a_commit, write

SKILL = "---\nname: deploy\ndescription: How.\n---\n"
FILES = {
    "memory/constitution.md": "Pin.\n",
    "memory/bible/APP.md": "Tabs.\n",
    "memory/bible/OTHER.md": "Spaces.\n",
    "memory/skills/deploy/SKILL.md": SKILL,
    "memory/skills/deploy/steps/one.md": "one",
}


def a_reader(stage, *, project):
    rules = MemoryRules(project="APP" if project else None)
    fleet = a_fleet(projects={"APP": stage.project}, memory=rules)
    return ReviewedFiles(stage.home, fleet, stage.worktrees)


def said(guidance):
    skills = {skill.name: dict(skill.files) for skill in guidance.skills}
    return guidance.constitution, guidance.bible, skills


def test_the_newest_commit_of_the_target_is_read_never_the_working_tree(tmp_path):
    stage = a_stage(tmp_path, FILES)
    write(stage.repository, {"memory/constitution.md": "Nobody reviewed this.\n"})
    write(stage.home, {"memory/constitution.md": "Nor this.\n"})
    reader = a_reader(stage, project=True)

    first = reader.guidance(stage.project)
    other = reader.guidance(replace(stage.project, key="OTHER"))
    a_commit(stage.repository, {"memory/constitution.md": "Pin all.\n"})

    skills = {"deploy": {"SKILL.md": SKILL, "steps/one.md": "one"}}
    assert said(first) == ("Pin.", "Tabs.", skills)
    assert other.bible == "Spaces."
    assert reader.guidance(stage.project).constitution == "Pin all."


def test_a_link_in_a_commit_is_no_file(tmp_path):
    stage = a_stage(tmp_path)
    memory = stage.repository / "memory"
    (memory / "skills" / "deploy").mkdir(parents=True)
    (memory / "constitution.md").symlink_to("/etc/passwd")
    (memory / "skills" / "deploy" / "SKILL.md").symlink_to("/etc/passwd")
    a_commit(stage.repository, {})

    assert a_reader(stage, project=True).guidance(stage.project) == UNGUIDED


def test_without_such_a_project_the_homes_own_folder_is_read(tmp_path):
    stage = a_stage(tmp_path, {"memory/constitution.md": "another's"})
    write(stage.home, FILES)

    found = a_reader(stage, project=False).guidance(stage.project)

    assert said(found)[:2] == ("Pin.", "Tabs.")
    assert set(said(found)[2]["deploy"]) == {"SKILL.md", "steps/one.md"}


@pytest.mark.parametrize(
    "linked", ["memory", "memory/constitution.md", "memory/skills", "memory/skills/deploy"]
)
def test_no_link_in_the_home_is_followed(tmp_path, linked):
    stage = a_stage(tmp_path)
    outside = tmp_path / "outside"
    write(outside, FILES)
    path = stage.home / linked
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside / linked)
    os.mkfifo(path.parent / "pipe")

    assert a_reader(stage, project=False).guidance(stage.project) == UNGUIDED


def test_what_is_no_file_is_passed_over(tmp_path):
    stage = a_stage(tmp_path)
    write(stage.home, FILES)
    odd = stage.home / "memory" / "skills" / "deploy"
    os.mkfifo(odd / "pipe")
    os.mknod(odd / "socket", stat.S_IFSOCK | 0o600)

    found = a_reader(stage, project=False).guidance(stage.project)

    assert set(said(found)[2]["deploy"]) == {"SKILL.md", "steps/one.md"}


def test_what_cannot_be_read_is_told_with_what_to_do(tmp_path):
    stage = a_stage(tmp_path)
    fleet = a_fleet(
        projects={"APP": a_project(path=str(tmp_path / "gone"))}, memory=MemoryRules(project="APP")
    )

    with pytest.raises(ConfigError, match=r"memory\.project"):
        ReviewedFiles(stage.home, fleet, stage.worktrees).guidance(stage.project)
