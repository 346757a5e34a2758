"""What a CLI's module is given and what it answers: values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from fleet_agent.clis.usage import Spent, Usage
from fleet_agent.packet import Argv, Packet


class FailureKind(StrEnum):
    """Why an attempt failed; CONTRACT.md says when each is used."""

    PACKET = "packet"
    ISOLATION = "isolation"
    AUTH = "auth"
    SETUP = "setup"
    AGENT_MISSING = "agent_missing"
    CRASH = "crash"
    SELF_CHECK = "self_check"
    LIMIT = "limit"
    BUDGET = "budget"
    LOOP = "loop"
    TIMEOUT = "timeout"
    OOM = "oom"
    STOPPED = "stopped"
    APPROVAL_REQUIRED = "approval_required"
    REFUSED_TOOLS = "refused_tools"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    OVERLOADED = "overloaded"
    BILLING = "billing"
    NETWORK = "network"
    CONTEXT_TOO_LONG = "context_too_long"
    MODEL_NOT_FOUND = "model_not_found"
    HANG = "hang"
    INTERNAL = "internal"


class BadSecretError(Exception):
    """A credential cannot be used; the message says which and why, never what it holds."""


@dataclass(frozen=True)
class Failure:
    """Why the agent failed, in one line, and when another try may help (seconds)."""

    kind: FailureKind
    message: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Activity:
    """The CLI did something; `kind` is message, tool or output."""

    kind: str
    summary: str


@dataclass(frozen=True)
class Session:
    """The CLI told by which id its session can be continued."""

    id: str


@dataclass(frozen=True)
class Said:
    """What the model said; the last of it becomes the summary.

    A `part` goes on with the part before it, where nothing else came between.
    """

    text: str
    part: bool = False


@dataclass(frozen=True)
class Finished:
    """The CLI's own word that its work came to its regular end."""


@dataclass(frozen=True)
class Trouble:
    """Something failed. Not `final`: the CLI says that it tries again by itself."""

    failure: Failure
    final: bool


@dataclass(frozen=True)
class Denied:
    """A tool was refused to the model; `category` is one of CATEGORIES, or other."""

    tool: str
    category: str


@dataclass(frozen=True)
class Idle:
    """A step in which the model did nothing at all; a few in a row are a loop."""


@dataclass(frozen=True)
class Called:
    """The model called a tool; equal digests are equal arguments.

    `waits` says that the call is there to let time pass.
    """

    id: str
    tool: str
    digest: str
    waits: bool = False


@dataclass(frozen=True)
class Answered:
    """What the call of that id came to; equal digests are equal results."""

    id: str
    digest: str


Heard = Activity | Session | Said | Spent | Finished | Trouble | Denied | Idle | Called | Answered

# what safe mode can hold back; reading is always allowed
CATEGORIES = ("edit", "shell", "web", "agents")


@dataclass(frozen=True)
class RoundPlaces:
    """Where the agent finds the packet of its round and may leave its result and reports."""

    packet: Path
    result: Path
    socket: Path


@dataclass(frozen=True)
class Ask:
    """What one start of a CLI is for.

    `system` goes beside the CLI's own system prompt; `session` is continued where it is given,
    and `prompt` then says only what is new. `secrets` are the credential's files by name: the
    kind of the credential (`api_key`, `oauth_token`, `auth_file`, `bedrock`, `vertex`, `foundry`)
    and `environment`. `withheld` are the categories whose tools are held back. `mcp` starts the
    runner's MCP server on its standard input and output. `home` is the CLI's, empty at first and
    in memory. `skills` are texts of files that people reviewed, by their path in the folder of
    skills.
    """

    packet: Packet
    prompt: str
    system: str
    session: str | None
    places: RoundPlaces
    home: Path
    secrets: Mapping[str, str]
    withheld: frozenset[str]
    mcp: Argv
    skills: Mapping[str, str] = field(default_factory=dict)

    @property
    def reporting(self) -> dict[str, str]:
        """Return the variables by which `mcp` and `fleet-agent report` find the runner.

        The CLI has them already; one that gives its MCP servers a bare environment passes them on.
        """
        return {"FLEET_PACKET": str(self.places.packet), "FLEET_SOCKET": str(self.places.socket)}


@dataclass(frozen=True)
class Invocation:
    """How to start the CLI: argv and what is added to the environment.

    `files` are written below the home before it starts, readable by their owner alone. `tail` is
    a pattern below the home: lines appended to a file that matches are parsed like output.
    `document` is a file below the home that it writes anew while it works: each time all of it
    is read.
    """

    argv: Argv
    environment: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    tail: str | None = None
    document: str | None = None


@dataclass(frozen=True)
class Told:
    """What the agent left in its result file; its word only, and notes on what was ignored."""

    summary: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None
    notes: tuple[str, ...] = ()


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class End:
    """How the CLI ended: exit code (negative for a signal), tails of its output, its own word.

    `heard` is what its lines said, without activity and calls, oldest first; `at` is UTC.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    told: Told
    heard: tuple[Heard, ...] = ()
    at: datetime = _LONG_AGO


class Meter(StrEnum):
    """When a CLI tells what it used: while it works, or only at its end."""

    LIVE = "live"
    END = "end"


def nothing_heard(_line: bytes) -> tuple[Heard, ...]:
    """Return nothing: the stream says nothing that counts."""
    return ()


@dataclass(frozen=True)
class Cli:
    """One entry of the registry: pure functions and what the CLI is able to do.

    `parse` takes a line of standard output, of the tailed file too, `overhear` one of standard
    error, `read` the whole document as it stands. `withholds` are the categories it can hold back
    by a setting of its own, `resumes` whether a session can be continued, `version` is the argv
    that prints its version, `kept` are the paths below the home that a later start needs to
    continue a session. `leaves_result` says that the agent may write FLEET_RESULT and is believed.
    `skills` is the folder below the home where it looks for skills; None: it is told of them.
    """

    invocation: Callable[[Ask], Invocation]
    parse: Callable[[bytes], tuple[Heard, ...]]
    classify: Callable[[End], Failure | None]
    overhear: Callable[[bytes], tuple[Heard, ...]] = nothing_heard
    read: Callable[[bytes], tuple[Heard, ...]] = nothing_heard
    meter: Meter = Meter.END
    resumes: bool = False
    withholds: frozenset[str] = frozenset()
    version: Argv = ()
    kept: tuple[str, ...] = ()
    leaves_result: bool = False
    skills: str | None = None
