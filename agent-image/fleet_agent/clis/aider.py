"""The agent `aider`: edits files by one model's answers, without tools, sessions or JSON.

Its exit code is 0 whatever happened, and what it says of its work stands between the model's own
words: a model can forge it, so the check alone decides. The key stands in its environment; it
starts no shell for a model.
"""

import re
from dataclasses import replace

from fleet_agent.clis import litellm_api
from fleet_agent.clis.hints import retry_after
from fleet_agent.clis.launch import PROMPT
from fleet_agent.clis.lines import plain
from fleet_agent.clis.model import (
    CATEGORIES,
    Ask,
    Cli,
    End,
    Failure,
    FailureKind,
    Finished,
    Heard,
    Invocation,
    Trouble,
)
from fleet_agent.clis.reasons import judge
from fleet_agent.clis.usage import Scope, Spent, Usage

_SYSTEM = ".fleet/system.md"
# A table of prices that is young enough is not fetched; an empty one counts as none.
_PRICES = ".aider/caches/model_prices_and_context_window.json"
_NO_PRICES = '{"none": {}}'

_ARGV = (
    "aider",
    "--yes-always",
    "--no-pretty",
    "--no-fancy-input",
    # the runner commits; nothing is left in the worktree
    "--no-auto-commits",
    "--no-dirty-commits",
    "--no-gitignore",
    "--no-check-update",
    "--no-show-release-notes",
    "--no-show-model-warnings",
    "--analytics-disable",
    # it would fetch every address in a prompt, and offer commands that nobody confirms
    "--no-detect-urls",
    "--no-suggest-shell-commands",
)

_NUMBER = rb"(\d{1,9}(?:\.\d{1,3})?)([kM]?)"
_TOKENS = re.compile(rb"Tokens: " + _NUMBER + rb" sent(.{0,100}?), " + _NUMBER + rb" received\.")
_CACHED = re.compile(_NUMBER + rb" cache hit")
_COST = re.compile(rb"Cost: \$(\d{1,9}(?:\.\d{1,12})?) message")
_UNITS = {b"": 1, b"k": 1_000, b"M": 1_000_000}
_TOO_LONG = b" has hit a token limit!"
# what it says of an error beside it: no work, and no end of the trouble
_OF_ERRORS = (b"Retrying in ", b"The API provider")
_GIVEN_UP = re.compile(rb"Only \d+ reflections allowed, stopping\.")


def invocation(ask: Ask) -> Invocation:
    """Return how to start aider; raises BadSecretError."""
    model = ask.packet.agent.model
    # silence is judged by the runner, and before this
    argv = [*_ARGV, "--timeout", str(round(ask.packet.limits.quiet * 2))]
    argv += ["--message-file", str(ask.home / PROMPT)]
    # a file that is not there is passed over
    argv += ["--read", str(ask.home / _SYSTEM), "--read", "AGENTS.md", "--read", "CLAUDE.md"]
    argv += ["--chat-history-file", str(ask.home / ".aider/chat.md")]
    argv += ["--input-history-file", str(ask.home / ".aider/input")]
    argv += ["--model", model] if model else []
    argv += ["--chat-mode", "ask"] if "edit" in ask.withheld else []
    # a file .env in the repository wins over the environment, but not over this
    for name, where in litellm_api.address(ask).items():
        argv += ["--set-env", f"{name}={where}"]
    return Invocation(
        argv=tuple(argv),
        environment=litellm_api.environment(ask),
        files={PROMPT: ask.prompt, _SYSTEM: ask.system, _PRICES: _NO_PRICES},
    )


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says: use, an error of the API, or plain words."""
    used = _TOKENS.match(line)
    if used:
        return (_spent(used, line), Finished())
    error = litellm_api.error_in(line) if line.startswith(b"litellm.") else None
    if error:
        return (Trouble(error, final=False),)
    if line.startswith(b"Model ") and line.rstrip().endswith(_TOO_LONG):
        return (_final(FailureKind.CONTEXT_TOO_LONG, line),)
    if _GIVEN_UP.match(line):
        return (_final(FailureKind.LIMIT, line),)
    return () if line.startswith(_OF_ERRORS) else plain(line)


def classify(end: End) -> Failure | None:
    """Return why it failed: an error after its last answer is one, whatever the exit code."""
    judged = judge(end)
    if judged:
        return judged
    told = [one for one in end.heard if isinstance(one, Trouble | Finished)]
    if not told or not isinstance(told[-1], Trouble):
        return None
    cause = told[-1].failure
    # now the clock is known, and an instant is a hint too
    return replace(cause, retry_after_seconds=retry_after(cause.message, end.at))


def _spent(used: "re.Match[bytes]", line: bytes) -> Spent:
    sent, unit, between, received, received_unit = used.groups()
    cached, cost = _CACHED.search(between), _COST.search(line)
    usage = Usage(
        input_tokens=_count(sent, unit),
        cached_tokens=_count(cached[1], cached[2]) if cached else 0,
        output_tokens=_count(received, received_unit),
        turns=1,
        cost_micros=round(float(cost[1]) * 1_000_000) if cost else None,
    )
    return Spent(usage, Scope.STEP)


def _count(number: bytes, unit: bytes) -> int:
    return round(float(number) * _UNITS[unit])


def _final(kind: FailureKind, line: bytes) -> Trouble:
    return Trouble(Failure(kind, line[:200].decode("utf-8", errors="replace")), final=True)


CLI = Cli(
    invocation=invocation,
    parse=parse,
    classify=classify,
    withholds=frozenset(CATEGORIES),
    version=("aider", "--version"),
)
