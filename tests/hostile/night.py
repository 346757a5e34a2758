"""A night of attacks: one home, one `fleet run`, one task for each attack."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleet.cli.main import app
from tests.e2e.fleets import Done, Home, git

IMAGE = "fleet-agent:pytest"
SECRET = "tok-of-alice-2f1c9e55aa7704d1"  # stands in the coordinator's environment
MARKS = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

_AGENT = Path(__file__).with_name("agent.py")
_CHECK = """\
set -e
export PYTHONPATH=. PATH="$PWD/bin:$PATH"
sh scripts/form.sh
python3 -m pytest -q -p no:cacheprovider --junitxml=/tmp/tests.xml tests
# code that ends the interpreter ends it with 0 if it likes, and without a report
grep -q 'tests="[1-9]' /tmp/tests.xml
"""
PROJECT = {
    "scripts/check.sh": _CHECK,
    "scripts/form.sh": "test ! -e red.txt\n",
    "calc.py": "def add(a, b):\n    return a + b\n",
    "tests/test_calc.py": "import calc\n\n\ndef test_add():\n    assert calc.add(2, 3) == 5\n",
    "Makefile": "check:\n\tsh scripts/check.sh\n",
    "readme.txt": "hello\n",
    "spare.txt": "spare\n",
    ".gitignore": "build/\n",
}


@dataclass(frozen=True)
class Attack:
    """What an agent does; more words for `task add` and keys for its profile."""

    test: str
    script: str
    words: tuple[str, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""


def attack(script: str, *words: str, title: str = "", **profile: Any) -> pytest.MarkDecorator:
    """Say what the agent does before this test looks: Python, in its container."""
    return pytest.mark.attack(script, *words, title=title, profile=profile)


def attack_of(item: pytest.Item) -> Attack | None:
    """Answer the attack of a test; its task has the title that the test's name says."""
    mark = item.get_closest_marker("attack")
    if mark is None:
        return None
    script, *words = mark.args
    return Attack(
        test=item.nodeid,
        script=script,
        words=tuple(words),
        profile=mark.kwargs["profile"],
        title=mark.kwargs["title"] or item.name.removeprefix("test_").replace("_", " "),
    )


class Host:
    """What must not change on the host: canaries that tell who ran them, and precious files."""

    def __init__(self, folder: Path) -> None:
        self.canary = folder / "canary"
        self._sang = folder / "sang"
        self.precious = folder / "precious.txt"
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        self.canary.write_text(f'#!/bin/sh\necho "$0 $*" >> {self._sang}\ncat\n')
        self.canary.chmod(0o755)
        self.precious.write_text("precious\n")
        self.precious.chmod(0o666)

    @property
    def unharmed(self) -> bool:
        """Tell whether no canary sang and nothing precious was changed."""
        return not self._sang.exists() and self.precious.read_text() == "precious\n"


class Night:
    """The home, the repository and the host of all attacks, and how `fleet run` ended."""

    def __init__(self, folder: Path) -> None:
        self.host = Host(folder / "host")
        self.repository = a_project(folder / "repository")
        # what the check runs beside its own script is for the user to list
        settings = {"protected": ["scripts/**", "bin/**"]}
        self.home = Home(folder / "home", self.repository, image=IMAGE, settings=settings).made()
        self.home.configure(swap={"timeout": {"max_swaps": 0}, "error": {"max_swaps": 0}})
        self.before = photograph(self.repository)
        self.start = git(self.repository, "rev-parse", "main")
        self.keys: dict[str, str] = {}
        self.done = Done(0, "", "")

    def suffer(self, attacks: list[Attack]) -> None:
        """Let all attacks happen, and wait until nothing moves any more."""
        for number, each in enumerate(attacks, 1):
            self.keys[each.test] = self._added(each, f"attack-{number}")
        self.done = self.home.run("run", "--json", "--parallel", "4", timeout=800)

    def fleet(self, *words: str) -> Done:
        """Run a command in this process: it starts no interpreter, and hundreds are asked for."""
        done = CliRunner().invoke(app, ["--home", str(self.home.folder), *words])
        return Done(done.exit_code, done.stdout, done.stderr)

    def _added(self, attack: Attack, profile: str) -> str:
        places = f"CANARY, PRECIOUS = {str(self.host.canary)!r}, {str(self.host.precious)!r}\n"
        script = f"from agent import *\n{places}{attack.script}"
        files = [f"{self.home.folder}/{profile}.py:/opt/{profile}.py", f"{_AGENT}:/opt/agent.py"]
        keys = {"files": files, "attempt_timeout": "180s", **attack.profile}
        self.home.agent(profile, script, **keys)
        words = ("--profile", profile, "--max-retries", "0", *attack.words)
        done = self.fleet("task", "add", attack.title, *words)
        assert done.code == 0, done.err
        return done.out.strip()

    def after(self, test: str) -> "Aftermath":
        """Answer what is left of the attack of one test."""
        return Aftermath(self, self.keys[test])

    def lines(self) -> list[str]:
        """Answer the commits of the target's own line since the beginning, oldest first."""
        ask = ("rev-list", "--first-parent", "--reverse", f"{self.start}..main")
        return git(self.repository, *ask).split()

    @cached_property
    def questions(self) -> list[dict[str, Any]]:
        """Answer what waits for a human's yes."""
        return list(self.fleet("approval", "list", "--json").json)


