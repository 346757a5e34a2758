"""A machine without a process, a thread or a file to give: no task ends for it."""

import os
import resource
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fleet.adapters.git.command import Git, Owner
from fleet.domain.errors import TransientError, WorkspaceError
from tests.contract.worktrees import a_stage, finished


@contextmanager
def no_file_can_be_opened():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
    try:
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_git_that_cannot_be_started_for_want_of_files_is_tried_again(tmp_path):
    stage = a_stage(tmp_path)
    head = stage.worked({"work": "1"}).head

    with no_file_can_be_opened(), pytest.raises(TransientError, match="Too many open files"):
        stage.worktrees.commits_between(stage.project, f"{head}^", head)

    assert stage.worktrees.commits_between(stage.project, f"{head}^", head) == (head,)


def test_a_worktree_that_cannot_be_made_for_want_of_files_is_made_later(tmp_path):
    stage = a_stage(tmp_path)

    with no_file_can_be_opened(), pytest.raises(TransientError, match="tried again"):
        stage.prepared(finished())

    assert Path(stage.prepared(finished()).path, "README").is_file()


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("fatal: cannot fork() for rev-list: Resource temporarily unavailable", TransientError),
        ("fatal: unable to create threads: Resource temporarily unavailable", TransientError),
        ("fatal: bad object HEAD", WorkspaceError),
    ],
)
def test_what_git_itself_is_short_of_passes_and_what_is_wrong_does_not(tmp_path, said, raised):
    git = Git(directory=tmp_path, owner=Owner.myself())

    with pytest.raises(raised, match=said.rpartition(": ")[2]):
        git.run("-c", f"alias.short=!echo '{said}' >&2; exit 128", "short")
