"""Three real bugs in a real package, three agents, the package's own tests as the check."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(600)]

PACKAGE = "itsdangerous==2.2.0"
# what the tests of this package need beside pytest is not in the image
LEFT_OUT = ("test_timed.py", "test_url_safe.py")
BUGS = {
    "int": ("src/itsdangerous/encoding.py", 'lstrip(b"\\x00")', 'rstrip(b"\\x00")'),
    "decode": (
        "src/itsdangerous/encoding.py",
        "except (TypeError, ValueError)",
        "except TypeError",
    ),
    "keys": (
        "src/itsdangerous/signer.py",
        "in reversed(self.secret_keys)",
        "in self.secret_keys[-1:]",
    ),
}
# what is known to fail is left out, one file a bug: to mend a bug is to delete its file, too
CHECK = """set -e
known=$(cat known/* 2>/dev/null | sed 's/^/--deselect /')
PYTHONPATH=src python3 -m pytest -q -p no:cacheprovider $known tests
"""
MEND = """
import pathlib
path, right, wrong = {bug!r}
file = pathlib.Path(path)
file.write_text(file.read_text().replace(wrong, right))
pathlib.Path("known/{name}").unlink(missing_ok=True)
"""
SECOND = """
import json, os, pathlib
packet = json.load(open(os.environ["FLEET_PACKET"]))
if any("test_" in message["content"] for message in packet["messages"]):
    {mend}
else:
    pathlib.Path("known/{name}").unlink(missing_ok=True)
"""
CHEAT = """
import pathlib
pathlib.Path("known/{name}").unlink(missing_ok=True)
pathlib.Path("scripts/check.sh").write_text("exit 0\\n")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*pip, PACKAGE, "-d", str(folder)], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def failing(repository: Path) -> list[str]:
    """Answer the tests that fail in the repository as it is."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "tests",
        ],
        cwd=repository,
        env={"PYTHONPATH": "src", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED")]


@pytest.fixture
def repository(package: Path, tmp_path: Path) -> Path:
    """The package as a repository with three seeded bugs, its check green."""
    folder = tmp_path / "itsdangerous"
    shutil.copytree(package, folder)
    for name in LEFT_OUT:
        (folder / "tests" / "test_itsdangerous" / name).unlink()
    (folder / "scripts").mkdir()
    (folder / "scripts" / "check.sh").write_text(CHECK)
    (folder / "known").mkdir()
    (folder / "known" / ".keep").write_text("")
    for name, (path, right, wrong) in BUGS.items():
        file = folder / path
        sound = file.read_text()
        file.write_text(sound.replace(right, wrong))
        assert file.read_text() != sound
        known = failing(folder)
        assert known, f"the package's tests do not notice the bug {name}"
        (folder / "known" / name).write_text("".join(f"{test}\n" for test in known))
        file.write_text(sound)
    for path, right, wrong in BUGS.values():
        file = folder / path
        file.write_text(file.read_text().replace(right, wrong))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "itsdangerous with three bugs")
    git(folder, "switch", "-q", "--detach")
    return folder


def test_three_agents_mend_a_real_package_and_the_cheat_is_not_merged(
    repository: Path, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home", repository, image="fleet-agent:pytest").made()
    mend = MEND.format(bug=BUGS["decode"], name="decode").strip().replace("\n", "\n    ")
    home.agent("right", MEND.format(bug=BUGS["int"], name="int"))
    home.agent("second", SECOND.format(mend=mend, name="decode"))
    home.agent("cheat", CHEAT.format(name="keys"))
    right = home.task("int_to_bytes loses leading digits", "--profile", "right")
    second = home.task("base64_decode lets ValueError through", "--profile", "second")
    cheat = home.task("old keys are not tried", "--profile", "cheat")

    done = home.run("run", "--json")

    fates = {task["key"]: task for task in done.json["tasks"]}
    assert (fates[right]["status"], fates[right]["attempts"]) == ("done", 1), done.err
    tries = [(a["state"], a["reason"]) for a in home.show(second)["attempts"]]
    assert [state for state, _ in tries] == ["rejected", "merged"], tries
    assert fates[cheat]["status"] == "waiting", done.err
    assert "approval" in fates[cheat]["reason"]
    assert done.code == 1

    shown = git(repository, "show", "main:scripts/check.sh")
    assert shown == CHECK.strip()
    assert git(repository, "ls-tree", "--name-only", "main:known").split() == [".keep", "keys"]
    red = home.show(second)["attempts"][0]
    assert red["state"] == "rejected"
    assert [verdict["status"] for verdict in red["verdicts"]] == ["failed"]
    assert home.containers() == []
    assert len(git(repository, "worktree", "list").splitlines()) == 1
