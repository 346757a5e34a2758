"""A disk that fills up while work is committed: told in words, nothing left, over once freed."""

import json
import subprocess

import pytest

from tests.conftest import ROOT
from tests.contract.worktrees import finished

pytestmark = pytest.mark.docker

FIRST = finished().id
TREES = "/tmp/stage/home/.fleet/worktrees"
# the home lies elsewhere, as the repository's disk alone is small
_WORK = """
import json, os, sys
from pathlib import Path
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.domain.errors import DiskFullError
from tests.builders import HOME8
from tests.contract.worktrees import StillClock, a_stage, finished
from tests.repos import git

files, size = int(sys.argv[1]), int(sys.argv[2])
disk, root = Path("/disk"), Path("/tmp/stage")
root.mkdir()
(disk / "repository").mkdir()
(disk / "ballast").write_bytes(bytes(24 * 1024**2))
(root / "repository").symlink_to(disk / "repository")
stage = a_stage(root, {"a": "1"})
tree = Path(stage.prepared(finished()).path)
for number in range(files):
    (tree / str(number)).write_bytes(os.urandom(size))

def found():
    return sorted(str(path) for path in disk.rglob("*") if path.is_file())

def crashes():
    return [str(path) for path in (root / "home").rglob("fast_import_crash_*")]

before, said = found(), []
for _ in range(2):
    try:
        stage.collected(finished())
    except DiskFullError as error:
        said.append(str(error))
told = {"said": said, "left": sorted(set(found()) - set(before)), "crashes": crashes()}
(disk / "ballast").unlink()
collected = stage.collected(finished())
told["names"] = len(stage.names(collected.head))
told["whole"] = git(disk / "repository", "fsck", "--full", "--strict")
print(json.dumps(told))
"""


@pytest.mark.parametrize(
    ("files", "size", "held"), [(3, 4_000_000, 12), (60, 200_000, 12), (2000, 6000, 16)]
)
def test_a_full_disk_is_told_in_words_and_leaves_nothing_behind(files, size, held):
    done = subprocess.run(
        [
            *("docker", "run", "--rm", "--network=none", "--user=0", "--tmpfs=/disk:size=32m"),
            *("--tmpfs=/tmp:exec", f"--volume={ROOT}:/src:ro", "--env=PYTHONPATH=/src"),
            *("--env=PYTHONDONTWRITEBYTECODE=1", "--entrypoint=python3", "fleet-agent:small"),
            *("-c", _WORK, str(files), str(size)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])

    first, second = told["said"]
    assert first.startswith("disk full: less than 100 MB free at /disk/repository/.git; ")
    assert f"the worktree of attempt {FIRST} holds {held} MB: {TREES}/{FIRST} (free" in first
    assert second == first
    assert (told["left"], told["crashes"]) == ([], [])
    assert (told["names"], told["whole"]) == (files + 1, "")
