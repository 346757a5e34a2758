"""The agent `qwen`: Qwen Code, headless, on any API that speaks OpenAI's chat completions.

The key stands in the environment of its processes, so its shell tools can read it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from fleet_agent.clis.calls import answered_in, called_in
from fleet_agent.clis.credentials import kind_among, one_line, variables
from fleet_agent.clis.hints import told_wait
from fleet_agent.clis.launch import PROMPT, fed
from fleet_agent.clis.lines import (
    LONGEST_SUMMARY,
    activity,
    count,
    mapping,
    mappings,
    milliseconds,
    object_of,
    read_by,
    text,
)
from fleet_agent.clis.model import (
    CATEGORIES,
    Ask,
    Cli,
    Denied,
    Failure,
    FailureKind,
    Finished,
    Heard,
    Invocation,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.reasons import failure, judge
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.packet import Argv

# Settings of the system win over those of the repository, which is untrusted.
_SETTINGS = ".qwen/fleet.json"
# Its own memory of the user: read into the system prompt, however long.
_MEMORY = ".qwen/QWEN.md"
_SESSIONS = ".qwen/projects"
# It tries again without a word on its output; only its log tells.
_LOG = ".qwen/debug/*.txt"
_ADDRESS = "https://api.openai.com/v1"

_TOOLS = {
    "edit": ("edit", "write_file", "notebook_edit"),
    "shell": ("run_shell_command", "monitor"),
    "web": ("web_fetch", "web_search"),
    "agents": ("agent", "send_message"),
}
_CATEGORIES = {tool: category for category, tools in _TOOLS.items() for tool in tools}
# what works beside the worktree, outlives the attempt or waits for a human
_REMOVED = ("enter_worktree", "exit_worktree", "cron_create", "loop_wakeup", "ask_user_question")

_NOT_GRANTED = re.compile(r'Qwen Code requires permission to use "([\w-]{1,100})", but ')
_LOGGED_ERROR = re.compile(rb"[\dT:.-]{23}Z \[ERROR\] \[OPENAI_ERROR\] (.{1,2000}?)(?: \{)?$")
_LOGGED_WAIT = re.compile(rb"[\dT:.-]{23}Z \[WARN\] \[RETRY\] (.{1,200} delay of (\d{1,12})ms)")
_TURNS_OVER = b"Reached max session turns"
_API_ERROR = "[API Error: "


def invocation(ask: Ask) -> Invocation:
    """Return how to start Qwen Code; raises BadSecretError."""
    kind = kind_among(ask.secrets, ("api_key",))
    key = {"OPENAI_API_KEY": one_line(ask.secrets, kind)} if kind else {}
    return Invocation(
        argv=fed(ask.home, _argv(ask)),
        environment={
            # always set: a file .env in the repository must not turn the key elsewhere
            "OPENAI_BASE_URL": _ADDRESS,
            **variables(ask.secrets),
            **({"OPENAI_BASE_URL": ask.packet.agent.base_url} if ask.packet.agent.base_url else {}),
            **key,
            "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(ask.home / _SETTINGS),
            "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
            "QWEN_CODE_DISABLE_CRON": "1",
            "QWEN_DEBUG_LOG_FILE": "1",
        },
        files={PROMPT: ask.prompt, _MEMORY: ask.system, _SETTINGS: _settings(ask)},
        tail=_LOG,
    )


def _argv(ask: Ask) -> Argv:
    limits, model = ask.packet.limits, ask.packet.agent.model
    argv = ["qwen", "--yolo", "--auth-type", "openai", "--output-format", "stream-json"]
    if model:
        argv += ["--model", model]
    if limits.turns is not None:
        argv += ["--max-session-turns", str(limits.turns)]
    if ask.session:
        argv += ["--resume", ask.session]
    return tuple(argv)


def _settings(ask: Ask) -> str:
    command, *rest = ask.mcp
    # declared at once: else the model has to search for them first
    server = {"command": command, "args": rest, "env": ask.reporting, "alwaysLoadTools": True}
    # silence is judged by the runner, and before this
    milliseconds = round(ask.packet.limits.quiet * 2 * 1000)
    calls = {"maxRetries": 0, "timeout": milliseconds, "streamIdleTimeoutMs": milliseconds}
    return json.dumps(
        {
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False},
            "context": {"fileName": ["QWEN.md", "AGENTS.md"]},
            "model": {"generationConfig": calls},
            "permissions": {"deny": _denied_tools(ask)},
            "mcpServers": {"fleet": server | {"trust": True}},
        }
    )


def _denied_tools(ask: Ask) -> list[str]:
    withheld = ask.withheld if ask.packet.agent.teams else ask.withheld | {"agents"}
    return [*_REMOVED, *(tool for name in sorted(withheld) for tool in _TOOLS.get(name, ()))]


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line of its output or of its log says."""
    told = object_of(line)
    if told is None:
        return _logged(line)
    return read_by(_READERS, told)


