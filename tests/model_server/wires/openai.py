"""The refusals that OpenAI words alike in both of its protocols."""

import time

from tests.model_server.troubles import SHORT_WAIT, Refusal, told_wait
from tests.model_server.wire import Answer, Asked, Json, document

# status, type, code and words as the vendor has them
REFUSALS: dict[Refusal, tuple[int, str, str | None, str]] = {
    Refusal.WRONG_KEY: (
        401,
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided: sk-scrip*****. "
        "You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    Refusal.UNAUTHORIZED: (
        401,
        "invalid_request_error",
        None,
        "You didn't provide an API key.",
    ),
    Refusal.FORBIDDEN: (
        403,
        "request_forbidden",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    Refusal.NO_MODEL: (
        404,
        "invalid_request_error",
        "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    Refusal.RATE_PLAIN: (429, "requests", "rate_limit_exceeded", "Rate limit reached for {model}."),
    Refusal.RATE_SHORT: (
        429,
        "tokens",
        "rate_limit_exceeded",
        "Rate limit reached for {model} on tokens per min (TPM): Limit 30000, Used 29000, "
        f"Requested 2000. Please try again in {SHORT_WAIT}s.",
    ),
    Refusal.RATE_LONG: (
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} on requests per day (RPD): Limit 200, Used 200, "
        "Requested 1. Please try again in 1h0m0s.",
    ),
    Refusal.QUOTA: (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    Refusal.BILLING: (
        402,
        "billing_error",
        "insufficient_credits",
        "Insufficient credits. Add more credits to go on.",
    ),
    Refusal.TOO_LONG: (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "Your input exceeds the context window of this model. "
        "Please adjust your input and try again.",
    ),
    Refusal.BROKEN: (
        500,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    Refusal.UNAVAILABLE: (
        503,
        "server_error",
        None,
        "The engine is currently overloaded, please try again later",
    ),
    Refusal.OVERLOADED: (529, "overloaded_error", None, "Overloaded"),
}


def refused(asked: Asked, refusal: Refusal) -> Answer:
    """Word a refusal as a document with status and headers."""
    status, kind, code, text = REFUSALS[refusal]
    error: Json = {"message": text.format(model=asked.model), "type": kind, "param": None}
    wait = told_wait(refusal)
    headers = {} if wait is None else {"retry-after": str(wait)}
    return document(status, {"error": {**error, "code": code}}, headers)


def now() -> int:
    """Answer the seconds since 1970, which every answer is stamped with."""
    return time.time_ns() // 10**9
