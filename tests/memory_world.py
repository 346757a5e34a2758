"""A world in memory: engine, git, verifier, packets and traces, and a crew moved by hand."""

import json
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha1
from itertools import islice
from pathlib import PurePath
from typing import Any

from fleet.adapters.exact_index import ExactIndex
from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.adapters.redaction import Redaction
from fleet.adapters.scanner import SecretScanner
from fleet.app import leftovers
from fleet.app.coordinator import Coordinator, Order
from fleet.app.crew import Report
from fleet.app.desk import Pen
from fleet.app.memory import Finder, Memory
from fleet.app.stations import halting
from fleet.app.tenure import Tenure, taken
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.change import Change, ChangeType, Diff
from fleet.domain.egress import Destination
from fleet.domain.errors import (
    ConfigError,
    CredentialError,
    FleetError,
    StaleLeaseError,
    WorkspaceError,
)
from fleet.domain.guidance import UNGUIDED, Guidance
from fleet.domain.hold import COORDINATOR
from fleet.domain.merge import MergeWay
from fleet.domain.plan import Plan, Snapshot
from fleet.domain.profile import Account, Project
from fleet.domain.result import Check, Verdict, VerdictStatus
from fleet.memory_ports import RepoMaps, Reviewed
from fleet.ports import (
    Added,
    Brake,
    Chain,
    Checkout,
    Collected,
    Conflict,
    ContainerRuntime,
    ContainerSpec,
    ContainerState,
    Egress,
    Entry,
    Exit,
    MergedTip,
    Networks,
    Packets,
    Reports,
    Scales,
    Secrets,
    Supervisor,
    Traces,
    Verifier,
    Workspace,
    Worktrees,
)
from tests.builders import HOME8, NOW, a_fleet, a_term
from tests.twins import MemoryAlarm, TwinEmbedder, WatchedClock

Files = Mapping[str, str]
CHECK = "scripts/check.sh"
START: Files = {CHECK: "strict", "app.py": "old"}


def line(seq: int, kind: str, **fields: Any) -> bytes:
    """Answer an event line as the runner writes it."""
    return json.dumps({"v": 1, "seq": seq, "type": kind} | fields).encode() + b"\n"


def result(seq: int, failure: str | None = None, **diagnostics: Any) -> bytes:
    """Answer the last line of a runner: success, or a failure of that kind."""
    status = "success" if failure is None else "failure"
    told = {"failure_kind": failure, **diagnostics}
    return line(seq, "result", status=status, summary="did it", diagnostics=told)


@dataclass(frozen=True, kw_only=True)
class Play:
    """What an agent does: edits (None deletes), what it says, and how its container ends."""

    edits: Mapping[str, str | None] = field(default_factory=dict)
    says: tuple[bytes, ...] = (line(1, "started", agent="command"), result(2))
    code: int | None = 0  # None: it never ends by itself
    out_of_memory: bool = False


Agent = Callable[[dict[str, Any]], Play]


def green(packet: dict[str, Any]) -> Play:
    """Work on a file of the task's own, so that no two tasks are in conflict."""
    number = packet["context"]["attempt"]
    return Play(edits={f"{packet['task_id']}.txt": f"done by attempt {number}"})


