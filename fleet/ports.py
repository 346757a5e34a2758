"""What the app asks of the world: small protocols and the values they speak in."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from fleet.domain.attempt import Attempt
from fleet.domain.budget import Reservation, Settlement
from fleet.domain.change import Diff
from fleet.domain.clearing import Leftover
from fleet.domain.egress import NO_NETWORK, Destination
from fleet.domain.events import Event
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.lesson import Credit, Embedding, Lesson, Recall
from fleet.domain.licences import Licence
from fleet.domain.limits import Limits
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.plan import Snapshot
from fleet.domain.profile import Account, Project
from fleet.domain.result import Check, Verdict
from fleet.domain.swap import Receipt
from fleet.domain.task import Task
from fleet.domain.term import Term
from fleet.domain.traits import Leak
from fleet.memory_ports import Lessons

Stateful = Task | Attempt | PullRequest | PendingAction | Health | Hold | Term | Lesson
Immutable = Verdict | Reservation | Settlement | Receipt | Embedding | Recall | Credit


@dataclass(frozen=True, kw_only=True)
class Save:
    """Write a stateful row: insert at version 0, else replace the row of just that version."""

    row: Stateful


@dataclass(frozen=True, kw_only=True)
class Append:
    """Add an immutable row; the same key again changes nothing (the first one stays)."""

    row: Immutable


@dataclass(frozen=True, kw_only=True)
class Log:
    """Add an event; with `seq`, the same (attempt, seq) again changes nothing."""

    event: Event


@dataclass(frozen=True, kw_only=True)
class Fence:
    """Refuse the whole transaction unless the coordinator's term still has that number."""

    term: int


Write = Save | Append | Log | Fence


@runtime_checkable
class Clock(Protocol):
    """Time; the wall for people and leases, the monotonic one for durations."""

    def now(self) -> datetime:
        """Answer the time of day, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Answer seconds since some instant; never set back."""
        ...


@runtime_checkable
class Alarm(Protocol):
    """Wakes the decider at an instant by the wall clock."""

    def ready(self, wake: Callable[[], None]) -> None:
        """Begin; `wake` is called from another thread when the instant has come."""
        ...

    def set(self, at: datetime | None) -> None:
        """Wake at that instant and at no other; None: at none."""
        ...

    def close(self) -> None:
        """End; nobody is woken any more."""
        ...


