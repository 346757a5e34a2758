"""Understands the lines of `claude --output-format stream-json`."""

import re
from collections.abc import Callable, Mapping

from fleet_agent.clis.calls import answered_in, called_in
from fleet_agent.clis.claude_tools import category_of
from fleet_agent.clis.lines import (
    LONGEST_SUMMARY,
    activity,
    count,
    dollars,
    mapping,
    mappings,
    milliseconds,
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
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.reasons import failure, kind_of
from fleet_agent.clis.usage import Scope, Spent, Usage

_LIMITS = {
    "error_max_turns": FailureKind.LIMIT,
    "error_max_budget_usd": FailureKind.BUDGET,
}
_TELLING = ("command", "file_path", "path", "pattern", "url", "query", "description", "message")
_NOT_GRANTED = re.compile(r"Claude requested permissions to use ([\w-]{1,100}), but you haven't")


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says; what it does not know is activity at most."""
    told = object_of(line)
    if told is None:
        return plain(line)
    return read_by(_READERS, told)


def _system(told: Mapping[str, object]) -> tuple[Heard, ...]:
    name = text(told.get("subtype"), LONGEST_SUMMARY)
    if name == "api_retry":
        return (_retry(told),)
    session = text(told.get("session_id"), LONGEST_SUMMARY)
    if name == "init" and session:
        return (Session(session), activity("output", "started"))
    return (activity("output", name),)


def _retry(told: Mapping[str, object]) -> Trouble:
    status, name = told.get("error_status"), text(told.get("error"), LONGEST_SUMMARY)
    code = status if type(status) is int else None
    # no status at all: the API was not reached
    kind = FailureKind.NETWORK if code is None else kind_of(code, name)
    seconds = milliseconds(told.get("retry_delay_ms"))
    message = f"{name} (HTTP {code})" if code else f"the API does not answer ({name})"
    return Trouble(Failure(kind, message, seconds), final=False)


def _rate_limit(told: Mapping[str, object]) -> tuple[Heard, ...]:
    info = mapping(told.get("rate_limit_info"))
    if info.get("status") != "rejected":
        return ()
    name = text(info.get("rateLimitType"), LONGEST_SUMMARY)
    # worded so that the hint is found by whoever judges the end
    message = f"{name} limit is reached, resetsAt {count(info.get('resetsAt'))}"
    return (Trouble(Failure(FailureKind.QUOTA, message), final=False),)


def _assistant(told: Mapping[str, object]) -> tuple[Heard, ...]:
    # its own words about an error of the API: the result says them again, with the status
    if told.get("error"):
        return ()
    heard: list[Heard] = []
    # its own agents work at the same time: what they do is no row with what it does itself
    own = told.get("parent_tool_use_id") is None
    for block in mappings(mapping(told.get("message")).get("content")):
        if block.get("type") == "tool_use":
            heard += [activity("tool", _call(block)), *((called_in(block),) if own else ())]
        words = text(block.get("text"))
        if words:
            heard += [activity("message", words), *((Said(words),) if own else ())]
    return tuple(heard)


def _call(block: Mapping[str, object]) -> str:
    given = mapping(block.get("input"))
    told = next((text(given[key]) for key in _TELLING if isinstance(given.get(key), str)), "")
    return f"{text(block.get('name'), LONGEST_SUMMARY)} {told}"


def _user(told: Mapping[str, object]) -> tuple[Heard, ...]:
    heard: list[Heard] = []
    for block in mappings(mapping(told.get("message")).get("content")):
        if block.get("type") == "tool_result":
            heard.append(answered_in(block))
        refused = _NOT_GRANTED.match(text(block.get("content")))
        if refused and block.get("is_error") is True:
            heard.append(_denied(refused[1]))
    return tuple(heard)


def _denied(tool: str) -> Denied:
    return Denied(tool, category_of(tool))


def _stream(told: Mapping[str, object]) -> tuple[Heard, ...]:
    """Count every call to the model: what an attempt that is cut short has used."""
    event = mapping(told.get("event"))
    match event.get("type"):
        case "message_start":
            used = mapping(mapping(event.get("message")).get("usage"))
            own = told.get("parent_tool_use_id") is None
            return (Spent(_input(used, turns=int(own)), Scope.STEP),)
        case "message_delta":
            output = count(mapping(event.get("usage")).get("output_tokens"))
            return (Spent(Usage(output_tokens=output), Scope.STEP),)
        case "content_block_start":
            name = text(mapping(event.get("content_block")).get("type"), LONGEST_SUMMARY)
            return (activity("output", name),)
        case _:
            return ()


def _input(used: Mapping[str, object], *, turns: int) -> Usage:
    cached = count(used.get("cache_read_input_tokens"))
    fresh = count(used.get("input_tokens")) + count(used.get("cache_creation_input_tokens"))
    return Usage(input_tokens=fresh + cached, cached_tokens=cached, turns=turns)


def _result(told: Mapping[str, object]) -> tuple[Heard, ...]:
    spent = Spent(_total(told), Scope.START)
    denials = mappings(told.get("permission_denials"))
    denied = [_denied(text(one.get("tool_name"), LONGEST_SUMMARY)) for one in denials]
    if told.get("is_error") is not False or told.get("subtype") != "success":
        return (spent, *denied, Trouble(_failure(told), final=True))
    words = text(told.get("result"))
    said = (Said(words), activity("message", words)) if words else ()
    return (spent, *denied, *said, Finished())


def _total(told: Mapping[str, object]) -> Usage:
    models = mapping(told.get("modelUsage"))
    used = [mapping(one) for one in models.values()]
    cached = sum(count(one.get("cacheReadInputTokens")) for one in used)
    fresh = ("inputTokens", "cacheCreationInputTokens")
    return Usage(
        input_tokens=cached + sum(count(one.get(name)) for one in used for name in fresh),
        cached_tokens=cached,
        output_tokens=sum(count(one.get("outputTokens")) for one in used),
        turns=count(told.get("num_turns")),
        # a model it does not know is priced like its dearest one
        cost_micros=dollars(told.get("total_cost_usd"))
        if all("claude" in name for name in models)
        else None,
    )


def _failure(told: Mapping[str, object]) -> Failure:
    errors = told.get("errors")
    listed = [text(one) for one in errors] if isinstance(errors, list) else []
    words = text(told.get("result")) or "; ".join(filter(None, listed))
    subtype = text(told.get("subtype"))
    if subtype in _LIMITS:
        return Failure(_LIMITS[subtype], words or subtype)
    status = told.get("api_error_status")
    code = status if type(status) is int else None
    return failure(code, words or f"ended with {subtype} and no reason")


_READERS: Mapping[str, Callable[[Mapping[str, object]], tuple[Heard, ...]]] = {
    "system": _system,
    "assistant": _assistant,
    "user": _user,
    "stream_event": _stream,
    "rate_limit_event": _rate_limit,
    "result": _result,
}
