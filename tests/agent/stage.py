"""Puts the real runner on a stage of temporary folders and hears what it says."""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SDK = Path(__file__).resolve().parents[2] / "agent-image"
RUNNER = (
    sys.executable,
    "-I",
    "-c",
    f"import sys; sys.path.insert(0, {str(SDK)!r});"
    "from fleet_agent.__main__ import main; sys.exit(main())",
)
# how a `command` agent calls the client
REPORT = f"{shlex.join(RUNNER)} report"


@dataclass(frozen=True)
class Said:
    """What the runner wrote, and how it ended."""

    raw: bytes
    exit_code: int

    @property
    def lines(self):
        return [json.loads(line) for line in self.raw.splitlines()]

    @property
    def result(self):
        last = self.lines[-1]
        assert last["type"] == "result"
        return last

    @property
    def diagnostics(self):
        return self.result["diagnostics"]

    @property
    def failure(self):
        return self.diagnostics["failure_kind"]

    def of(self, kind):
        return [line for line in self.lines if line["type"] == kind]


@dataclass(frozen=True)
class Stage:
    root: Path
    workspace: Path

    def start(self, **streams):
        places = ["--root", str(self.root), "--workspace", str(self.workspace)]
        return subprocess.Popen(
            [*RUNNER, "run", *places], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **streams
        )

    def play(self):
        return heard(self.start())


def heard(runner):
    """Wait for a started runner and return what it said; its standard error must be empty."""
    # the clock of the test itself ends one that hangs
    out, error = runner.communicate()
    assert error == b""
    return Said(out, runner.returncode)


def a_packet(shell="true", **context):
    limits = {"heartbeat_seconds": 60, "stop_grace_seconds": 0.5, **context.pop("limits", {})}
    agent = {"name": "command", "model": None, "command": ["sh", "-c", shell]}
    return {
        "task_id": "APP-12",
        "session_id": "s-1",
        "trace_id": "t-1",
        "goal": "make it green",
        "messages": [{"role": "system", "content": "be brief"}],
        "constraints": [],
        "context": {"agent": agent, "limits": limits, **context},
    }


def a_stage(tmp_path, shell="true", *, packet=None, safe_mode=False, **context):
    root, workspace = tmp_path / "fleet", tmp_path / "workspace"
    root.mkdir()
    workspace.mkdir()
    whole = a_packet(shell, **context) if packet is None else packet
    (root / "packet.json").write_text(json.dumps(whole))
    told = {"session_id": "s-1", "trace_id": "t-1", "workspace_root": str(workspace)}
    (root / "context.json").write_text(json.dumps(told | {"safe_mode": safe_mode}))
    return Stage(root, workspace)
