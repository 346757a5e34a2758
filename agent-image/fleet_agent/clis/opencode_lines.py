"""Understands the lines of `opencode run --format json` and of its logs, its forks' too."""

import re
from collections.abc import Callable, Mapping

from fleet_agent.clis.calls import done
from fleet_agent.clis.lines import (
    LONGEST_SUMMARY,
    activity,
    count,
    dollars,
    mapping,
    object_of,
    plain,
    read_by,
    text,
)
from fleet_agent.clis.model import (
    Denied,
    Failure,
    FailureKind,
    Finished,
    Heard,
    Idle,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.reasons import failure, kind_of
from fleet_agent.clis.usage import Scope, Spent, Usage

_CATEGORIES = {
    "edit": "edit",
    "write": "edit",
    "patch": "edit",
    "apply_patch": "edit",
    "multiedit": "edit",
    "bash": "shell",
    "background_process": "shell",
    "webfetch": "web",
    "websearch": "web",
    "task": "agents",
    "board_post": "agents",
    "board_read": "agents",
}
_TELLING = ("command", "filePath", "path", "pattern", "url", "query", "description", "message")
# A tool that is held back is not offered; a model that calls it all the same is told so.
_NOT_OFFERED = re.compile(r"Model tried to call unavailable tool '([\w-]{1,100})'")
_NOT_GRANTED = re.compile(r"rejected permission to use|rule which prevents you from using")

_BY_NAME = {
    "ContextOverflowError": FailureKind.CONTEXT_TOO_LONG,
    "MessageOutputLengthError": FailureKind.LIMIT,
    "ProviderAuthError": FailureKind.AUTH,
    "ProviderModelNotFoundError": FailureKind.MODEL_NOT_FOUND,
}

# Its own words for a call that failed and is tried again; nothing of it is on standard output.
# `small` are its own errands, which nothing waits for.
_RETRIED = re.compile(
    rb'level=ERROR .{0,200}message="stream error" .{0,400}\bsmall=false .{0,400}'
    rb'error\.error="(?:(\w{1,80}): )?(.{1,4000})"'
)

# it is looked for at every place of a line: the longer one is, the longer that takes
_LONGEST_LOGGED = 8192

_OF_THE_API = b"AI_APICallError"


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says; what it does not know is activity at most."""
    told = object_of(line)
    if told is None:
        return plain(line)
    return read_by(_READERS, told)


def overhear(line: bytes) -> tuple[Heard, ...]:
    """Return what a line of the log says: that a call failed and will be tried again."""
    found = _RETRIED.search(line[:_LONGEST_LOGGED])
    if found is None:
        return ()
    told = failure(None, found[2].decode("utf-8", errors="replace"))
    if told.kind is FailureKind.CRASH and found[1] == _OF_THE_API:
        # the log leaves the status out; what says nothing else and is tried again is the server's
        told = Failure(FailureKind.OVERLOADED, told.message)
    return (Trouble(told, final=False),)


def _step_start(_told: Mapping[str, object]) -> tuple[Heard, ...]:
    # nothing yet: of a loop of steps without any work these are half
    return ()


def _step_finish(told: Mapping[str, object]) -> tuple[Heard, ...]:
    part = mapping(told.get("part"))
    used, reason = _used(part), part.get("reason")
    if reason == "unknown" and used.input_tokens + used.output_tokens == 0:
        return (Idle(),)
    closing = (Finished(),) if reason == "stop" else ()
    return (*_session(told), Spent(used, Scope.STEP), *closing)


def _used(part: Mapping[str, object]) -> Usage:
    tokens = mapping(part.get("tokens"))
    cache = mapping(tokens.get("cache"))
    cached = count(cache.get("read"))
    return Usage(
        input_tokens=count(tokens.get("input")) + cached + count(cache.get("write")),
        cached_tokens=cached,
        output_tokens=count(tokens.get("output")) + count(tokens.get("reasoning")),
        turns=1,
        # of a model without a price it says that it cost nothing
        cost_micros=dollars(part.get("cost")) or None,
    )


def _session(told: Mapping[str, object]) -> tuple[Heard, ...]:
    session = text(told.get("sessionID"), LONGEST_SUMMARY)
    return (Session(session),) if session else ()


def _text(told: Mapping[str, object]) -> tuple[Heard, ...]:
    words = text(mapping(told.get("part")).get("text"))
    return (activity("message", words), Said(words)) if words else ()


def _tool_use(told: Mapping[str, object]) -> tuple[Heard, ...]:
    part = mapping(told.get("part"))
    state = mapping(part.get("state"))
    tool, given = text(part.get("tool"), LONGEST_SUMMARY), mapping(state.get("input"))
    detail = next((text(given[key]) for key in _TELLING if isinstance(given.get(key), str)), "")
    call = text(part.get("callID"), LONGEST_SUMMARY)
    result = [state.get(key) for key in ("status", "output", "error")]
    step = done(call, tool, given, result=result)
    return (activity("tool", f"{tool} {detail}"), *step, *_denied(tool, state))


def _denied(tool: str, state: Mapping[str, object]) -> tuple[Heard, ...]:
    error = text(state.get("error"))
    missed = _NOT_OFFERED.match(error or text(mapping(state.get("input")).get("error")))
    if missed and missed[1] in _CATEGORIES:
        return (Denied(missed[1], _CATEGORIES[missed[1]]),)
    if _NOT_GRANTED.search(error):
        return (Denied(tool, _CATEGORIES.get(tool, "other")),)
    return ()


def _error(told: Mapping[str, object]) -> tuple[Heard, ...]:
    error = mapping(told.get("error"))
    data, name = mapping(error.get("data")), text(error.get("name"), LONGEST_SUMMARY)
    message = text(data.get("message")) or name or "an error without a word"
    status = data.get("statusCode")
    code = status if type(status) is int else None
    # the message alone may lack the vendor's own code of the error
    kind = _BY_NAME.get(name) or kind_of(code, f"{message} {text(data.get('responseBody'))}")
    worded = failure(code, message).message
    return (Trouble(Failure(kind, worded, _told_wait(data)), final=True),)


def _told_wait(data: Mapping[str, object]) -> float | None:
    """Return the seconds that the answer's headers tell, None where they tell none."""
    headers = mapping(data.get("responseHeaders"))
    waits = []
    for name, unit in (("retry-after", 1.0), ("retry-after-ms", 0.001)):
        told = text(headers.get(name), LONGEST_SUMMARY)
        if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", told):
            waits.append(float(told) * unit)
    return max(waits, default=None)


_READERS: Mapping[str, Callable[[Mapping[str, object]], tuple[Heard, ...]]] = {
    "step_start": _step_start,
    "step_finish": _step_finish,
    "text": _text,
    "tool_use": _tool_use,
    "error": _error,
}
