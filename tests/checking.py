"""What tests of checks share: a home with one project, a ledger, and a verifier over an engine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fleet.adapters.git.worktrees import GitWorktrees
from fleet.adapters.redaction import Redaction
from fleet.adapters.runtimes.docker import DockerRuntime
from fleet.adapters.system import SystemClock
from fleet.adapters.verifier import ContainerVerifier
from fleet.adapters.verifying.logs import CheckLogs
from fleet.adapters.verifying.run import Means
from fleet.domain.limits import Limits
from fleet.domain.result import Check, Verdict
from fleet.ports import Append, ContainerSpec, Save
from tests.builders import a_project, a_task, an_attempt
from tests.containers import IMAGE, MEGABYTE
from tests.ledgers import a_ledger
from tests.repos import a_commit, a_repository, git

SCRIPT = "scripts/check.sh"
LIMITS = Limits(cpus=1.0, memory_bytes=128 * MEGABYTE, pids=64)


class CountedRuntime(DockerRuntime):
    """An engine that knows which containers were started, and tells each the how manieth it is."""

    def __init__(self, home8: str) -> None:
        super().__init__(home8)
        self.started: list[str] = []

    def start(self, spec: ContainerSpec) -> None:
        self.started.append(spec.name)
        told = {**spec.environment, "STARTED": str(len(self.started))}
        super().start(replace(spec, environment=told))


class Bench:
    """A home with one project, whose check passes at the target, and attempts of two tasks."""

    def __init__(self, folder: Path, runtime: CountedRuntime, home8: str, check: str):
        self.repository = a_repository(folder / "app", {SCRIPT: check, "app.txt": "one\n"})
        self.home = folder / "home"
        (self.home / ".fleet").mkdir(parents=True)
        self.runtime, self.home8 = runtime, home8
        self.attempt = f"app-1-1-{home8}"
        self.tree_bytes = 5 * 1024**3
        self.project = a_project(path=str(self.repository), image=IMAGE)
        self.ledger = a_ledger(self.home, SystemClock())
        for task in ("APP-1", "APP-2"):
            attempt = replace(an_attempt(task), id=f"{task.lower()}-1-{home8}")
            self.ledger.commit([Save(row=a_task(task)), Save(row=attempt)])
        self.opened()

    def opened(self, runtime: DockerRuntime | None = None) -> None:
        """Begin anew, as another coordinator would: nothing is held in memory."""
        self.worktrees = GitWorktrees(self.home, self.home8, SystemClock(), variables={})
        self.worktrees.validate(self.project)
        means = Means(
            worktrees=self.worktrees,
            runtime=runtime or self.runtime,
            clock=SystemClock(),
            logs=CheckLogs(self.home, Redaction()),
            home8=self.home8,
            tree_bytes=self.tree_bytes,
        )
        self.verifier = ContainerVerifier(means, self.ledger)

    def branch(self, files: dict[str, str]) -> str:
        """Commit files aside and answer the SHA; the target stays."""
        git(self.repository, "switch", "--quiet", "--detach", "main")
        sha = a_commit(self.repository, files)
        git(self.repository, "switch", "--quiet", "main")
        return sha

    def target(self, files: dict[str, str]) -> str:
        """Commit files to the target and answer the SHA."""
        git(self.repository, "switch", "--quiet", "main")
        return a_commit(self.repository, files)

    def check(self, sha, *commands, timeout=60.0, overlay=False, limits=LIMITS, **fields):
        project = replace(self.project, **fields)
        checks = [
            Check(name=f"check {n}", command=command, timeout_seconds=timeout, limits=limits)
            for n, command in enumerate(commands or [("sh", SCRIPT)])
        ]
        return self.verifier.check(
            project, attempt=self.attempt, sha=sha, checks=checks, overlay=overlay
        )

    def one(self, sha, *commands, **fields):
        (verdict,) = self.check(sha, *commands, **fields)
        return verdict

    def said(self, sha: str, *, attempt: str = "", overlay: bool = False, **check) -> Verdict:
        """Answer the verdict of the project's script as a check with these settings."""
        settings = {"name": "check", "command": ("sh", SCRIPT), "limits": LIMITS, **check}
        (verdict,) = self.verifier.check(
            self.project,
            attempt=attempt or self.attempt,
            sha=sha,
            checks=[Check(**settings)],
            overlay=overlay,
        )
        return verdict

    def recorded(self, *verdicts: Verdict) -> None:
        """Write verdicts down, as the verify station does."""
        self.ledger.commit([Append(row=verdict) for verdict in verdicts])

    def log(self, verdict: Verdict) -> str:
        """Answer the log that a verdict names."""
        return (self.home / verdict.log).read_text()

    def clean(self):
        """Tell whether neither container nor tree of a check is left."""
        state = self.home / ".fleet"
        names = [name for _, folders, _ in os.walk(state) for name in folders]
        return not self.runtime.containers() and not any(self.attempt in name for name in names)


@contextmanager
def a_bench(folder: Path, home8: str, check: str = "exit 0") -> Iterator[Bench]:
    """Answer a bench inside the block; its ledger is closed then."""
    bench = Bench(folder, CountedRuntime(home8), home8, check)
    try:
        yield bench
    finally:
        bench.ledger.close()
