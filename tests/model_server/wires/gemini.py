"""Google's Gemini: `POST .../models/NAME:streamGenerateContent?alt=sse`."""

import re

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

MODEL = re.compile(r"/models/([^:/]+):")
TYPES = "type.googleapis.com/google.rpc"
RATE_WORDS = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)
# status, name of the status and words as the vendor has them
REFUSALS: dict[Refusal, tuple[int, str, str]] = {
    Refusal.WRONG_KEY: (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
    ),
    Refusal.UNAUTHORIZED: (
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, "
        "login cookie or other valid authentication credential.",
    ),
    Refusal.FORBIDDEN: (403, "PERMISSION_DENIED", "The caller does not have permission"),
    Refusal.NO_MODEL: (
        404,
        "NOT_FOUND",
        "models/{model} is not found for API version v1beta, or is not supported for "
        "generateContent. Call ListModels to see the list of available models.",
    ),
    Refusal.BILLING: (
        403,
        "PERMISSION_DENIED",
        "This API method requires billing to be enabled. Please enable billing on project "
        "#1234 and try again.",
    ),
    Refusal.TOO_LONG: (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    Refusal.BROKEN: (
        500,
        "INTERNAL",
        "An internal error has occurred. Please retry or report in "
        "https://developers.generativeai.google/guide/troubleshooting",
    ),
    Refusal.UNAVAILABLE: (
        503,
        "UNAVAILABLE",
        "The model is overloaded. Please try again later.",
    ),
    Refusal.OVERLOADED: (529, "UNAVAILABLE", "Overloaded"),
}
REASONS = {
    Refusal.WRONG_KEY: "API_KEY_INVALID",
    Refusal.BILLING: "BILLING_DISABLED",
}


def read(path: str, body: Json) -> Asked:
    """Read a request; model and manner stand in the path."""
    found = MODEL.search(path)
    contents = body.get("contents", [])
    tools = tuple(
        Tool(declared["name"])
        for group in body.get("tools", ())
        for declared in group.get("functionDeclarations", ())
    )
    shown = runs_of([content.get("role", "user") for content in contents], "model")
    streamed = ":streamGenerateContent" in path
    return Asked(found[1] if found else "", shown, len(contents), tools, streamed)


def words(asked: Asked, turn: Turn) -> Answer:
    """Word a turn as chunks, a part each, or as one document."""
    parts = [_part(step, asked) for step in turn]
    if not asked.streamed:
        return document(200, _chunk(asked, parts, ended=True))
    begun = [_chunk(asked, [part], ended=False) for part in parts[:-1]]
    # the last part, its end apart: a cut stream has begun and not ended
    told = (*begun, _chunk(asked, parts[-1:], ended=False), _chunk(asked, [], ended=True))
    return Answer(200, events(*told, named=False), EVENT_STREAM)


def refuses(asked: Asked, refusal: Refusal) -> Answer:
    """Word a refusal with Google's details."""
    status, name, text = REFUSALS.get(refusal, (429, "RESOURCE_EXHAUSTED", RATE_WORDS))
    wait = told_wait(refusal)
    again = "" if wait is None else f"\n* Quota exceeded.\nPlease retry in {wait}s."
    message = text.format(model=asked.model) + again
    error = {"code": status, "message": message, "status": name}
    return document(status, {"error": {**error, "details": _details(asked, refusal)}})


def _part(step: Step, asked: Asked) -> Json:
    if isinstance(step, Say):
        return {"text": step.text}
    call = call_for(step, asked.tools)
    return {"functionCall": {"name": call.tool.name, "args": call.given}}


def _chunk(asked: Asked, parts: list[Json], *, ended: bool) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    used = {"promptTokenCount": INPUT_TOKENS, "cachedContentTokenCount": CACHED_TOKENS}
    used |= {"candidatesTokenCount": OUTPUT_TOKENS, "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS}
    return {
        "candidates": [candidate | ({"finishReason": "STOP"} if ended else {})],
        "usageMetadata": used,
        "modelVersion": asked.model,
        "responseId": f"scripted_{asked.shown}",
    }


def _details(asked: Asked, refusal: Refusal) -> list[Json]:
    if reason := REASONS.get(refusal):
        return [{"@type": f"{TYPES}.ErrorInfo", "reason": reason, "domain": "googleapis.com"}]
    if refusal in REFUSALS:
        return []
    per = "PerDay" if refusal is Refusal.QUOTA else "PerMinute"
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_paid_tier_requests",
        "quotaId": f"GenerateRequests{per}PerProjectPerModel",
        "quotaDimensions": {"location": "global", "model": asked.model},
        "quotaValue": "10",
    }
    details: list[Json] = [{"@type": f"{TYPES}.QuotaFailure", "violations": [violation]}]
    wait = told_wait(refusal)
    if wait is not None:
        details.append({"@type": f"{TYPES}.RetryInfo", "retryDelay": f"{wait}s"})
    return details


GEMINI = Wire("gemini", read, words, refuses)