class Faults:
    """Errors that calls of the world will raise, each once, in the order they were planned."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[Exception]] = {}

    def plan(self, call: str, *errors: Exception) -> None:
        """Let the next calls of that name fail."""
        self._planned.setdefault(call, deque()).extend(errors)

    def clear(self) -> None:
        """Let everything go well."""
        self._planned.clear()

    def trip(self, call: str) -> None:
        """Raise what is planned for this call."""
        planned = self._planned.get(call)
        if planned:
            raise planned.popleft()


@dataclass(frozen=True)
class Commit:
    """A tree with its parents."""

    files: tuple[tuple[str, str], ...]
    parents: tuple[str, ...]
    message: str = ""

    @property
    def sha(self) -> str:
        return sha1(repr(self).encode()).hexdigest()


def tree_of(files: Files) -> str:
    """Answer the id of a tree."""
    return sha1(repr(sorted(files.items())).encode()).hexdigest()


def _firsts(entries: Sequence[Entry], merged: Sequence[MergedTip]) -> list[str]:
    """Answer the first line of the message of each that was merged."""
    return [entry.message.strip().partition("\n")[0] for entry in entries[: len(merged)]]


def change_of(path: str, old: str | None, new: str | None) -> Change:
    """Answer what happened to a file."""
    before, now = (old or "").splitlines(), (new or "").splitlines()
    kind = ChangeType.CREATE if old is None else ChangeType.UPDATE
    return Change(
        path=path,
        change_type=ChangeType.DELETE if new is None else kind,
        added=sum(line not in before for line in now),
        removed=sum(line not in now for line in before),
    )


class MemoryWorktrees(Worktrees):
    """A repository in dictionaries; `blocked` is why the target may not move now.

    `remote` is where the target stands at the project's remote, None where it has no such branch.
    """

    def __init__(self, faults: Faults) -> None:
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        self.kept: dict[str, str] = {}
        self.spaces: dict[str, tuple[str, dict[str, str]]] = {}
        self.blocked: str | None = None
        self.remote: str | None = None
        self.visits: dict[str, str] = {}
        self._faults = faults
        self._lock = threading.RLock()
        self.branches["main"] = self.commit(START, ())

    def commit(self, files: Files, parents: tuple[str, ...], message: str = "") -> str:
        made = Commit(tuple(sorted(files.items())), parents, message)
        with self._lock:
            self.commits[made.sha] = made
        return made.sha

    def files(self, sha: str) -> dict[str, str]:
        return dict(self.commits[sha].files)

    def history(self, sha: str) -> set[str]:
        """Answer a commit and all its ancestors."""
        found, ahead = set(), [sha]
        while ahead:
            here = ahead.pop()
            if here not in found:
                found.add(here)
                ahead += self.commits[here].parents
        return found

    def validate(self, project: Project) -> str:
        return self.tip(project)

    def take_over(self, project: Project) -> None:
        """There is only one home."""

    def tip(self, project: Project) -> str:
        self._faults.trip("tip")
        return self.branches[project.target]

    def head(self, project: Project, branch: str) -> str | None:
        return self.branches.get(branch)

    def tree(self, project: Project, sha: str) -> str:
        return tree_of(self.files(sha))

    def has_file(self, project: Project, sha: str, path: str) -> bool:
        return path in self.files(sha)

    def plain_files(
        self, project: Project, sha: str, path: str, *, longest: int, most: int
    ) -> Mapping[str, bytes]:
        files = self.files(sha).items()
        below = ((name, said) for name, said in files if f"{name}/".startswith(f"{path}/"))
        return {name: said.encode()[:longest] for name, said in islice(below, most)}

    def prepare(self, project: Project, attempt: str, *, branch: str, fresh: bool) -> Workspace:
        self._faults.trip("prepare")
        with self._lock:
            if attempt not in self.spaces:
                if fresh and branch in self.branches:
                    self.kept[f"{attempt}-before"] = self.branches.pop(branch)
                base = self.branches.setdefault(branch, self.branches[project.target])
                self.spaces[attempt] = (base, self.files(base))
            base = self.spaces[attempt][0]
        path = f"/home/.fleet/worktrees/{attempt}"
        return Workspace(
            path=path, git_dir=path, git_file=path, objects=(), base=base, uid=1000, gid=1000
        )

    def collect(
        self, project: Project, attempt: Attempt, *, message: str, skip: tuple[str, ...] = ()
    ) -> Collected:
        self._faults.trip("collect")
        with self._lock:
            before = self.branches.get(attempt.branch) or attempt.base or self.branches["main"]
            base, files = self.spaces.get(attempt.id, (before, self.files(before)))
            changed = before == base and files != self.files(base)
            head = self.commit(files, (base,), f"{attempt.id}: {message}") if changed else before
            self.branches[attempt.branch] = head
        return Collected(head=head, diff=self.diff(project, base, head))

    def base_of(self, one: str, other: str) -> str:
        """Answer the merge base of two commits."""
        common = self.history(one) & self.history(other)
        return max(common, key=lambda sha: len(self.history(sha)))

    def diff(self, project: Project, base: str, head: str) -> Diff:
        old, new = self.files(self.base_of(base, head)), self.files(head)
        return tuple(
            change_of(path, old.get(path), new.get(path))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        )

    def patch(self, project: Project, base: str, head: str, *, limit: int) -> str:
        self._faults.trip("patch")
        added = self.added(project, base, head, limit=limit).lines
        lines = (f"+{line}" for path in added for _, line in added[path])
        return "\n".join((repr(self.diff(project, base, head)), *lines))[:limit]

    def stat(self, project: Project, base: str, head: str) -> str:
        return f"{len(self.diff(project, base, head))} files changed"

    def checkout(
        self, project: Project, sha: str, *, name: str, overlay: tuple[str, ...]
    ) -> Checkout:
        path = f"/home/.fleet/checks/{name}"
        tree = tree_of(self.overlaid(project, sha, overlay))
        return Checkout(
            path=path, git_dir=path, git_file=path, objects=(), tree=tree, uid=1000, gid=1000
        )

    def clean_tree(self, project: Project, sha: str, *, name: str, overlay: tuple[str, ...]) -> str:
        return tree_of(self.overlaid(project, sha, overlay))

    def overlaid(self, project: Project, sha: str, overlay: tuple[str, ...]) -> dict[str, str]:
        """Answer the files at a SHA with the overlay's from the target."""
        files, target = self.files(sha), self.files(self.branches[project.target])
        for path in overlay:
            files.pop(path, None)
            if path in target:
                files[path] = target[path]
        return files

    def drop_checkout(self, project: Project, name: str) -> None:
        """Nothing lies about."""

    def drop_checkouts(self) -> None:
        """Nothing lies about."""

    def chained(self, project: Project, *, tip: str, entries: Sequence[Entry]) -> Chain:
        self._faults.trip("chained")
        merged: list[MergedTip] = []
        on = tip
        clashes: tuple[str, ...] = ()
        for entry in entries:
            files, clashes = self._merged(on, entry.head)
            if clashes:
                break
            squash = project.merge is MergeWay.SQUASH
            on = self.commit(files, (on,) if squash else (on, entry.head), entry.message)
            merged.append(MergedTip(sha=on, tree=tree_of(files)))
        last = merged[-1] if merged else None
        if len(merged) > 1 and project.merge is MergeWay.MERGE:
            told = "\n".join((f"Merge {len(merged)} pull requests", "", *_firsts(entries, merged)))
            sha = self.commit(self.files(on), (tip, on), told)
            last = MergedTip(sha=sha, tree=merged[-1].tree)
        conflict = self._conflict(clashes, on, entries[len(merged)].head) if clashes else None
        return Chain(merged=tuple(merged), tip=last, conflict=conflict)

    def _merged(self, tip: str, head: str) -> tuple[dict[str, str], tuple[str, ...]]:
        """Answer the files of a merge and those in conflict."""
        base = self.files(self.base_of(tip, head))
        ours, theirs = self.files(tip), self.files(head)
        merged, clashes = dict(ours), []
        for path in base.keys() | theirs.keys():
            before, now, here = base.get(path), theirs.get(path), ours.get(path)
            if now in (before, here):
                continue
            if here != before:
                clashes.append(path)
            elif now is None:
                merged.pop(path, None)
            else:
                merged[path] = now
        return merged, tuple(sorted(clashes))

    def _conflict(self, paths: Sequence[str], tip: str, head: str) -> Conflict:
        ours, theirs = self.files(tip), self.files(head)
        sides = ((path, f"{ours.get(path)} | {theirs.get(path)}") for path in paths)
        return Conflict(files=tuple(paths), sides=tuple(sides))

    def reverted(
        self, project: Project, *, tip: str, merged: str, message: str, at: datetime
    ) -> MergedTip | Conflict:
        self._faults.trip("reverted")
        if merged not in self.history(tip):
            raise WorkspaceError(f"{merged} is not in {project.target}: nothing to take back")
        before = self.files(self.commits[merged].parents[0])
        undone = self.commit(before, (merged,), message)
        files, clashes = self._merged(tip, undone)
        if clashes:
            return self._conflict(clashes, tip, undone)
        if files == self.files(tip):
            return MergedTip(sha=tip, tree=tree_of(files))
        return MergedTip(sha=self.commit(files, (tip,), message), tree=tree_of(files))

    def plant(self, project: Project, branch: str, *, sha: str) -> None:
        self._faults.trip("plant")
        with self._lock:
            standing = self.branches.setdefault(branch, sha)
            if standing != sha:
                raise WorkspaceError(f"branch {branch} is at {standing}, not at {sha}")

    def synced(self, project: Project) -> str | None:
        self._faults.trip("synced")
        with self._lock:
            theirs, ours = self.remote, self.branches[project.target]
            if project.remote is None or theirs == ours:
                return None
            if theirs is None:
                return f"{project.remote} has no branch {project.target}"
            if ours not in self.history(theirs):
                return f"{project.target} holds commits that {project.remote} does not"
        return self.advance_target(project, old=ours, new=theirs)

    def pushed(self, project: Project, *, old: str, new: str) -> None:
        self._faults.trip("pushed")
        with self._lock:
            if project.remote is None or self.remote == new:
                return
            if self.remote != old:
                raise StaleLeaseError(f"{project.remote} is no longer at {old[:12]}")
            self.remote = new

    def check_out(self, project: Project, sha: str, *, folder: str) -> None:
        self._faults.trip("check_out")
        with self._lock:
            if folder in self.visits:
                raise WorkspaceError(f"{folder} is not empty")
            self.visits[folder] = sha

    def paths(self, project: Project, sha: str) -> frozenset[str]:
        return frozenset(self.files(sha))

    def added(self, project: Project, base: str, head: str, *, limit: int) -> Added:
        old, new = self.files(self.base_of(base, head)), self.files(head)
        lines: dict[str, tuple[tuple[int, str], ...]] = {}
        removed: dict[str, tuple[str, ...]] = {}
        for path in sorted(old.keys() | new.keys()):
            before, now = old.get(path, "").splitlines(), new.get(path, "").splitlines()
            more = tuple((n, one) for n, one in enumerate(now, start=1) if one not in before)
            fewer = tuple(one for one in before if one not in now)
            lines |= {path: more} if more else {}
            removed |= {path: fewer} if fewer else {}
        if sum(len(repr(told)) for told in (*lines.values(), *removed.values())) > limit:
            return Added(lines={}, cut=tuple(sorted({*lines, *removed})))
        return Added(lines=lines, removed=removed)

    def commits_between(self, project: Project, base: str, tip: str) -> tuple[str, ...]:
        self._faults.trip("commits_between")
        found = self.history(tip) - self.history(base)
        return tuple(sorted(found, key=lambda sha: len(self.history(sha)), reverse=True))

    def is_merged(self, project: Project, head: str) -> bool:
        self._faults.trip("is_merged")
        return head in self.history(self.branches[project.target])

    def advance_target(self, project: Project, *, old: str, new: str) -> str | None:
        self._faults.trip("advance")
        with self._lock:
            if self.branches[project.target] != old:
                raise StaleLeaseError(f"{project.target} is no longer at {old[:12]}")
            if self.blocked is None:
                self.branches[project.target] = new
        return self.blocked

    def target_blocked(self, project: Project) -> str | None:
        return self.blocked

    def remove(self, project: Project, attempt: str) -> None:
        self._faults.trip("remove_worktree")
        with self._lock:
            self.spaces.pop(attempt, None)

    def keep(self, project: Project, sha: str, *, name: str) -> None:
        ref, number = name, 1
        while not self._kept_under(ref, sha):
            number += 1
            ref = f"{name}-{number}"

    def _kept_under(self, ref: str, sha: str) -> bool:
        standing = self.kept.get(ref, sha)
        if standing in self.history(sha):
            self.kept[ref] = sha
        return sha in self.history(self.kept[ref])

    def keep_lost(self, project: Project, sha: str, *, branch: str, name: str) -> None:
        holders = (self.branches[project.target], self.branches.get(branch))
        held = any(sha in self.history(holder) for holder in holders if holder is not None)
        if sha in self.commits and not held:
            self.keep(project, sha, name=name)

    def drop_branch(self, project: Project, branch: str, *, head: str, keep: str | None) -> None:
        with self._lock:
            if self.branches.get(branch) == head:
                del self.branches[branch]
            if keep:
                self.keep(project, head, name=keep)