def overhear(line: bytes) -> tuple[Heard, ...]:
    """Return what a line of standard error says: that the turns are over, told there alone."""
    if not line.startswith(_TURNS_OVER):
        return ()
    return (Trouble(Failure(FailureKind.LIMIT, "all turns are used"), final=True),)


def _logged(line: bytes) -> tuple[Heard, ...]:
    """Return what a line of the log says; all its other lines are no work."""
    error = _LOGGED_ERROR.match(line)
    if error:
        words = error[1].decode("utf-8", errors="replace")
        cause = replace(failure(None, words), retry_after_seconds=told_wait(words))
        return (Trouble(cause, final=False),)
    wait = _LOGGED_WAIT.match(line)
    if wait:
        cause = failure(None, wait[1].decode("utf-8", errors="replace"))
        seconds = int(wait[2]) / 1000
        return (Trouble(replace(cause, retry_after_seconds=seconds), final=False),)
    return ()


def _system(told: Mapping[str, object]) -> tuple[Heard, ...]:
    name, session = text(told.get("subtype")), text(told.get("session_id"), LONGEST_SUMMARY)
    if name == "init" and session:
        return (Session(session), activity("output", "started"))
    if name == "retry":
        return (_retry(mapping(told.get("data")).get("delayMs")),)
    return (activity("output", name[:LONGEST_SUMMARY]),)


def _retry(delay: object) -> Trouble:
    seconds = milliseconds(delay)
    if seconds:
        message = f"the API refuses, and the CLI waits {seconds:g} s"
        return Trouble(Failure(FailureKind.OVERLOADED, message, seconds), final=False)
    message = "the API's answer cannot be used, and the CLI tries again"
    return Trouble(Failure(FailureKind.NETWORK, message), final=False)


def _assistant(told: Mapping[str, object]) -> tuple[Heard, ...]:
    message = mapping(told.get("message"))
    heard: list[Heard] = [*_spent(mapping(message.get("usage")))]
    # its own agents work at the same time: what they do is no row with what it does itself
    own = told.get("parent_tool_use_id") is None
    for block in mappings(message.get("content")):
        if block.get("type") == "tool_use":
            heard.append(activity("tool", text(block.get("name"), LONGEST_SUMMARY)))
            heard += [called_in(block)] if own else []
        words = text(block.get("text"))
        # an error of the API is told again by the result
        if words and not words.startswith(_API_ERROR):
            heard += [activity("message", words), Said(words)]
    return tuple(heard)


def _spent(used: Mapping[str, object]) -> tuple[Heard, ...]:
    """Count a call of the model; a message that shares one with another holds zeros."""
    usage = Usage(
        input_tokens=count(used.get("input_tokens")),
        cached_tokens=count(used.get("cache_read_input_tokens")),
        output_tokens=count(used.get("output_tokens")),
        turns=1,
    )
    called = usage.input_tokens or usage.output_tokens
    return (Spent(usage, Scope.STEP),) if called else ()


def _user(told: Mapping[str, object]) -> tuple[Heard, ...]:
    blocks = mappings(mapping(told.get("message")).get("content"))
    refused = [
        _NOT_GRANTED.match(text(block.get("content")))
        for block in blocks
        if block.get("is_error") is True
    ]
    answers = (answered_in(block) for block in blocks if block.get("type") == "tool_result")
    denied = (_denied(found[1]) for found in refused if found)
    return (activity("tool", "answered"), *answers, *denied)


def _denied(tool: str) -> Denied:
    return Denied(tool, _CATEGORIES.get(tool, "other"))


def _result(told: Mapping[str, object]) -> tuple[Heard, ...]:
    denials = mappings(told.get("permission_denials"))
    denied = [_denied(text(one.get("tool_name"), LONGEST_SUMMARY)) for one in denials]
    if told.get("is_error") is not False or told.get("subtype") != "success":
        words = text(mapping(told.get("error")).get("message")) or text(told.get("subtype"))
        return (
            *denied,
            Trouble(failure(None, words.removeprefix(_API_ERROR).removesuffix("]")), final=True),
        )
    words = text(told.get("result"))
    said = (Said(words), activity("message", words)) if words else ()
    return (*denied, *said, Finished())


_READERS: Mapping[str, Callable[[Mapping[str, object]], tuple[Heard, ...]]] = {
    "system": _system,
    "assistant": _assistant,
    "user": _user,
    "result": _result,
}

CLI = Cli(
    invocation=invocation,
    parse=parse,
    overhear=overhear,
    classify=judge,
    resumes=True,
    withholds=frozenset(CATEGORIES),
    version=("qwen", "--version"),
    kept=(_SESSIONS,),
)
