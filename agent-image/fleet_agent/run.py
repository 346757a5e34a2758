"""`fleet-agent run`: one attempt from packet to result, as PID 1 of its container."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from fleet_agent.attempt import Attempt
from fleet_agent.clis import REGISTRY
from fleet_agent.clis.model import CATEGORIES, Cli, Failure, FailureKind
from fleet_agent.conduct import Conductor
from fleet_agent.effort import Effort
from fleet_agent.findings import AttemptFailedError, Findings
from fleet_agent.hearing import Feed
from fleet_agent.meters import best_meter
from fleet_agent.packet import (
    Context,
    Packet,
    PacketError,
    read_context,
    read_packet,
    read_secrets,
)
from fleet_agent.preparation import prepare
from fleet_agent.processes import end_all_others
from fleet_agent.pulse import Pulse
from fleet_agent.rounds import work
from fleet_agent.signals import Signals
from fleet_agent.skills import read_skills
from fleet_agent.state import Shelf
from fleet_agent.system import (
    IsolationError,
    adopt_orphans,
    become_unreadable,
    is_init,
    take_standard_output,
)
from fleet_agent.versions import installed
from fleet_agent.wire import Wire

_CONTAINER_ROOT = Path("/fleet")


@dataclass(frozen=True)
class Places:
    """Where the runner looks; None means as in a container (`/fleet`, the context's workspace)."""

    root: Path | None
    workspace: Path | None


def run(places: Places) -> int:
    """Carry out the attempt and return the exit code; a `result` line is always written."""
    began = time.monotonic()
    refusal = _set_apart(in_container=places.root is None)
    signals = Signals()
    wire = Wire(take_standard_output())
    with _Conclusion(wire, began) as conclusion:
        if refusal:
            raise AttemptFailedError(FailureKind.ISOLATION, refusal)
        _carry_out(places, conclusion, signals)
    return conclusion.exit_code


class _Conclusion:
    """Writes the `result`, whatever happened: without it nobody would know why."""

    def __init__(self, wire: Wire, began: float) -> None:
        self.wire = wire
        self.began = began
        self.findings = Findings()
        self.pulse: Pulse | None = None
        self.exit_code = 3

    def __enter__(self) -> "_Conclusion":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        if self.pulse:
            self.pulse.stop()
        failure = _failure(error)
        seconds = time.monotonic() - self.began
        self.wire.close("result", self.findings.result(failure, seconds=seconds))
        self.exit_code = _exit_code(failure)
        end_all_others()
        return True


def _failure(error: BaseException | None) -> Failure | None:
    if error is None:
        return None
    if isinstance(error, AttemptFailedError):
        return error.failure
    if isinstance(error, PacketError):
        return Failure(FailureKind.PACKET, str(error))
    # nearly never needed, and every attempt would wait for it
    import traceback

    trace = "".join(traceback.format_exception(error)[-3:])
    return Failure(FailureKind.INTERNAL, f"a fault of the runner: {trace}")


def _exit_code(failure: Failure | None) -> int:
    if failure is None:
        return 0
    return 3 if failure.kind is FailureKind.INTERNAL else 1


def _set_apart(*, in_container: bool) -> str | None:
    """Close the runner to the agent before anything is read; return why that cannot be."""
    try:
        become_unreadable()
        if not is_init():
            adopt_orphans()
    except IsolationError as error:
        return str(error)
    if in_container and not is_init():
        return "the runner must be PID 1: start the container without an init, or use --root"
    return None


def _carry_out(places: Places, conclusion: _Conclusion, signals: Signals) -> None:
    root = places.root or _CONTAINER_ROOT
    attempt = _begun(root, places, conclusion=conclusion, signals=signals)
    prepare(attempt, secret=root / "secret")
    work(attempt)
    attempt.pulse.phase = "ending"
    attempt.refuse_if_stopped()


def _begun(root: Path, places: Places, *, conclusion: _Conclusion, signals: Signals) -> Attempt:
    """Read all that was mounted, the secret first; say `started` and begin to beat."""
    secrets = read_secrets(root / "secret")
    packet = read_packet(root / "packet.json")
    conclusion.findings.task_id = packet.task_id
    context = read_context(root / "context.json")
    if packet.needs_secret and not secrets:
        raise AttemptFailedError(FailureKind.AUTH, f"no credential in {root / 'secret'}")
    workspace = _workspace(places, context)
    withheld = frozenset(CATEGORIES) - context.approved if context.safe_mode else frozenset()
    cli = _cli(packet, withheld)
    _start(conclusion.wire, packet, installed(cli))
    beat = packet.limits.heartbeat
    conclusion.pulse = Pulse(conclusion.wire, Effort(workspace, best_meter()), every=beat)
    return Attempt(
        packet=packet,
        cli=cli,
        secrets=secrets,
        withheld=withheld,
        shelf=Shelf(root / "state", packet.agent.name, cli.kept),
        workspace=workspace,
        deadline=conclusion.began + packet.limits.attempt,
        conductor=Conductor(signals, grace=packet.limits.grace),
        wire=conclusion.wire,
        pulse=conclusion.pulse,
        feed=Feed(conclusion.wire, conclusion.pulse),
        findings=conclusion.findings,
        skills=read_skills(root / "skills"),
    )


def _workspace(places: Places, context: Context) -> Path:
    workspace = (places.workspace or context.workspace).absolute()
    if not workspace.is_dir():
        raise PacketError(f"workspace {workspace} is no folder")
    return workspace


def _cli(packet: Packet, withheld: frozenset[str]) -> Cli:
    name = packet.agent.name
    cli = REGISTRY.get(name)
    if cli is None:
        known = ", ".join(REGISTRY)
        message = f"agent {name!r} is not known to this image (known: {known})"
        raise AttemptFailedError(FailureKind.AGENT_MISSING, message)
    if name == "command" and not packet.agent.command:
        raise PacketError("packet.context.agent.command must be a list of texts")
    beyond = sorted(withheld - cli.withholds)
    if beyond:
        message = f"safe mode is on and the agent {name!r} cannot hold back: {', '.join(beyond)}"
        raise AttemptFailedError(FailureKind.REFUSED_TOOLS, message)
    return cli


def _start(wire: Wire, packet: Packet, version: str | None) -> None:
    agent = packet.agent
    wire.emit("started", {"agent": agent.name, "cli_version": version, "model": agent.model})