@dataclass
class Container:
    """A container with everything it will say; `exit` is None while it runs."""

    attempt: str
    says: list[bytes]
    exit: Exit | None


class MemoryRuntime(ContainerRuntime):
    """An engine whose agents are functions; a container acts whole at its start."""

    def __init__(self, worktrees: MemoryWorktrees, packets: "MemoryPackets", faults: Faults):
        self.running: dict[str, Container] = {}
        self.starts: dict[str, int] = {}
        self.agent: Agent = green
        self.image: str | None = "sha256:1"
        self.image_has: frozenset[str] | None = None
        self.specs: dict[str, ContainerSpec] = {}
        self._worktrees = worktrees
        self._packets = packets
        self._faults = faults
        self._moved = threading.Condition(threading.RLock())

    def ping(self) -> str:
        self._faults.trip("ping")
        return "20.10"

    def data_root(self) -> str | None:
        self._faults.trip("data_root")
        return None

    def image_id(self, tag: str) -> str | None:
        self._faults.trip("image_id")
        return self.image

    def image_agents(self, tag: str) -> frozenset[str] | None:
        return self.image_has

    def start(self, spec: ContainerSpec) -> None:
        self._faults.trip("start")
        with self._moved:
            if spec.name in self.running:
                return
            attempt = spec.labels["fleet.attempt"]
            self.specs[attempt] = spec
            self.starts[spec.name] = self.starts.get(spec.name, 0) + 1
            play = self.agent(json.loads(self._packets.folders[attempt]["packet.json"]))
            files = self._worktrees.spaces[attempt][1]
            for path, text in play.edits.items():
                files.pop(path, None)
                if text is not None:
                    files[path] = text
            ended = (
                None
                if play.code is None
                else Exit(code=play.code, out_of_memory=play.out_of_memory)
            )
            self.running[spec.name] = Container(attempt, list(play.says), ended)

    def says(self, name: str, *lines: bytes) -> None:
        """Let a running container say more."""
        with self._moved:
            self.running[name].says += lines
            self._moved.notify_all()

    def ends(self, name: str, *lines: bytes, code: int = 0) -> None:
        """Let a running container say its last and end by itself."""
        with self._moved:
            self.running[name].says += lines
            self.running[name].exit = Exit(code=code, out_of_memory=False)
            self._moved.notify_all()

    def vanish(self, name: str) -> None:
        """Lose a container, as an engine does whose disk was wiped."""
        with self._moved:
            self.running.pop(name, None)
            self._moved.notify_all()

    def quiet(self, name: str, heard: int) -> bool:
        """Tell whether a reader that heard so many chunks would have to wait."""
        container = self.running.get(name)
        return container is not None and container.exit is None and heard >= len(container.says)

    def follow(self, name: str) -> Iterator[bytes]:
        heard = 0
        while True:
            with self._moved:
                self._faults.trip("follow")
                while self.quiet(name, heard):
                    self._moved.wait()
                container = self.running.get(name)
                if container is None or heard >= len(container.says):
                    return
                chunk = container.says[heard]
            heard += 1
            yield chunk

    def output(self, name: str, *, limit: int) -> tuple[str, str]:
        return "", ""

    def transcript(self, name: str) -> Iterator[tuple[int, bytes]]:
        return iter(())

    def wait(self, name: str, *, timeout: float | None = None) -> Exit | None:
        self._faults.trip("wait")
        container = self.running.get(name)
        return container.exit if container else None

    def stop(self, name: str, *, grace: float) -> None:
        self._faults.trip("stop")
        with self._moved:
            container = self.running.get(name)
            if container is not None and container.exit is None:
                container.exit = Exit(code=143, out_of_memory=False)
            self._moved.notify_all()

    def remove(self, name: str) -> None:
        self._faults.trip("remove")
        self.vanish(name)

    def containers(self) -> tuple[ContainerState, ...]:
        return tuple(
            ContainerState(
                name=name,
                attempt=container.attempt,
                purpose="agent",
                running=container.exit is None,
                exit=container.exit,
            )
            for name, container in list(self.running.items())
        )