class Aftermath:
    """What an outsider sees of one attack: board, questions, branch, pull request, target."""

    def __init__(self, night: Night, key: str) -> None:
        self.night = night
        self.key = key

    @cached_property
    def task(self) -> Any:
        return self.night.fleet("task", "show", self.key, "--json").json

    @property
    def attempt(self) -> Any:
        """Answer its only attempt."""
        (attempt,) = self.task["attempts"]
        return attempt

    @property
    def state(self) -> str:
        return str(self.attempt["state"])

    @property
    def reason(self) -> str:
        """Answer why it stands where it stands, as the board and the attempt say."""
        return f"{self.task['reason']} {self.attempt['reason']}"

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        return [(verdict["name"], verdict["status"]) for verdict in self.attempt["verdicts"]]

    @property
    def merged(self) -> bool:
        return self.state == "merged" and self.attempt["head"] in self._target

    @property
    def asked(self) -> list[str]:
        """Answer the files that a human was asked about; empty where nobody was."""
        mine = [one for one in self.night.questions if one["task"] == self.key]
        return [path for one in mine for path in one["files"]]

    @property
    def kept_out(self) -> bool:
        """Tell whether nothing of it is in the target, and the board says why."""
        attempt = self.attempt
        outside = attempt["head"] == attempt["base"] or attempt["head"] not in self._target
        return self.state != "merged" and outside and bool(self.reason.strip())

    @cached_property
    def files(self) -> set[bytes]:
        """Answer the names of the collected commit."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", self.attempt["head"])
        return set(listed.split(b"\0")) - {b""}

    def read(self, path: str) -> bytes:
        """Answer a file of the collected commit."""
        return self._git("cat-file", "blob", f"{self.attempt['head']}:{path}")

    def mode(self, path: str) -> str:
        """Answer a file's mode in the collected commit, as git says it."""
        return self._git("ls-tree", self.attempt["head"], path).split()[0].decode()

    @cached_property
    def found(self) -> Any:
        """Answer what the agent told of its tries."""
        return json.loads(self.read(f"found-{self.key}.json"))

    @property
    def worked(self) -> bool:
        """Tell whether the wanted part of its work was collected."""
        return f"work-{self.key}.txt".encode() in self.files

    @cached_property
    def log(self) -> str:
        return self.night.fleet("task", "log", self.key).out

    @cached_property
    def _target(self) -> list[str]:
        return git(self.night.repository, "rev-list", "main").split()

    def _git(self, *words: str) -> bytes:
        command = ["git", "-C", str(self.night.repository), *words]
        return subprocess.run(command, check=True, capture_output=True).stdout


def a_project(folder: Path) -> Path:
    """Make the project that is attacked; the user works on a branch of their own."""
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "start")
    git(folder, "switch", "-q", "-c", "mine")
    (folder / "draft.txt").write_text("not committed yet\n")
    return folder


def photograph(repository: Path) -> dict[str, str]:
    """Answer what is the user's own: files, HEAD, index, configuration, hooks."""
    own = [path for path in files_below(repository) if ".git" not in path.parts]
    git_dir = repository / ".git"
    own += [git_dir / "HEAD", git_dir / "config", *files_below(git_dir / "hooks")]
    own += files_below(git_dir / "info")
    photo = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in own}
    return {**photo, "status": git(repository, "status", "--porcelain")}


def files_below(folder: Path) -> Iterator[Path]:
    """Answer all plain files below a folder, following no link."""
    for place, _, names in os.walk(folder):
        paths = (Path(place, name) for name in names)
        yield from (path for path in paths if path.is_file() and not path.is_symlink())
