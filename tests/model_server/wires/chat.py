"""OpenAI's Chat Completions, which gateways and local models speak too."""

from tests.model_server.steps import (
    CACHED_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    Say,
    Turn,
)
from tests.model_server.tools import call_for
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
from tests.model_server.wires.openai import now, refused


def read(_path: str, body: Json) -> Asked:
    """Read a request."""
    messages = body["messages"]
    tools = tuple(Tool(tool["function"]["name"]) for tool in body.get("tools") or ())
    shown = runs_of([message["role"] for message in messages], "assistant")
    return Asked(body["model"], shown, len(messages), tools, bool(body.get("stream")))


def words(asked: Asked, turn: Turn) -> Answer:
    """Word a turn as chunks, or as one completion."""
    text = " ".join(step.text for step in turn if isinstance(step, Say))
    calls = _calls(asked, turn)
    reason = "tool_calls" if calls else "stop"
    whole = {"id": f"chatcmpl-scripted-{asked.shown}", "created": now(), "model": asked.model}
    if not asked.streamed:
        message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return document(
            200, {**whole, "object": "chat.completion", "choices": [choice], "usage": _usage()}
        )
    chunk = {**whole, "object": "chat.completion.chunk"}
    told = [
        {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": ended}]}
        for delta, ended in (
            ({"role": "assistant", "content": ""}, None),
            ({"content": text}, None),
            *(({"tool_calls": [call]}, None) for call in calls),
            ({}, reason),
        )
    ]
    counted = {**chunk, "choices": [], "usage": _usage()}
    pieces = (*events(*told, counted, named=False), b"data: [DONE]\n\n")
    return Answer(200, pieces, EVENT_STREAM)


def _calls(asked: Asked, turn: Turn) -> list[Json]:
    steps = [step for step in turn if not isinstance(step, Say)]
    calls = [call_for(step, asked.tools) for step in steps]
    return [
        {
            "index": number,
            "id": f"call_{asked.shown}_{number}",
            "type": "function",
            "function": {"name": call.tool.name, "arguments": call.text},
        }
        for number, call in enumerate(calls)
    ]


def _usage() -> Json:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


CHAT = Wire("chat", read, words, refused)