class MemoryPackets(Packets):
    """Folders in a dictionary."""

    def __init__(self) -> None:
        self.folders: dict[str, Mapping[str, str]] = {}
        self.shelves: dict[str, str] = {}  # what lies there, by task

    def write(self, attempt: str, files: Mapping[str, str], *, uid: int, gid: int) -> str:
        self.folders[attempt] = dict(files)
        return f"/run/fleet/{attempt}"

    def drop(self, attempt: str) -> None:
        self.folders.pop(attempt, None)

    def shelf(self, task: str, agent: str, *, uid: int, gid: int) -> str:
        self.shelves.setdefault(task, "")
        return f"/run/fleet/shelves/{task}/{agent}"

    def drop_shelves(self, task: str) -> None:
        self.shelves.pop(task, None)


class MemorySecrets(Secrets):
    """Folders in a dictionary; `kept` is what each account's owner keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        self._read: set[str] = set()

    def check(self, account: Account) -> None:
        if account.secret and account.name not in self.kept:
            raise CredentialError(f"account {account.name}: no credential", remedy="export it")
        self._read.add(self.kept.get(account.name, ""))

    def write(self, attempt: str, account: Account, *, uid: int, gid: int) -> str:
        self.check(account)
        self.folders.setdefault(attempt, self.kept[account.name])
        return f"/dev/shm/fleet/{attempt}"

    def drop(self, attempt: str) -> None:
        self.folders.pop(attempt, None)

    def sweep(self, wanted: Collection[str]) -> None:
        self.folders = {name: self.folders[name] for name in self.folders if name in wanted}

    def redacted(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        return Redaction(self._read).without_known(told)


class MemoryNetworks(Networks):
    """Networks in a dictionary: what each attempt may reach."""

    def __init__(self, faults: Faults) -> None:
        self.allowed: dict[str, tuple[Destination, ...]] = {}
        self._faults = faults

    def examine(self) -> str:
        return "nothing is there to be reached"

    def open(self, attempt: str, allow: Sequence[Destination]) -> Egress:
        self._faults.trip("open_network")
        self.allowed[attempt] = tuple(allow)
        return Egress(network=f"fleet-{attempt}", proxy="http://10.231.0.2:3128")

    def close(self, attempt: str) -> None:
        self._faults.trip("close_network")
        self.allowed.pop(attempt, None)

    def sweep(self, attempts: Collection[str]) -> None:
        self.allowed = {name: self.allowed[name] for name in self.allowed if name in attempts}


class MemoryTraces(Traces):
    """Traces in a dictionary."""

    def __init__(self) -> None:
        self.entries: dict[str, list[Mapping[str, Any]]] = {}

    def write(self, attempt: str, entries: Sequence[Mapping[str, Any]]) -> None:
        self.entries.setdefault(attempt, []).extend(entries)


def verdict_on(files: Files) -> VerdictStatus:
    """Judge a tree as its own check script does: `strict` is red wherever a file says so.

    And where one says left and another right: each is green alone.
    """
    script = files.get(CHECK)
    if script is None:
        return VerdictStatus.ERROR
    said = {word for text in files.values() for word in text.split()}
    if script == "strict" and ("red" in said or {"left", "right"} <= said):
        return VerdictStatus.FAILED
    return VerdictStatus.PASSED


class MemoryVerifier(Verifier):
    """Runs the check script of `verdict_on`; `checked` are the runs, not what was known."""

    def __init__(
        self,
        worktrees: MemoryWorktrees,
        runtime: MemoryRuntime,
        ledger: MemoryLedger,
        *,
        clock: ManualClock,
        faults: Faults,
    ) -> None:
        self.checked: list[tuple[str, str]] = []
        self._worktrees = worktrees
        self._runtime = runtime
        self._ledger = ledger
        self._clock = clock
        self._faults = faults

    def check(
        self, project: Project, *, attempt: str, sha: str, checks: Sequence[Check], overlay: bool
    ) -> tuple[Verdict, ...]:
        self._faults.trip("check")
        laid = project.check_files if overlay else ()
        files = self._worktrees.overlaid(project, sha, laid)
        return tuple(self._verdict(check, files, attempt=attempt, sha=sha) for check in checks)

    def _verdict(self, check: Check, files: Files, *, attempt: str, sha: str) -> Verdict:
        known = self._ledger.known_verdict(
            tree=tree_of(files), definition=check.definition, image=self._runtime.image or ""
        )
        if known is not None:
            own = replace(known, attempt=attempt, name=check.name, sha=sha)
            return replace(own, source=known.attempt, at=self._clock.now())
        self.checked.append((attempt, sha))
        status = verdict_on(files)
        return Verdict(
            attempt=attempt,
            name=check.name,
            sha=sha,
            tree=tree_of(files),
            status=status,
            command=check.command,
            exit_code=0 if status is VerdictStatus.PASSED else 1,
            stdout="" if status is VerdictStatus.PASSED else "assert red is green",
            stderr="",
            duration_seconds=0.0,
            error="no check script" if status is VerdictStatus.ERROR else None,
            at=self._clock.now(),
            image=self._runtime.image or "",
            definition=check.definition,
        )


class MemoryScales(Scales):
    """Worktrees that weigh what a test says, and nothing else."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def weigh(self, attempt: str, task: str) -> int:
        return self.sizes.get(attempt, 0)


