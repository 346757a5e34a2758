"""Reads what the coordinator mounted: secret, packet and context; refuses what is broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet_agent.fields import FieldError, Fields, fields_of
from fleet_agent.files import UnfitFileError, read_plain_file

Argv = tuple[str, ...]

_LARGEST_DOCUMENT = 8 * 1024 * 1024
_LARGEST_SECRET = 64 * 1024
_MOST_SECRETS = 16


class PacketError(Exception):
    """Packet, context or secret folder cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Limits:
    """How long and how much; times in seconds, money in micro-dollars.

    `quiet` is how long a CLI may say nothing at all.
    """

    attempt: float
    setup: float
    check: float
    grace: float
    heartbeat: float
    quiet: float
    turns: int | None
    cost_micros: int | None


@dataclass(frozen=True)
class AgentChoice:
    """Which agent to start, and with what.

    `base_url` is a gateway instead of the vendor's address; `teams` allows the CLI's own agents;
    `prices` are micro-dollars for a million tokens: new input, cached input, output.
    """

    name: str
    model: str | None
    command: Argv
    base_url: str | None = None
    teams: bool = False
    prices: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Packet:
    """The part of a TaskPacket that the runner reads, and the whole as it came."""

    whole: Mapping[str, object]
    task_id: str
    agent: AgentChoice
    setup: tuple[Argv, ...]
    check: Argv
    self_check_rounds: int
    needs_secret: bool
    limits: Limits


@dataclass(frozen=True)
class Context:
    """The part of a RunContext that the runner reads."""

    workspace: Path
    safe_mode: bool
    approved: frozenset[str] = frozenset()


def read_secrets(folder: Path) -> Mapping[str, str]:
    """Read every file of the secret folder; empty when there is no such folder.

    Raises PacketError when a file is too large, too many, no plain file or no text.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise PacketError(f"secret folder {folder}: {error.strerror}") from error
    if len(names) > _MOST_SECRETS:
        raise PacketError(f"secret folder {folder} holds more than {_MOST_SECRETS} files")
    return {name: _text(folder / name, _LARGEST_SECRET) for name in names}


def read_packet(path: Path) -> Packet:
    """Read and validate the packet; raises PacketError."""
    try:
        return _packet(fields_of(_bytes(path, _LARGEST_DOCUMENT), "packet"))
    except FieldError as error:
        raise PacketError(str(error)) from error


def read_context(path: Path) -> Context:
    """Read and validate the context; raises PacketError."""
    try:
        fields = fields_of(_bytes(path, _LARGEST_DOCUMENT), "context.json")
        workspace, approved = fields.text("workspace_root"), fields.texts("approved_categories")
        return Context(Path(workspace), fields.flag("safe_mode"), frozenset(approved))
    except FieldError as error:
        raise PacketError(str(error)) from error


def _packet(fields: Fields) -> Packet:
    for required in ("session_id", "trace_id", "goal"):
        fields.text(required)
    _refuse_odd_messages(fields)
    context = fields.within("context")
    return Packet(
        whole=fields.values,
        task_id=fields.text("task_id"),
        agent=_agent(context.within("agent")),
        setup=_setup(context),
        check=context.texts("check"),
        self_check_rounds=context.count("self_check_rounds") or 0,
        needs_secret=context.flag("needs_secret", default=False),
        limits=_limits(context.within("limits")),
    )


def _refuse_odd_messages(fields: Fields) -> None:
    messages = fields.values.get("messages", [])
    if not isinstance(messages, list) or not all(isinstance(item, dict) for item in messages):
        raise fields.refuse("messages", "a list of {role, content}")


def _agent(fields: Fields) -> AgentChoice:
    return AgentChoice(
        name=fields.text("name"),
        model=fields.optional_text("model"),
        command=fields.texts("command"),
        base_url=fields.optional_text("base_url"),
        teams=fields.flag("teams", default=False),
        prices=_prices(fields.within("price")),
    )


def _prices(fields: Fields) -> tuple[int, int, int] | None:
    if not fields.values:
        return None
    fresh, cached, output = (
        round((fields.number(key) or 0) * 1_000_000) for key in ("input", "cached_input", "output")
    )
    return fresh, cached, output


def _setup(context: Fields) -> tuple[Argv, ...]:
    commands = context.values.get("setup") or []
    if not isinstance(commands, list):
        raise context.refuse("setup", "a list of commands")
    return tuple(_setup_command(command, context) for command in commands)


def _setup_command(command: object, context: Fields) -> Argv:
    if isinstance(command, str) and command.strip():
        return ("sh", "-c", command)
    if isinstance(command, list) and command and all(isinstance(part, str) for part in command):
        return tuple(command)
    raise context.refuse("setup", "a list of commands, each a list of texts or a text")


def _limits(fields: Fields) -> Limits:
    cost = fields.number("max_cost_usd")
    return Limits(
        attempt=_seconds(fields, "attempt_timeout_seconds", 3600),
        setup=_seconds(fields, "setup_timeout_seconds", 600),
        check=_seconds(fields, "check_timeout_seconds", 600),
        grace=_seconds(fields, "stop_grace_seconds", 5),
        heartbeat=_seconds(fields, "heartbeat_seconds", 10),
        quiet=_seconds(fields, "quiet_seconds", 600),
        turns=fields.count("max_turns", low=1),
        cost_micros=None if cost is None else round(cost * 1_000_000),
    )


def _seconds(fields: Fields, key: str, default: float) -> float:
    value = fields.number(key)
    seconds = default if value is None else value
    if not seconds and key != "stop_grace_seconds":
        raise fields.refuse(key, "more than 0 seconds")
    return seconds


def _text(path: Path, limit: int) -> str:
    try:
        return _bytes(path, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise PacketError(f"{path} is not UTF-8") from error


def _bytes(path: Path, limit: int) -> bytes:
    try:
        return read_plain_file(path, limit)
    except UnfitFileError as error:
        raise PacketError(f"{path} {error}") from error
    except OSError as error:
        raise PacketError(f"{path} cannot be read: {error.strerror}") from error
