"""A fleet for end-to-end tests: real git, real engine, scripted agents, the real command line."""

import json
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

FLEET = Path(sys.executable).with_name("fleet")
_WAITS = """
import time
while open("/opt/flag").read() != "go":
    time.sleep(0.1)
"""


def git(folder: Path, *words: str) -> str:
    """Run the user's git in a folder and answer what it says."""
    identity = ["-c", "user.name=user", "-c", "user.email=user@localhost"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Home:
    """A home with one project APP, driven only by its command line."""

    folder: Path
    repository: Path
    image: str = "fleet-agent:small"
    settings: dict[str, Any] = field(default_factory=dict)

    def made(self, *, target: str = "main") -> "Home":
        """Scaffold it and write a fleet.yaml for tests: `settings` are more keys of the project."""
        done = self.ask("init", str(self.folder), "--project", f"APP={self.repository}:{target}")
        assert done.code == 0, done.err
        project = {
            "key": "APP",
            "path": str(self.repository),
            "target": target,
            "check": ["sh", "scripts/check.sh"],
            "image": self.image,
            "review": "auto",
            **self.settings,
        }
        # a test that is about none of them never waits for a busy machine
        room = {"disk_free_gb": 0.1, "memory_free_gb": 0.1, "load_per_core": 1000}
        fleet = {"projects": [project], "limits": {"parallel": 4, **room}}
        (self.folder / "fleet.yaml").write_text(json.dumps(fleet, indent=1))
        shutil.rmtree(self.folder / "profiles")
        (self.folder / "profiles").mkdir()
        return self

    def configure(self, **keys: Any) -> None:
        """Set top-level keys of fleet.yaml; mappings are merged into what stands there."""
        path = self.folder / "fleet.yaml"
        fleet = json.loads(path.read_text())
        for key, value in keys.items():
            fleet[key] = {**fleet.get(key, {}), **value} if isinstance(value, dict) else value
        path.write_text(json.dumps(fleet, indent=1))

    def agent(self, name: str, script: str, **keys: Any) -> None:
        """Write a profile of the agent `command` that runs a Python script."""
        path = self.folder / f"{name}.py"
        path.write_text(script)
        profile = {
            "name": name,
            "agent": "command",
            "roles": ["developer"],
            "command": ["python3", f"/opt/{name}.py"],
            "files": [f"{path}:/opt/{name}.py"],
            "limits": {"cpus": 2, "memory": "512m", "pids": 128},
            **keys,
        }
        (self.folder / "profiles" / f"{name}.yaml").write_text(json.dumps(profile))

    def waiting_agent(self, name: str, script: str, **keys: Any) -> Path:
        """Write a profile as `agent` does, whose script begins once `go` stands in a file.

        Answers the file: what has to happen before an agent ends then does, on any machine.
        """
        flag = self.folder.with_name(f"{name}-flag")
        flag.write_text("wait")
        files = [f"{self.folder}/{name}.py:/opt/{name}.py", f"{flag}:/opt/flag"]
        self.agent(name, f"{_WAITS}{script}", files=files, **keys)
        return flag

    def run(self, *words: str, timeout: float = 240) -> Done:
        """Run `fleet` on this home and wait for it."""
        process = self.start(*words)
        out, err = process.communicate(timeout=timeout)
        return Done(process.returncode, out, err)

    def ask(self, *words: str) -> Done:
        """Run a command in this process, as `run` does: a second of the processor less.

        One at a time, and none that coordinates.
        """
        # whoever looks at a fleet from outside imports this file, and nothing of fleet
        from fleet.cli.main import main

        out, err, code = StringIO(), StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["fleet", *self._place(words), *words])
            patch.setattr(sys, "stdin", StringIO())
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start `fleet` on this home."""
        return subprocess.Popen(
            [str(FLEET), *self._place(words), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _place(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return () if words[0] == "init" else ("--home", str(self.folder))

    def task(self, title: str, *words: str) -> str:
        """Add a task and answer its key."""
        done = self.ask("task", "add", title, *words)
        assert done.code == 0, done.err
        return done.out.strip()

    def show(self, key: str) -> Any:
        """Answer `task show --json`."""
        return self.ask("task", "show", key, "--json").json

    @property
    def home8(self) -> str:
        """Answer the home's id."""
        return (self.folder / ".fleet" / "id").read_text().strip()

    def containers(self) -> list[str]:
        """Answer the names of all containers of this home."""
        label = f"label=fleet.home={self.home8}"
        done = subprocess.run(
            ["docker", "ps", "-a", "--filter", label, "--format", "{{.Names}}"],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.split()