class MemoryReports(Reports):
    """Files of reports in a dictionary, by folder and name."""

    def __init__(self, faults: Faults) -> None:
        self.files: dict[tuple[str, str], str] = {}
        self._faults = faults

    def write(self, folder: str, name: str, text: str) -> None:
        self._faults.trip("report")
        self.files.setdefault((folder, name), text)


class MemoryBrake(Brake):
    """A brake that a test pulls."""

    def __init__(self) -> None:
        self.said = ""

    def pulled(self) -> str:
        return self.said

    def pull(self) -> None:
        self.said = self.said or "stopped by the file STOP in the home"

    def release(self) -> None:
        self.said = ""


class MemorySupervisor(Supervisor):
    """Keeps the words it was told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def ready(self) -> None:
        self.words.append("ready")

    def alive(self) -> None:
        if self.words[-1:] != ["alive"]:
            self.words.append("alive")

    def stopping(self) -> None:
        self.words.append("stopping")


class MemoryReviewed(Reviewed):
    """The same guidance for all; without one it cannot be read."""

    def __init__(self) -> None:
        self.said: Guidance | None = UNGUIDED

    def guidance(self, project: Project) -> Guidance:
        if self.said is None:
            raise ConfigError("the constitution cannot be read", remedy="mend it")
        return self.said


class MemoryRepoMaps(RepoMaps):
    """Maps as scripted by SHA; `asked` counts, `broken` cannot be asked."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.asked = 0
        self.broken = False

    def map_of(self, project: Project, sha: str, *, limit: int) -> str:
        self.asked += 1
        if self.broken:
            raise WorkspaceError("git cannot be asked", remedy="mend it")
        return self.said.get(sha, "folders: src/ 1")[:limit]


