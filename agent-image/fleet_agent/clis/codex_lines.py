"""Understands the lines of `codex exec --json`, and those of its own record of the session."""

from collections.abc import Callable, Mapping

from fleet_agent.clis.calls import done
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
from fleet_agent.clis.model import Denied, Finished, Heard, Said, Session, Trouble
from fleet_agent.clis.reasons import failure
from fleet_agent.clis.usage import Scope, Spent, Usage

_CATEGORIES = {"command_execution": "shell", "file_change": "edit", "web_search": "web"}
# where a call's result stands
_RESULTS = {
    "command_execution": ("aggregated_output", "exit_code"),
    "mcp_tool_call": ("result", "error"),
}
_NO_STEPS = ("error", "todo_list")
_TELLING = ("command", "text", "query", "message", "tool")


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says; what it does not know is activity at most."""
    told = object_of(line)
    if told is None:
        return plain(line)
    if "payload" in told:
        return _recorded(told)
    return read_by(_READERS, told)


def _recorded(told: Mapping[str, object]) -> tuple[Heard, ...]:
    """Count a call to the model; the record holds the conversation too, which was told already."""
    payload = mapping(told.get("payload"))
    # its own agents have threads of their own: theirs is not the session's total
    own = payload.get("thread_id") == payload.get("session_id")
    if told.get("type") != "token_usage_record":
        return ()
    if not own:
        return (Spent(_usage(payload.get("usage")), Scope.STEP),)
    total = Spent(_usage(payload.get("thread_token_usage")), Scope.SESSION)
    return (Spent(Usage(turns=1), Scope.STEP), total)


def _thread(told: Mapping[str, object]) -> tuple[Heard, ...]:
    session = text(told.get("thread_id"), LONGEST_SUMMARY)
    return (Session(session), activity("output", "started")) if session else ()


def _item(told: Mapping[str, object]) -> tuple[Heard, ...]:
    item = mapping(told.get("item"))
    kind = text(item.get("type"), LONGEST_SUMMARY)
    if _refused(item):
        tool = text(item.get("tool"), LONGEST_SUMMARY) or kind
        return (Denied(tool, _CATEGORIES.get(kind, "other")),)
    if kind in ("agent_message", "reasoning"):
        words = text(item.get("text"))
        # a message is whole once it is completed; reasoning is not what it says
        said = kind == "agent_message" and told.get("type") == "item.completed" and words
        return (activity("message", words), *((Said(words),) if said else ()))
    # an item of type error is a warning
    shown = activity("output" if kind == "error" else "tool", f"{kind} {_about(item)}")
    return (shown, *(_step(item, kind) if told.get("type") == "item.completed" else ()))


def _step(item: Mapping[str, object], kind: str) -> tuple[Heard, ...]:
    """Return a call and its result, as far as the item tells both."""
    if kind in _NO_STEPS:
        return ()
    call = text(item.get("id"), LONGEST_SUMMARY)
    tool, result = text(item.get("tool"), LONGEST_SUMMARY) or kind, _RESULTS.get(kind)
    if result is None:
        # a patch is told without what is in it: it is like no other
        return done(call, tool, call, result=None)
    given = item.get("arguments") if kind == "mcp_tool_call" else {"command": item.get("command")}
    return done(call, tool, given, result=[item.get(key) for key in (*result, "status")])


def _about(item: Mapping[str, object]) -> str:
    paths = [text(one.get("path")) for one in mappings(item.get("changes"))]
    told = next((text(item[key]) for key in _TELLING if isinstance(item.get(key), str)), "")
    return ", ".join(paths) or told


def _refused(item: Mapping[str, object]) -> bool:
    reason = text(mapping(item.get("error")).get("message"))
    return item.get("status") == "declined" or "requires approval" in reason


def _completed(told: Mapping[str, object]) -> tuple[Heard, ...]:
    return (Spent(_usage(told.get("usage")), Scope.SESSION), Finished())


def _usage(value: object) -> Usage:
    used = mapping(value)
    return Usage(
        input_tokens=count(used.get("input_tokens")),
        cached_tokens=count(used.get("cached_input_tokens")),
        output_tokens=count(used.get("output_tokens")),
    )


def _error(told: Mapping[str, object]) -> tuple[Heard, ...]:
    # it tries again, or says it once more by turn.failed
    return (Trouble(failure(None, text(told.get("message"))), final=False),)


def _failed(told: Mapping[str, object]) -> tuple[Heard, ...]:
    return (Trouble(failure(None, text(mapping(told.get("error")).get("message"))), final=True),)


_READERS: Mapping[str, Callable[[Mapping[str, object]], tuple[Heard, ...]]] = {
    "thread.started": _thread,
    "item.started": _item,
    "item.updated": _item,
    "item.completed": _item,
    "turn.completed": _completed,
    "error": _error,
    "turn.failed": _failed,
}
