"""Anthropic's Messages: `POST /v1/messages`."""

import json
import time

from tests.model_server.steps import (
    CACHED_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    Say,
    Step,
    Turn,
)
from tests.model_server.tools import call_for
from tests.model_server.troubles import Refusal, told_wait
from tests.model_server.wire import (
    EVENT_STREAM,
    Answer,
    Asked,
    Json,
    Tool,
    Wire,
    document,
    events,
    runs_of,
)

# status, type and words as the vendor has them
REFUSALS: dict[Refusal, tuple[int, str, str]] = {
    Refusal.WRONG_KEY: (401, "authentication_error", "invalid x-api-key"),
    Refusal.UNAUTHORIZED: (401, "authentication_error", "invalid x-api-key"),
    Refusal.FORBIDDEN: (
        403,
        "permission_error",
        "Your API key does not have permission to use the specified resource.",
    ),
    Refusal.NO_MODEL: (404, "not_found_error", "model: {model}"),
    Refusal.QUOTA: (
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit. Please try again later.",
    ),
    Refusal.BILLING: (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    Refusal.TOO_LONG: (
        400,
        "invalid_request_error",
        "prompt is too long: 208310 tokens > 200000 maximum",
    ),
    Refusal.BROKEN: (500, "api_error", "Internal server error"),
    Refusal.UNAVAILABLE: (503, "api_error", "Service temporarily unavailable"),
    Refusal.OVERLOADED: (529, "overloaded_error", "Overloaded"),
}
RATE_LIMIT = (
    429,
    "rate_limit_error",
    "This request would exceed your organization's rate limit of 30,000 input tokens per minute.",
)
QUOTA_SECONDS = 7200


def read(_path: str, body: Json) -> Asked:
    """Read a request."""
    messages = body["messages"]
    speakers = [message["role"] for message in messages]
    tools = tuple(Tool(tool["name"]) for tool in body.get("tools", ()))
    shown = runs_of(speakers, "assistant")
    return Asked(body["model"], shown, len(messages), tools, bool(body.get("stream")))


def words(asked: Asked, turn: Turn) -> Answer:
    """Word a turn as events, or as one message."""
    blocks = [_block(number, step, asked) for number, step in enumerate(turn)]
    tooled = any(block["type"] == "tool_use" for block in blocks)
    stop = {"stop_reason": "tool_use" if tooled else "end_turn", "stop_sequence": None}
    message: Json = {"id": f"msg_scripted_{asked.shown}", "type": "message", "role": "assistant"}
    message |= {"model": asked.model}
    if not asked.streamed:
        whole = {**message, **stop, "content": blocks, "usage": _usage(OUTPUT_TOKENS)}
        return document(200, whole)
    start = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    told = events(
        {"type": "message_start", "message": {**start, "usage": _usage(1)}},
        *(event for number, block in enumerate(blocks) for event in _told(number, block)),
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": OUTPUT_TOKENS}},
        {"type": "message_stop"},
    )
    return Answer(200, told, EVENT_STREAM)


def refuses(asked: Asked, refusal: Refusal) -> Answer:
    """Word a refusal."""
    status, kind, text = REFUSALS.get(refusal, RATE_LIMIT)
    error = {"type": kind, "message": text.format(model=asked.model)}
    body = {"type": "error", "error": error, "request_id": "req_scripted"}
    return document(status, body, _headers(refusal))


def _headers(refusal: Refusal) -> dict[str, str]:
    if refusal is Refusal.QUOTA:
        return {
            "retry-after": str(QUOTA_SECONDS),
            "x-should-retry": "false",
            "anthropic-ratelimit-unified-status": "rejected",
            "anthropic-ratelimit-unified-reset": str(time.time_ns() // 10**9 + QUOTA_SECONDS),
            "anthropic-ratelimit-unified-representative-claim": "five_hour",
        }
    wait = told_wait(refusal)
    return {} if wait is None else {"retry-after": str(wait)}


def _usage(output: int) -> Json:
    return {
        "input_tokens": INPUT_TOKENS - CACHED_TOKENS,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": CACHED_TOKENS,
        "output_tokens": output,
    }


def _block(number: int, step: Step, asked: Asked) -> Json:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    call = call_for(step, asked.tools)
    name = f"toolu_scripted_{asked.shown}_{number}"
    return {"type": "tool_use", "id": name, "name": call.tool.name, "input": call.given}


def _told(number: int, block: Json) -> tuple[Json, ...]:
    if block["type"] == "text":
        empty = {**block, "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return (
        {"type": "content_block_start", "index": number, "content_block": empty},
        {"type": "content_block_delta", "index": number, "delta": delta},
        {"type": "content_block_stop", "index": number},
    )


ANTHROPIC = Wire("anthropic", read, words, refuses)