class World:
    """Everything that outlives a coordinator."""

    def __init__(self, **fleet: Any) -> None:
        self.fleet = a_fleet(**fleet)
        self.run = "run-1"
        self.clock = WatchedClock(NOW)
        self.alarm = MemoryAlarm(self.clock)
        self.brake = MemoryBrake()
        self.supervisor = MemorySupervisor()
        self.ledger = MemoryLedger(clock=self.clock)
        self.faults = Faults()
        self.packets = MemoryPackets()
        self.secrets = MemorySecrets()
        self.redaction = Redaction()
        self.scanner = SecretScanner(self.redaction)
        self.networks = MemoryNetworks(self.faults)
        self.traces = MemoryTraces()
        self.reports = MemoryReports(self.faults)
        self.reviewed = MemoryReviewed()
        self.maps = MemoryRepoMaps()
        self.worktrees = MemoryWorktrees(self.faults)
        self.scales = MemoryScales()
        self.embedder = TwinEmbedder()
        self.finder = Finder(self.ledger, self.embedder, ExactIndex())
        self.runtime = MemoryRuntime(self.worktrees, self.packets, self.faults)
        self.verifier = MemoryVerifier(
            self.worktrees, self.runtime, self.ledger, clock=self.clock, faults=self.faults
        )

    @property
    def tools(self) -> Tools:
        """Answer the ports as bootstrap would bundle them."""
        return Tools(
            home=PurePath("/home"),
            home8=HOME8,
            session="1",
            run=self.run,
            fleet=self.fleet,
            clock=self.clock,
            alarm=self.alarm,
            brake=self.brake,
            supervisor=self.supervisor,
            ledger=self.ledger,
            runtime=self.runtime,
            worktrees=self.worktrees,
            memory=self.memory,
            scales=self.scales,
            verifier=self.verifier,
            packets=self.packets,
            secrets=self.secrets,
            scanner=self.scanner,
            networks=self.networks,
            traces=self.traces,
            reports=self.reports,
            reviewed=self.reviewed,
            maps=self.maps,
        )

    @property
    def memory(self) -> Memory:
        """Answer what lessons are found and kept with."""
        return Memory(
            rules=self.fleet.memory,
            ledger=self.ledger,
            clock=self.clock,
            embedder=self.embedder,
            finder=self.finder,
            redact=self.scanner.without_secrets,
        )

    @property
    def target(self) -> dict[str, str]:
        """Answer the files at the target's tip."""
        return self.worktrees.files(self.worktrees.branches["main"])


