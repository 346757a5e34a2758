"""Understands the lines of `gemini --output-format stream-json` and what it says beside them."""

import re
from collections.abc import Callable, Mapping

from fleet_agent.clis.calls import answered, called
from fleet_agent.clis.hints import told_wait
from fleet_agent.clis.lines import (
    LONGEST_SUMMARY,
    activity,
    count,
    mapping,
    object_of,
    plain,
    read_by,
    text,
)
from fleet_agent.clis.model import (
    Denied,
    End,
    Failure,
    FailureKind,
    Finished,
    Heard,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.reasons import failure, judge
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.text import last_line

DENIABLE = {
    "edit": ("replace", "write_file"),
    "shell": ("run_shell_command",),
    "web": ("web_fetch", "google_web_search"),
    "agents": ("invoke_agent",),
}
_CATEGORIES = {tool: category for category, tools in DENIABLE.items() for tool in tools}
_TELLING = ("command", "file_path", "dir_path", "path", "pattern", "url", "query", "message")
# what a call of a tool that is held back ends with
_REFUSALS = ("tool_not_registered", "policy_violation")

_TURNS_OVER = "FatalTurnLimitedError"
_LOOP = "Loop detected"
# It adds its own advice after the vendor's words, with quotas in it whatever was wrong.
_VENDOR = re.compile(r"\[API Error: (.{1,8000})\]", re.DOTALL)
_STATUS = re.compile(r'"code":\s*(\d{3})\b')
_INNER = re.compile(r'"message":\s*"((?:[^"\\]|\\.){1,2000})"')
_RETRIED = re.compile(
    rb"Attempt \d{1,4} failed(?: with (?:status )?(?P<status>\d{3}))?"
    rb"(?:[^:.]{0,80})?[.:] (?P<words>.{1,4000})"
)
_BACKOFF = re.compile(rb"Retrying (?:after (\d{1,12})ms|with backoff)\W{0,8}")
# the last of several lines, the first of which did not say how long it waits
_ADVISED = re.compile(rb"Suggested retry after \d")

# Without a result on its output only these tell why it ended.
_EXITS = {
    41: FailureKind.AUTH,
    53: FailureKind.LIMIT,
}
_LONGEST_REASON = 300
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,20}m")


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says; what it does not know is activity at most."""
    told = object_of(line)
    if told is None:
        return plain(line)
    return read_by(_READERS, told)


def overhear(line: bytes) -> tuple[Heard, ...]:
    """Return what a line of standard error says: that a call failed and will be tried again."""
    found, wait = _RETRIED.match(line), _BACKOFF.search(line)
    seconds = int(wait[1]) / 1000 if wait and wait[1] else None
    if found is None:
        advised = seconds is not None and _ADVISED.match(line)
        message = "the API's rate limit is reached"
        again = Failure(FailureKind.RATE_LIMIT, message, seconds)
        return (Trouble(again, final=False),) if advised else ()
    status = found["status"]
    words = _BACKOFF.sub(b"", found["words"]).decode("utf-8", errors="replace").strip()
    told = _told(int(status) if status else None, words or "a call to the model failed")
    return (Trouble(Failure(_retried(told.kind), told.message, seconds), final=False),)


def classify(end: End) -> Failure | None:
    """Return why a start of Gemini CLI failed, or None when it succeeded."""
    told = judge(end)
    if told and told.kind is FailureKind.CRASH and end.exit_code in _EXITS:
        said = last_line(_COLOUR.sub(b"", end.stderr), _LONGEST_REASON) or told.message
        return Failure(_EXITS[end.exit_code], said, told.retry_after_seconds)
    if told and told.kind is FailureKind.QUOTA and _was_retried(end):
        return Failure(FailureKind.RATE_LIMIT, told.message, told.retry_after_seconds)
    return told


def _was_retried(end: End) -> bool:
    return any(
        isinstance(heard, Trouble) and heard.failure.kind is FailureKind.RATE_LIMIT
        for heard in end.heard
    )


def _init(told: Mapping[str, object]) -> tuple[Heard, ...]:
    session = text(told.get("session_id"), LONGEST_SUMMARY)
    return (Session(session), activity("output", "started")) if session else ()


def _message(told: Mapping[str, object]) -> tuple[Heard, ...]:
    words = text(told.get("content"))
    if told.get("role") != "assistant" or not words:
        return ()
    # they come as the model streams them, a few words a line
    return (activity("message", words), Said(words, part=told.get("delta") is True))


def _tool_use(told: Mapping[str, object]) -> tuple[Heard, ...]:
    given = mapping(told.get("parameters"))
    detail = next((text(given[key]) for key in _TELLING if isinstance(given.get(key), str)), "")
    call, tool = (text(told.get(key), LONGEST_SUMMARY) for key in ("tool_id", "tool_name"))
    return (activity("tool", f"{tool} {detail}"), called(call, tool, given))


def _tool_result(told: Mapping[str, object]) -> tuple[Heard, ...]:
    # the tool is named in the id of its call alone
    call = text(told.get("tool_id"), LONGEST_SUMMARY)
    tool = call.partition("__")[0]
    refused = mapping(told.get("error")).get("type") in _REFUSALS
    if refused and tool in _CATEGORIES:
        return (Denied(tool, _CATEGORIES[tool]),)
    shown = activity("output", f"{tool} {text(told.get('status'), LONGEST_SUMMARY)}")
    return (shown, answered(call, [told.get(key) for key in ("status", "output", "error")]))


def _error(told: Mapping[str, object]) -> tuple[Heard, ...]:
    message = text(told.get("message"))
    if _LOOP in message:
        # it ends then as if all were well
        return (Trouble(Failure(FailureKind.LOOP, message), final=True),)
    if told.get("severity") == "error":
        return (Trouble(_told(None, message), final=True),)
    return (activity("output", message),)


def _result(told: Mapping[str, object]) -> tuple[Heard, ...]:
    used = _used(mapping(told.get("stats")))
    spent = (Spent(used, Scope.START),) if used.turns else ()
    if told.get("status") == "success":
        return (*spent, Finished())
    # without one it has told of its error in a line of its own
    error = mapping(told.get("error"))
    return (*spent, Trouble(_failure(error), final=True)) if error else spent


def _used(stats: Mapping[str, object]) -> Usage:
    put, total = count(stats.get("input_tokens")), count(stats.get("total_tokens"))
    return Usage(
        input_tokens=put,
        cached_tokens=count(stats.get("cached")),
        # what it thought is in the total alone
        output_tokens=max(count(stats.get("output_tokens")), total - put),
        # it does not count them: one for each call of a tool, and the last
        turns=count(stats.get("tool_calls")) + 1 if total else 0,
    )


def _failure(error: Mapping[str, object]) -> Failure:
    message = text(error.get("message"))
    if error.get("type") == _TURNS_OVER:
        return Failure(FailureKind.LIMIT, message)
    return _told(None, message)


def _retried(kind: FailureKind) -> FailureKind:
    # Its vendor says quota of a minute's limit too. The CLI knows, and tries only that again.
    return FailureKind.RATE_LIMIT if kind is FailureKind.QUOTA else kind


def _told(status: int | None, message: str) -> Failure:
    """Return the typed failure of what the vendor said, whose JSON may stand in the message."""
    vendor = _VENDOR.search(message)
    words = vendor[1] if vendor else message
    code, inner = _STATUS.search(words), _INNER.search(words)
    kind = failure(int(code[1]) if code else status, words).kind
    # its details say when to come again, and are not in the words for people
    wait = told_wait(words)
    return Failure(kind, failure(None, inner[1] if inner else words).message, wait)


_READERS: Mapping[str, Callable[[Mapping[str, object]], tuple[Heard, ...]]] = {
    "init": _init,
    "message": _message,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "error": _error,
    "result": _result,
}
