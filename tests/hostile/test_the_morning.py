"""What holds after all attacks together, as an outsider sees it."""

import subprocess
from pathlib import Path

from tests.e2e.fleets import git
from tests.hostile.night import (
    IMAGE,
    MARKS,
    PROJECT,
    SECRET,
    Night,
    files_below,
    photograph,
)

pytestmark = MARKS

# the check as it was before the night, over each commit in turn, where nothing of it can be found
_ORIGINAL = """
for commit in /commits/*; do
  rm -rf /tmp/tree && mkdir /tmp/tree && cd /tmp/tree && tar -xf "$commit" || exit 2
  rm -rf tests bin conftest.py && cp -r /original/. . || exit 2
  sh scripts/check.sh >/tmp/said 2>&1 || { echo "$commit"; tail -n 20 /tmp/said; }
done
exit 0
"""


def test_every_commit_of_the_target_passes_the_original_check(night: Night, tmp_path: Path) -> None:
    commits, original = tmp_path / "commits", tmp_path / "original"
    commits.mkdir()
    for number, sha in enumerate(night.lines()):
        git(night.repository, "archive", f"--output={commits}/{number:04}-{sha}.tar", sha)
    for name in PROJECT.keys() - {"calc.py", "readme.txt"}:
        (original / name).parent.mkdir(parents=True, exist_ok=True)
        (original / name).write_text(PROJECT[name])

    binds = [f"--volume={commits}:/commits:ro", f"--volume={original}:/original:ro"]
    command = ["docker", "run", "--rm", "--network=none", *binds, "--entrypoint=sh", IMAGE]
    done = subprocess.run([*command, "-c", _ORIGINAL], check=True, capture_output=True, text=True)

    assert night.lines()
    assert done.stdout == ""


def test_every_task_has_come_to_an_end_that_is_explained(night: Night) -> None:
    rows = night.fleet("task", "list", "--json").json

    assert len(rows) == len(night.keys)
    assert {row["status"] for row in rows} <= {"done", "failed", "waiting", "review"}
    assert [row for row in rows if row["status"] != "done" and not row["reason"]] == []
    assert "Traceback" not in night.done.err


def test_nothing_of_the_night_is_left_running(night: Night) -> None:
    assert night.home.containers() == []


def test_the_host_is_unharmed(night: Night) -> None:
    assert night.host.unharmed


def test_the_users_checkout_and_configuration_are_as_they_were(night: Night) -> None:
    assert photograph(night.repository) == night.before


def test_the_repository_is_sound(night: Night) -> None:
    said = git(night.repository, "fsck", "--strict", "--no-dangling", "--connectivity-only")

    assert [line for line in said.splitlines() if not line.startswith("notice")] == []


def test_no_secret_stands_in_any_file_of_the_home_or_the_repository(night: Night) -> None:
    folders = (night.home.folder, night.repository)
    holding = [
        path
        for folder in folders
        for path in files_below(folder)
        if SECRET.encode() in path.read_bytes()
    ]

    assert holding == []
    assert SECRET not in night.done.out + night.done.err


def test_no_worktree_packet_or_branch_of_what_ended_is_left(night: Night) -> None:
    rows = night.fleet("task", "list", "--json").json
    done = {row["key"].lower() for row in rows if row["status"] == "done"}
    ended = done | {row["key"].lower() for row in rows if row["status"] == "failed"}
    left = [*(night.home.folder / ".fleet" / "worktrees").glob("*")]
    left += [*(night.home.folder / ".fleet" / "packets").glob("*")]
    branches = git(
        night.repository, "for-each-ref", "--format=%(refname:lstrip=3)", "refs/heads/fleet"
    )

    assert [path for path in left if path.name.rsplit("-", 2)[0] in ended] == []
    # what failed keeps its branch: `fleet task retry` goes on from there
    assert [name for name in branches.split() if name in done] == []
