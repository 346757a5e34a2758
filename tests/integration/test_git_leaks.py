"""Git over a long night: as many files and processes are held after 200 attempts as after one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.worktrees import Stage, a_stage, finished
from tests.descriptors import open_files
from tests.repos import write

CYCLES = 200


def one_attempt(stage: Stage, number: int) -> None:
    """Prepare, collect, check out, merge, land and remove, as an attempt that is merged goes."""
    git, project = stage.worktrees, stage.project
    attempt = replace(finished(number), branch=f"fleet/app-{number}")
    write(Path(stage.prepared(attempt).path), {f"file{number % 10}.txt": f"{number}\n"})
    head = stage.collected(attempt).head
    git.checkout(project, head, name=attempt.id, overlay=())
    git.drop_checkout(project, attempt.id)
    tip = git.tip(project)
    git.advance_target(project, old=tip, new=stage.merged(tip, head).sha)
    git.remove(project, attempt.id)
    git.drop_branch(project, attempt.branch, head=head, keep=None)


def children() -> set[str]:
    """Answer the processes that this one has started and not yet heard the end of."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_open_files_and_processes_are_constant(tmp_path):
    stage = a_stage(tmp_path)
    stage.git("switch", "-q", "--detach")
    one_attempt(stage, 1)
    files, processes = open_files(), children()

    for number in range(2, CYCLES + 1):
        one_attempt(stage, number)

    assert open_files() <= files
    assert children() <= processes
    assert len(stage.git("rev-list", "--first-parent", "main").split()) == CYCLES + 1
    assert list((stage.home / ".fleet" / "worktrees").iterdir()) == []