class HandCrew:
    """A crew that does one piece of work when it is told to; no threads."""

    def __init__(self, runtime: MemoryRuntime) -> None:
        self.woken = threading.Event()
        self._runtime = runtime
        self._work: dict[str, Callable[[], object]] = {}
        self._readers: dict[str, Iterator[object]] = {}
        self._heard: dict[str, int] = {}
        self._tray: list[Report] = []

    def hand(self, pool: str, key: str, work: Callable[[], object]) -> None:
        self._work[key] = work

    def read(
        self,
        key: str,
        told: Callable[[], Iterator[object]],
        *,
        patient: Callable[[object], bool],
    ) -> None:
        self._readers[key] = told()
        self._heard[key] = 0

    def reports(self) -> list[Report]:
        taken, self._tray = self._tray, []
        return taken

    def close(self) -> None:
        """Nothing is held."""

    @property
    def ready(self) -> list[str]:
        """Answer the keys of work that can be done, and of readers that would not wait."""
        readers = [
            key
            for key in self._readers
            if not self._runtime.quiet(f"fleet-{key.split()[1]}", self._heard[key])
        ]
        return sorted([*self._work, *readers])

    def perform(self, key: str) -> None:
        """Do that work, or read one chunk; what comes of it lies on the tray."""
        try:
            finding = self._work.pop(key)() if key in self._work else self._next(key)
        except StopIteration:
            del self._readers[key]
            self._tray.append(Report(key=key))
        except (FleetError, KeyError, ValueError) as error:
            self._readers.pop(key, None)
            self._tray.append(Report(key=key, error=error))
        else:
            self._tray.append(Report(key=key, finding=finding, last=key not in self._readers))

    def lose(self, key: str, error: Exception) -> None:
        """Let a reader break off."""
        del self._readers[key]
        self._tray.append(Report(key=key, error=error))

    def _next(self, key: str) -> object:
        self._heard[key] += 1
        return next(self._readers[key])