@runtime_checkable
class Ledger(Lessons, Protocol):
    """The only truth: state rows, and an event row in the same transaction."""

    def commit(self, writes: Sequence[Write]) -> None:
        """Do all writes or none.

        Raises StaleLeaseError when a saved row is no longer at the version that was read,
        DuplicateError when a new row's key exists, when a task would have a second live
        attempt or a target a second merge in progress, DeposedError at a fence behind which
        another coordinator has taken over, TransientError when the database is busy.
        """
        ...

    def snapshot(self, *, run: str = "") -> Snapshot:
        """Read at one instant all that the planner needs: what is open, live or pending.

        `run` is the one whose settlements `run_settled` adds up.
        """
        ...

    def latest_event(self) -> int:
        """Answer the newest event's id, 0 when there is none: cheap, to notice others' writes."""
        ...

    def task(self, key: str) -> Task:
        """Answer a task; raises NotFoundError."""
        ...

    def tasks(self, *, project: str | None = None) -> tuple[Task, ...]:
        """Answer all tasks, ordered by project and number."""
        ...

    def attempts(self, task: str | None = None) -> tuple[Attempt, ...]:
        """Answer all attempts, or those of a task, ordered by creation and number."""
        ...

    def pull_request(self, number: int) -> PullRequest:
        """Answer a pull request; raises NotFoundError."""
        ...

    def pull_requests(self) -> tuple[PullRequest, ...]:
        """Answer all pull requests, by number."""
        ...

    def verdicts(self, attempt: str) -> tuple[Verdict, ...]:
        """Answer the verdicts of an attempt in the order they were given."""
        ...

    def known_verdict(self, *, tree: str, definition: str, image: str) -> Verdict | None:
        """Answer what that check said of that tree in that image before, None where it never did.

        The oldest run itself, passed or failed, of whatever attempt.
        """
        ...

    def pending_action(self, action: str) -> PendingAction:
        """Answer an action that waits or waited for a yes; raises NotFoundError."""
        ...

    def pending_actions(self, task: str | None = None) -> tuple[PendingAction, ...]:
        """Answer all of them, or those of a task, oldest first."""
        ...

    def reservations(self) -> tuple[Reservation, ...]:
        """Answer all reservations."""
        ...

    def settlements(self, *, since: datetime | None = None) -> tuple[Settlement, ...]:
        """Answer all settlements, or those since an instant."""
        ...

    def receipts(
        self, task: str | None = None, *, since: datetime | None = None
    ) -> tuple[Receipt, ...]:
        """Answer the receipts of all swaps, of a task or since an instant, oldest first."""
        ...

    def events(
        self,
        *,
        task: str | None = None,
        attempt: str | None = None,
        after: int = 0,
        since: datetime | None = None,
    ) -> tuple[Event, ...]:
        """Answer events with an id above `after`, of that instant or later, by their ids."""
        ...

    def term(self) -> Term | None:
        """Answer the term of the coordinator, held or ended; None where there never was one."""
        ...

    def hold(self, subject: str) -> Hold | None:
        """Answer the hold of a subject, lifted or not; None where there never was one."""
        ...

    def setting(self, name: str) -> str | None:
        """Answer a word kept about the home itself (its id), None when it was never set."""
        ...

    def keep_setting(self, name: str, value: str) -> str:
        """Set it if it was never set; answer what stands now."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A host path seen inside a container; `source` must exist."""

    source: str
    target: str
    writable: bool = False


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """One hardened container; `uid` and `gid` are the project's, tmpfs sizes are in bytes.

    Without a network it has its own loopback, and of names only what a mounted /etc/hosts says.
    `dns` is the only server that names are asked of; None leaves it to the engine.
    """

    name: str
    image: str
    command: tuple[str, ...]
    uid: int
    gid: int
    limits: Limits
    entrypoint: tuple[str, ...] | None = None
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = NO_NETWORK
    dns: str | None = None
    workdir: str = "/workspace"


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a container ended; `out_of_memory` when anything inside hit the memory limit."""

    code: int
    out_of_memory: bool


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """A container of this home as the engine knows it; `exit` is None while it runs."""

    name: str
    attempt: str
    purpose: str
    running: bool
    exit: Exit | None


@runtime_checkable
class ContainerRuntime(Protocol):
    """An engine that runs containers; EngineDownError when it does not answer."""

    def ping(self) -> str:
        """Answer the engine's version; raises EngineDownError with what to do."""
        ...

    def data_root(self) -> str | None:
        """Answer the folder of this machine that holds images and containers.

        None where the engine is on another machine.
        """
        ...

    def image_id(self, tag: str) -> str | None:
        """Answer the immutable id of an image, None when it is not there."""
        ...

    def image_agents(self, tag: str) -> frozenset[str] | None:
        """Answer the agents an image says it has, None where it does not say or is not there."""
        ...

    def start(self, spec: ContainerSpec) -> None:
        """Find or create the container by its fixed name, and start it unless it has run.

        Raises FleetError when a container of that name belongs to another home, when the
        image is missing or the engine refuses; HalfStartedError when the engine died while it
        started this very container: it will never be started again, but can be removed.
        """
        ...

    def follow(self, name: str) -> Iterator[bytes]:
        """Yield chunks of standard output from the very beginning until the container ends."""
        ...

    def output(self, name: str, *, limit: int) -> tuple[str, str]:
        """Answer the last `limit` bytes of standard output and standard error as text."""
        ...

    def transcript(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Yield what it wrote until now, as it came: 1 with standard output, 2 with errors."""
        ...

    def wait(self, name: str, *, timeout: float | None = None) -> Exit | None:
        """Wait for the end; None when `timeout` seconds passed or there is no such container.

        With 0 seconds it only looks.
        """
        ...

    def stop(self, name: str, *, grace: float) -> None:
        """Send SIGTERM and after `grace` seconds SIGKILL; fine when it is gone."""
        ...

    def remove(self, name: str) -> None:
        """Kill and remove it with its anonymous volumes; fine when it is gone."""
        ...

    def containers(self) -> tuple[ContainerState, ...]:
        """Answer all containers with this home's label, running or not."""
        ...


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where an attempt works on the host, and who owns it."""

    path: str
    git_dir: str
    git_file: str
    objects: tuple[str, ...]
    base: str
    uid: int
    gid: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What an attempt left: the branch's head after collecting, and what was found."""

    head: str
    diff: Diff
    ignored: tuple[str, ...] = ()
    agent_commits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A branch to be merged: exactly `head`, with that message, dated `at` or as what is below."""

    head: str
    message: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class MergedTip:
    """A commit built aside: nothing has moved yet."""

    sha: str
    tree: str


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What does not merge: the files, and of some of them both sides as git words them."""

    files: tuple[str, ...]
    sides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Merges built aside, each on top of the one before, up to the first that is in conflict.

    `merged` has one commit for each of the entries merged; `tip` is what would land for all of
    them, None where there is none. Between the old tip and this one no other commit stands on the
    target's first-parent line, but for squashed ones.
    """

    merged: tuple[MergedTip, ...]
    tip: MergedTip | None
    conflict: Conflict | None = None


@dataclass(frozen=True, kw_only=True)
class Added:
    """Added lines by path, with their numbers in the new file; `cut` are paths not read whole.

    `removed` are the lines taken away, by the path the file has now, or had where it is gone. Of a
    link the target is its only line. Both count against the limit.
    """

    lines: Mapping[str, tuple[tuple[int, str], ...]]
    cut: tuple[str, ...] = ()
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A throw-away clean tree of one SHA with a private git directory, for a check."""

    path: str
    git_dir: str
    git_file: str
    objects: tuple[str, ...]
    tree: str
    uid: int
    gid: int


@runtime_checkable
class Worktrees(Protocol):
    """Git, hardened: never discovers, never runs what a repository says.

    Every method raises WorkspaceError with what, where and what to do.
    """

    def validate(self, project: Project) -> str:
        """Answer the target's tip after claiming the repository for this home.

        Refuses what is no repository, empty, without the target, owned by somebody git cannot
        become, or claimed by another home.
        """
        ...

    def take_over(self, project: Project) -> None:
        """Claim the repository for this home, whoever had it: only when a human says so."""
        ...

    def tip(self, project: Project) -> str:
        """Answer the SHA of the target branch."""
        ...

    def head(self, project: Project, branch: str) -> str | None:
        """Answer the SHA of a branch, None when it does not exist."""
        ...

    def tree(self, project: Project, sha: str) -> str:
        """Answer the id of a commit's tree: equal trees hold the same files."""
        ...

    def has_file(self, project: Project, sha: str, path: str) -> bool:
        """Tell whether a file stands at that path of a SHA; a link or a folder is none."""
        ...

    def plain_files(
        self, project: Project, sha: str, path: str, *, longest: int, most: int
    ) -> Mapping[str, bytes]:
        """Answer the plain files at or below a path of a SHA, by path, each by its first bytes.

        At most `longest` bytes of each, and of the first `most` files; links are none.
        """
        ...

    def prepare(self, project: Project, attempt: str, *, branch: str, fresh: bool) -> Workspace:
        """Find or create the attempt's worktree, detached at the branch's head.

        The branch is made at the target's tip when it does not exist, or when `fresh` (its old
        head is then kept under `refs/fleet/kept/`).
        """
        ...

    def collect(
        self, project: Project, attempt: Attempt, *, message: str, skip: tuple[str, ...] = ()
    ) -> Collected:
        """Commit the worktree's files onto the branch, once, whatever happened before.

        `skip` names untracked paths that setup left. A second call finds the first one's
        commit. A missing worktree collects nothing. An attempt whose outcome is not finished
        also keeps ignored files under `refs/fleet/kept/<attempt>`.
        """
        ...

    def diff(self, project: Project, base: str, head: str) -> Diff:
        """Answer the files that differ between the merge base of the two and `head`."""
        ...

    def patch(self, project: Project, base: str, head: str, *, limit: int) -> str:
        """Answer the same as a unified diff, cut at `limit` characters."""
        ...

    def stat(self, project: Project, base: str, head: str) -> str:
        """Answer the same as git's diffstat."""
        ...

    def checkout(
        self, project: Project, sha: str, *, name: str, overlay: tuple[str, ...]
    ) -> Checkout:
        """Find or make the clean tree `name` of `sha`; `overlay` paths come from the target.

        An overlay path that does not stand in the target is removed from the tree.
        """
        ...

    def clean_tree(self, project: Project, sha: str, *, name: str, overlay: tuple[str, ...]) -> str:
        """Answer the id of the tree that `checkout` would make of it; nothing is left behind."""
        ...

    def drop_checkout(self, project: Project, name: str) -> None:
        """Delete a clean tree; fine when it is gone."""
        ...

    def drop_checkouts(self) -> None:
        """Delete the clean trees that killed checks left, while none runs; builds keep theirs."""
        ...

    def chained(self, project: Project, *, tip: str, entries: Sequence[Entry]) -> Chain:
        """Build the merges of all entries on top of `tip` aside, in the project's way.

        The same arguments give the same SHAs.
        """
        ...

    def reverted(
        self, project: Project, *, tip: str, merged: str, message: str, at: datetime
    ) -> MergedTip | Conflict:
        """Build aside the commit on top of `tip` that takes back what the merge `merged` brought.

        The same arguments give the same SHA.
        """
        ...

    def plant(self, project: Project, branch: str, *, sha: str) -> None:
        """Find or make a branch at that commit; raises WorkspaceError where it is elsewhere."""
        ...

    def synced(self, project: Project) -> str | None:
        """Bring the target up to what the project's remote holds; answer why it has to wait.

        Nothing to do where the project has no remote. Raises TransientError where the remote
        cannot be reached.
        """
        ...

    def pushed(self, project: Project, *, old: str, new: str) -> None:
        """Push `new` to the target of the project's remote, if the project has one.

        Fine where it stands there already. Raises StaleLeaseError when the remote is not at
        `old` any more, TransientError where it cannot be reached.
        """
        ...

    def check_out(self, project: Project, sha: str, *, folder: str) -> None:
        """Make a worktree of the user's own, detached at that commit, in a folder that is new."""
        ...

    def added(self, project: Project, base: str, head: str, *, limit: int) -> Added:
        """Answer the lines that `head` adds to what both share, at most `limit` bytes of them."""
        ...

    def paths(self, project: Project, sha: str) -> frozenset[str]:
        """Answer the paths of all that stands in a commit."""
        ...

    def commits_between(self, project: Project, base: str, tip: str) -> tuple[str, ...]:
        """Answer the commits that `tip` contains and `base` does not, children before parents."""
        ...

    def is_merged(self, project: Project, head: str) -> bool:
        """Tell whether the target contains `head` already."""
        ...

    def advance_target(self, project: Project, *, old: str, new: str) -> str | None:
        """Move the target from `old` to `new`; answer why it has to wait, None when it moved.

        A user's clean checkout of the target is brought along; a dirty or foreign one makes
        it wait. Raises StaleLeaseError when the target is no longer at `old`.
        """
        ...

    def target_blocked(self, project: Project) -> str | None:
        """Answer why merges into the target would have to wait now, None when they would not."""
        ...

    def remove(self, project: Project, attempt: str) -> None:
        """Remove the attempt's worktree and private git directory; fine when they are gone.

        Work in it that is in no commit is kept under `refs/fleet/kept/ATTEMPT` first; where that
        is not possible nothing is removed.
        """
        ...

    def keep(self, project: Project, sha: str, *, name: str) -> None:
        """Keep a commit under `refs/fleet/kept/NAME`; fine when it is kept already.

        Where the name keeps other work, that stays, and the commit is kept as `NAME-2`.
        """
        ...

    def keep_lost(self, project: Project, sha: str, *, branch: str, name: str) -> None:
        """Keep a commit as `keep` does where neither branch nor target holds it any more.

        Fine where git has collected it already.
        """
        ...

    def drop_branch(self, project: Project, branch: str, *, head: str, keep: str | None) -> None:
        """Delete a branch still at `head`; with `keep`, first keep it as `refs/fleet/kept/KEEP`."""
        ...


@runtime_checkable
class Packets(Protocol):
    """The files a container is given beside its worktree, in a folder of the attempt's own.

    A file's name may be a path below it.

    A shelf is what a task's containers of one agent may write and find again, attempt by attempt.
    """

    def write(self, attempt: str, files: Mapping[str, str], *, uid: int, gid: int) -> str:
        """Write the files whole, readable by uid and gid alone; answer the folder."""
        ...

    def drop(self, attempt: str) -> None:
        """Delete the folder; fine when it is gone."""
        ...

    def shelf(self, task: str, agent: str, *, uid: int, gid: int) -> str:
        """Find or make the shelf, for uid and gid alone; answer its folder."""
        ...

    def drop_shelves(self, task: str) -> None:
        """Delete all shelves of a task, whatever a container made of them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Egress:
    """The closed network of an attempt, and the URL of the proxy that is all it reaches."""

    network: str
    proxy: str


@runtime_checkable
class Networks(Protocol):
    """Networks of attempts that reach listed hosts and nothing else.

    Every method raises EngineDownError when the engine does not answer.
    """

    def examine(self) -> str:
        """Answer what keeps this host closed to attempts, "" where the user said it may be open.

        Raises FleetError where no attempt could be given egress, with what to do.
        """
        ...

    def open(self, attempt: str, allow: Sequence[Destination]) -> Egress:
        """Find or make the attempt's network and proxy; once it answers, the list is in force.

        Raises FleetError where the host cannot be closed to it, the proxy's image is missing or
        the proxy does not answer; TransientError while there is no free subnet.
        """
        ...

    def close(self, attempt: str) -> None:
        """Remove them after the attempt's container; fine when they are gone."""
        ...

    def sweep(self, attempts: Collection[str]) -> None:
        """Close those of all of this home's attempts but these."""
        ...


@runtime_checkable
class Secrets(Protocol):
    """Accounts' credentials: read where they are kept, shown to one container, deleted."""

    def check(self, account: Account) -> None:
        """Read the account's credential and forget it; raises CredentialError, saying what to do.

        What was read once is known to `redacted` from then on.
        """
        ...

    def write(self, attempt: str, account: Account, *, uid: int, gid: int) -> str:
        """Find or make the attempt's secret folder, readable by uid alone; answer it.

        It lies in memory, never on a disk, and appears whole. Raises CredentialError where the
        credential is missing or malformed, or where there is no such memory.
        """
        ...

    def drop(self, attempt: str) -> None:
        """Delete the folder; fine when it is gone."""
        ...

    def sweep(self, wanted: Collection[str]) -> None:
        """Delete every folder of this home but those of the attempts named."""
        ...

    def redacted(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer the same without any secret that was read, however deep it stands."""
        ...


@runtime_checkable
class Scanner(Protocol):
    """Finds secrets in what agents wrote, known ones and what looks like one, and licences."""

    def found(self, added: Added) -> tuple[Leak, ...]:
        """Answer where secrets stand in added lines, in bounded time, at most a hundred of them."""
        ...

    def licences(self, patterns: Sequence[str], heads: Mapping[str, str]) -> tuple[Licence, ...]:
        """Answer which heads of files, by path, match which of the user's patterns in any case.

        In bounded time: what could not be looked through is answered as such.
        """
        ...

    def clean(self, text: str, added: Added) -> str:
        """Answer a text with every secret of the added lines, and of the text, replaced."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Deterministic checks in a clean container; no model, no network, no credential."""

    def check(
        self, project: Project, *, attempt: str, sha: str, checks: Sequence[Check], overlay: bool
    ) -> tuple[Verdict, ...]:
        """Run checks at exactly the SHA; stops at the first that is not green.

        With `overlay` the project's check files come from the target's tip, else the SHA is
        checked as it is.

        Infrastructure trouble is a verdict with status error, never an exception, but for
        EngineDownError (the action is tried again).
        """
        ...


@runtime_checkable
class Brake(Protocol):
    """The file `STOP` of the home: any tool may make it, and everything is stopped."""

    def pulled(self) -> str:
        """Answer what stops everything, with the reason that the file gives; "" where none lies.

        Whatever has that name and whoever may read it: what cannot be looked at stops as well.
        """
        ...

    def pull(self) -> None:
        """Make it, empty; fine where something of that name lies. Raises FleetError."""
        ...

    def release(self) -> None:
        """Remove it; fine when it is gone. Raises FleetError where it cannot be removed."""
        ...


@runtime_checkable
class Supervisor(Protocol):
    """Whoever started fleet as a service and waits for its word; it may be nobody."""

    def ready(self) -> None:
        """Tell that the home is held and work goes on."""
        ...

    def alive(self) -> None:
        """Tell that the decider goes on; called often, told as often as it was asked for."""
        ...

    def stopping(self) -> None:
        """Tell that it ends."""
        ...


@runtime_checkable
class Scales(Protocol):
    """What an attempt takes of the host's disk."""

    def weigh(self, attempt: str, task: str) -> int:
        """Answer the bytes of all that its container may write on the host; 0 when it is gone.

        Takes seconds for a million files. Raises TooSlowError where it takes minutes, FleetError
        where it cannot be found out.
        """
        ...


@runtime_checkable
class Reports(Protocol):
    """Reports that are written by the clock, as files of the home."""

    def write(self, folder: str, name: str, text: str) -> None:
        """Find or create the file, whole, in that folder of the home; what stands there stays.

        Raises FleetError where it cannot be written, and for a folder with a link on its way: it
        could lead out of the home.
        """
        ...


@runtime_checkable
class Traces(Protocol):
    """Everything an attempt did, as JSON lines; secrets are redacted on the way in."""

    def write(self, attempt: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Append entries to the attempt's trace."""
        ...


@runtime_checkable
class Leftovers(Protocol):
    """One sort of what fleet makes in the world and may leave there; no link is ever followed.

    Both methods raise FleetError with what to do where it cannot be looked at or removed.
    """

    def found(self) -> Sequence[Leftover]:
        """Answer all there is now, whoever needs it."""
        ...

    def remove(self, leftover: Leftover) -> None:
        """Remove it unless it changed since it was found; fine when it is gone.

        Work that is in no commit is kept under `refs/fleet/kept/ATTEMPT` first.
        """
        ...
