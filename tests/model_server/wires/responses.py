"""OpenAI's Responses: `POST /v1/responses`, with plain and freeform calls."""

from itertools import count

from tests.model_server.steps import (
    CACHED_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    Say,
    Step,
    Turn,
)
from tests.model_server.tools import call_for
from tests.model_server.troubles import Refusal
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

MADE_BY_MODEL = ("function_call", "custom_tool_call", "reasoning")


def read(_path: str, body: Json) -> Asked:
    """Read a request; some models find their tools among the input."""
    items = body["input"] if isinstance(body["input"], list) else []
    offered = list(body.get("tools", ()))
    for item in items:
        offered += item["tools"] if item.get("type") == "additional_tools" else ()
    tools = tuple(tool for one in offered for tool in _tools(one))
    shown = runs_of([_speaker(item) for item in items], "model")
    return Asked(body["model"], shown, len(items), tools, bool(body.get("stream")))


def words(asked: Asked, turn: Turn) -> Answer:
    """Word a turn as events, or as one document."""
    items = [_item(number, step, asked) for number, step in enumerate(turn)]
    begun = {"id": f"resp_scripted_{asked.shown}", "object": "response", "created_at": now()}
    begun |= {"model": asked.model, "status": "in_progress", "output": []}
    ended = {**begun, "status": "completed", "output": items, "usage": _usage()}
    if not asked.streamed:
        return document(200, ended)
    told: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        *(event for number, item in enumerate(items) for event in _told(number, item)),
        {"type": "response.completed", "response": ended},
    ]
    return _stream(told)


def refuses(asked: Asked, refusal: Refusal) -> Answer:
    """Word a refusal; that the input is too long is told in the stream."""
    answer = refused(asked, refusal)
    if refusal is not Refusal.TOO_LONG or not asked.streamed:
        return answer
    error = {
        "code": "context_length_exceeded",
        "message": "Your input exceeds the context window of this model.",
    }
    failed = {"id": "resp_scripted", "object": "response", "status": "failed", "error": error}
    return _stream([{"type": "response.failed", "response": failed}])


def _stream(told: list[Json]) -> Answer:
    numbers = count()
    numbered = [{**event, "sequence_number": next(numbers)} for event in told]
    return Answer(200, events(*numbered), EVENT_STREAM)


def _tools(offered: Json) -> tuple[Tool, ...]:
    """Answer the tools of an entry; a namespace holds several."""
    match offered["type"]:
        case "namespace":
            inner = (tool for one in offered["tools"] for tool in _tools(one))
            return tuple(Tool(tool.name, tool.freeform, offered["name"]) for tool in inner)
        case "function":
            return (Tool(offered["name"]),)
        case "custom":
            return (Tool(offered["name"], freeform=True),)
        case _:
            return ()


def _speaker(item: Json) -> str:
    if item.get("role") == "assistant" or item.get("type") in MADE_BY_MODEL:
        return "model"
    return "others"


def _item(number: int, step: Step, asked: Asked) -> Json:
    name = f"{asked.shown}_{number}"
    if isinstance(step, Say):
        content = [{"type": "output_text", "text": step.text, "annotations": []}]
        message = {"type": "message", "id": f"msg_{name}", "role": "assistant"}
        return {**message, "status": "completed", "content": content}
    call = call_for(step, asked.tools)
    item = {"id": f"fc_{name}", "call_id": f"call_{name}", "name": call.tool.name}
    item |= {"status": "completed"}
    # the namespace of every Codex model but its code mode; there only plain tools are called
    if call.tool.space is not None:
        item |= {"namespace": call.tool.space}
    if call.tool.freeform:
        return {**item, "type": "custom_tool_call", "input": call.text}
    return {**item, "type": "function_call", "arguments": call.text}


def _told(number: int, item: Json) -> tuple[Json, ...]:
    place = {"output_index": number}
    added = {"type": "response.output_item.added", **place}
    done = {"type": "response.output_item.done", **place, "item": item}
    piece = {**place, "item_id": item["id"]}
    match item["type"]:
        case "message":
            text = item["content"][0]["text"]
            within = {**piece, "content_index": 0}
            return (
                {**added, "item": {**item, "status": "in_progress", "content": []}},
                {"type": "response.output_text.delta", **within, "delta": text},
                {"type": "response.output_text.done", **within, "text": text},
                done,
            )
        case "function_call":
            asked = item["arguments"]
            return (
                {**added, "item": {**item, "status": "in_progress", "arguments": ""}},
                {"type": "response.function_call_arguments.delta", **piece, "delta": asked},
                {"type": "response.function_call_arguments.done", **piece, "arguments": asked},
                done,
            )
        case _:
            return ({**added, "item": {**item, "input": ""}}, done)


def _usage() -> Json:
    return {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": CACHED_TOKENS},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


RESPONSES = Wire("responses", read, words, refuses)