def a_tenure(world: World, **fields: Any) -> Tenure:
    """Take the term of the world's home."""
    new = a_term(0, beat=world.clock.now(), **fields)
    return taken(world.ledger, world.clock, new)


class Life:
    """One life of a coordinator, moved tick by tick."""

    def __init__(self, world: World, order: Order | None = None) -> None:
        self.world = world
        self.room = ""
        self.plan = Plan()
        self.coordinator = Coordinator(
            world.tools,
            order or Order(),
            tenure=a_tenure(world),
            room=lambda: self.room,
            seen=self._seen,
        )
        self.coordinator._crew.close()
        self.crew = HandCrew(world.runtime)
        self.coordinator._crew = self.crew  # type: ignore[assignment]
        world.alarm.ready(self.crew.woken.set)
        halting.resume(COORDINATOR, Pen(ledger=world.ledger, clock=world.clock, who="fleet"))
        leftovers.sweep(world.tools, world.ledger.snapshot())

    def _seen(self, snapshot: Snapshot, plan: Plan) -> None:
        self.plan = plan

    def tick(self) -> Plan:
        """Let the coordinator look once."""
        self.coordinator._tick()
        return self.plan

    @property
    def done(self) -> bool:
        """Tell whether the coordinator would end now."""
        return not self.plan.actions and self.coordinator._done(self.plan)

    def perform(self) -> bool:
        """Do everything that can be done now; tell whether there was anything."""
        ready = self.crew.ready
        for key in ready:
            self.crew.perform(key)
        return bool(ready)

    def run(self, *, ticks: int = 300) -> None:
        """Go on until the coordinator would end; retries come due by moving the clock."""
        for _ in range(ticks):
            self.tick()
            if self.done:
                return
            if not self.perform() and not self.plan.actions:
                self.world.clock.advance(timedelta(seconds=3))
        raise AssertionError(f"not done after {ticks} ticks: {self.plan}")
