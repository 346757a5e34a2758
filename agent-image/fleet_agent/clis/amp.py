"""The agent `amp`: Amp, whose model, prices and threads lie with its own server.

No address but that of its server can be given. The key stands in the environment of its processes.
"""

import json
from collections.abc import Callable, Mapping

from fleet_agent.clis.calls import answered_in, called_in
from fleet_agent.clis.credentials import kind_among, one_line, variables
from fleet_agent.clis.launch import PROMPT, fed
from fleet_agent.clis.lines import (
    LONGEST_SUMMARY,
    activity,
    count,
    mapping,
    mappings,
    object_of,
    plain,
    read_by,
    text,
)
from fleet_agent.clis.model import (
    Ask,
    BadSecretError,
    Cli,
    Denied,
    Finished,
    Heard,
    Invocation,
    Said,
    Trouble,
)
from fleet_agent.clis.reasons import failure, judge
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.packet import Argv

_SETTINGS = ".fleet/amp.json"
_MCP = ".fleet/mcp.json"
_ASKED = "Do what standard input says."


def invocation(ask: Ask) -> Invocation:
    """Return how to start Amp; raises BadSecretError, for without a key it waits for a login."""
    kind = kind_among(ask.secrets, ("api_key",))
    if kind is None:
        raise BadSecretError("agent amp needs a credential of kind api_key")
    address = {"AMP_URL": ask.packet.agent.base_url} if ask.packet.agent.base_url else {}
    return Invocation(
        argv=fed(ask.home, _argv(ask)),
        environment={
            **variables(ask.secrets),
            **address,
            "AMP_API_KEY": one_line(ask.secrets, kind),
            "AMP_SETTINGS_FILE": str(ask.home / _SETTINGS),
            "AMP_SKIP_UPDATE_CHECK": "1",
        },
        files=_files(ask),
    )


def _argv(ask: Ask) -> Argv:
    argv = ["amp", "-x", _ASKED, "--stream-json", "--dangerously-allow-all"]
    argv += ["--settings-file", str(ask.home / _SETTINGS)]
    argv += ["--mcp-config", str(ask.home / _MCP)]
    # low, medium, high or ultra: the server chooses the model
    argv += ["-m", ask.packet.agent.model] if ask.packet.agent.model else []
    return tuple(argv)


def _files(ask: Ask) -> dict[str, str]:
    command, *rest = ask.mcp
    server = {"command": command, "args": rest, "env": ask.reporting}
    settings = {"amp.dangerouslyAllowAll": True, "amp.updates.mode": "disabled"}
    return {
        PROMPT: f"{ask.system}\n\n{ask.prompt}",
        _SETTINGS: json.dumps(settings),
        _MCP: json.dumps({"fleet": server}),
    }


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says; what it does not know is activity at most."""
    told = object_of(line)
    if told is None:
        return plain(line)
    return read_by(_READERS, told)


def _assistant(told: Mapping[str, object]) -> tuple[Heard, ...]:
    message = mapping(told.get("message"))
    heard: list[Heard] = [Spent(_usage(mapping(message.get("usage"))), Scope.STEP)]
    for block in mappings(message.get("content")):
        if block.get("type") == "tool_use":
            heard.append(activity("tool", text(block.get("name"), LONGEST_SUMMARY)))
            heard += [called_in(block)] if told.get("parent_tool_use_id") is None else []
        words = text(block.get("text"))
        if words:
            heard += [activity("message", words), Said(words)]
    return tuple(heard)


def _user(told: Mapping[str, object]) -> tuple[Heard, ...]:
    blocks = mappings(mapping(told.get("message")).get("content"))
    answers = (answered_in(block) for block in blocks if block.get("type") == "tool_result")
    return (activity("output", "user"), *answers)


def _usage(used: Mapping[str, object]) -> Usage:
    cached = count(used.get("cache_read_input_tokens"))
    fresh = count(used.get("input_tokens")) + count(used.get("cache_creation_input_tokens"))
    return Usage(fresh + cached, cached, count(used.get("output_tokens")), turns=1)


def _result(told: Mapping[str, object]) -> tuple[Heard, ...]:
    denials = told.get("permission_denials")
    names = [text(one, LONGEST_SUMMARY) for one in denials] if isinstance(denials, list) else []
    denied = [Denied(name or "a tool", "other") for name in names]
    words = text(told.get("result"))
    if told.get("is_error") is not False or told.get("subtype") != "success":
        error = text(told.get("error")) or words or text(told.get("subtype"))
        return (*denied, Trouble(failure(None, error or "no reason told"), final=True))
    return (*denied, *((Said(words),) if words else ()), Finished())


_READERS: Mapping[str, Callable[[Mapping[str, object]], tuple[Heard, ...]]] = {
    "assistant": _assistant,
    "user": _user,
    "result": _result,
}

CLI = Cli(invocation=invocation, parse=parse, classify=judge, version=("amp", "--version"))
