"""What all CLIs share: the kind of an API's error, and how a start of a CLI is judged."""

import re
from dataclasses import replace

from fleet_agent.clis.hints import retry_after
from fleet_agent.clis.model import Denied, End, Failure, FailureKind, Finished, Heard, Said, Trouble
from fleet_agent.text import clean, last_line

_LONGEST_MESSAGE = 1000
_LONGEST_LINE = 300
_LONGEST_TEXT = 8192
_MOST_NAMED = 10
_NOT_FOUND = 127  # how a shell ends that cannot find the program

# How CLIs write an HTTP status into their texts.
_STATUS = re.compile(
    r"(?:status(?:[ _]?code)?|api error|error code|http(?:/[\d.]+)?)\W{0,3}([45]\d\d)\b"
    r"|\(([45]\d\d)\)|^([45]\d\d) "
)

# The texts decide before the status: vendors say much under 400, 403 and 429. Order counts: a used
# up quota is told together with rate limits and billing pages.
_BY_TEXT: tuple[tuple[FailureKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            FailureKind.CONTEXT_TOO_LONG,
            r"context[_ ](?:length|window)|maximum context|prompt (?:is )?too long|"
            r"input (?:is )?too long|input token count .{0,40}exceeds|request_too_large",
        ),
        (
            FailureKind.BILLING,
            r"credit balance|billing_error|payment required|insufficient (?:credits|balance|funds)|"
            r"requires? (?:more credits|billing)|enable billing|billing .{0,20}(?:disabled|not)",
        ),
        (
            FailureKind.QUOTA,
            # with Google "(e.g. check quota)" ends every rate limit too
            r"(?<!e\.g\. check )quota|usage[ _]limit|per ?day|"
            r"(?:session|hour|daily|weekly|monthly|opus|sonnet) limit",
        ),
        (
            FailureKind.MODEL_NOT_FOUND,
            r"model[ _]?not[ _]?found|model.{0,80}(?:does not exist|is not supported)|"
            r"(?:unknown|invalid|no such) model|issue with the selected model",
        ),
    )
)

_BY_STATUS = {
    401: FailureKind.AUTH,
    402: FailureKind.BILLING,
    403: FailureKind.AUTH,
    407: FailureKind.NETWORK,
    408: FailureKind.HANG,
    413: FailureKind.CONTEXT_TOO_LONG,
    429: FailureKind.RATE_LIMIT,
    500: FailureKind.OVERLOADED,
    502: FailureKind.OVERLOADED,
    503: FailureKind.OVERLOADED,
    504: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}

_BY_VAGUE_TEXT: tuple[tuple[FailureKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            FailureKind.AUTH,
            r"api[ _]key|unauthori[sz]ed|unauthenticated|authenticat|permission[ _]denied|"
            r"not logged in|log ?in again|/login|missing environment variable|"
            r"(?:token|credentials?) .{0,20}(?:expired|revoked|invalid)|invalid.{0,10} token",
        ),
        (FailureKind.RATE_LIMIT, r"rate.?limit|too many requests|resource.{0,10}exhausted"),
        (
            FailureKind.OVERLOADED,
            r"overloaded|at capacity|high demand|server[ _]error|service unavailable|bad gateway|"
            r"internal error",
        ),
        (FailureKind.BILLING, r"billing"),
        (
            FailureKind.HANG,
            r"idle timeout|request timed out|request timeout|(?:header|chunk|read) ?timeout",
        ),
        (
            FailureKind.NETWORK,
            r"unable to connect|cannot connect|could not connect|connect(?:ion)?[ _]?timed? ?out|"
            r"connection ?(?:failed|error|refused|reset|closed)|econn|etimedout|enotfound|epipe|"
            r"eai_again|getaddrinfo|name resolution|fetch failed|error sending request|socket|"
            r"proxy|stream (?:disconnected|closed|ended)|malformed|unexpected end of|"
            # an answer that is no JSON: something between the CLI and its vendor
            r"json pars|not valid json|in json at position",
        ),
        (FailureKind.HANG, r"timed? ?out|timeout"),
    )
)


def kind_of(status: int | None, text: str) -> FailureKind:
    """Return the kind of an API's error by its HTTP status and its text.

    Without a status the text is searched for one. What nothing is known about is a crash.
    """
    plain = text[:_LONGEST_TEXT].lower()
    code = status if status is not None else _told_status(plain)
    told = _first(_BY_TEXT, plain)
    if told:
        return told
    not_found = 404  # the name of a model is part of the address with some vendors
    if code == not_found and "model" in plain:
        return FailureKind.MODEL_NOT_FOUND
    return _BY_STATUS.get(code or 0) or _first(_BY_VAGUE_TEXT, plain) or FailureKind.CRASH


def failure(status: int | None, text: str) -> Failure:
    """Return the typed failure of an API's error; the message is one line of its text."""
    line = clean(" ".join(text[:_LONGEST_TEXT].split()), _LONGEST_MESSAGE)
    return Failure(kind_of(status, text), line or f"HTTP status {status}, no text")


def judge(end: End) -> Failure | None:
    """Return why a start of a CLI failed, or None: what is the same with every CLI.

    A success needs the CLI's own word that it finished, exit code 0, no error and no denied tool.
    That a stop voids everything is the runner's part.
    """
    return _refused(end) or _final(end) or end.told.failure or _without_success(end)


def _told_status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1] or found[2] or found[3]) if found else None


def _first(table: tuple[tuple[FailureKind, re.Pattern[str]], ...], text: str) -> FailureKind | None:
    return next((kind for kind, pattern in table if pattern.search(text)), None)


def _refused(end: End) -> Failure | None:
    denied = [heard for heard in end.heard if isinstance(heard, Denied)]
    if not denied:
        return None
    names = list(dict.fromkeys(f"{item.tool} ({item.category})" for item in denied))
    message = f"tools were denied: {', '.join(names[:_MOST_NAMED])}"
    return Failure(FailureKind.REFUSED_TOOLS, clean(message, _LONGEST_MESSAGE))


def _final(end: End) -> Failure | None:
    troubles = [heard for heard in end.heard if isinstance(heard, Trouble) and heard.final]
    return _timed(troubles[-1].failure, end) if troubles else None


def _without_success(end: End) -> Failure | None:
    finished = any(isinstance(heard, Finished) for heard in end.heard)
    if end.exit_code == 0 and finished:
        return None
    trouble = _standing(end.heard)
    if trouble:
        return _timed(trouble.failure, end)
    said = last_line(end.stderr, _LONGEST_LINE) or "nothing on standard error"
    if end.exit_code == _NOT_FOUND and not end.heard:
        return Failure(FailureKind.AGENT_MISSING, f"the program could not be started: {said}")
    if end.exit_code == 0:
        return Failure(FailureKind.CRASH, f"ended without its closing event: {said}")
    return Failure(FailureKind.CRASH, f"ended with exit code {end.exit_code}: {said}")


def _standing(heard: tuple[Heard, ...]) -> Trouble | None:
    """Return the last trouble, unless the model spoke again after it: then it was overcome."""
    for item in reversed(heard):
        if isinstance(item, Trouble):
            return item
        if isinstance(item, Said | Finished):
            return None
    return None


def _timed(cause: Failure, end: End) -> Failure:
    """Fill in when another try may help: another of its troubles may have told it."""
    if cause.retry_after_seconds is not None:
        return cause
    troubles = [heard.failure for heard in end.heard if isinstance(heard, Trouble)]
    told = {one.message: None for one in (cause, *troubles) if one.kind is cause.kind}
    waits = [wait for message in told if (wait := retry_after(message, end.at)) is not None]
    return replace(cause, retry_after_seconds=max(waits, default=None))
