"""The agent `mini`: mini-swe-agent, whose only tool is a shell.

It leaves one document, its trajectory, written anew after each step. Its shell is started without
the key; the environment of its own process holds it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from fleet_agent.clis import litellm_api
from fleet_agent.clis.calls import answered, called
from fleet_agent.clis.lines import (
    LONGEST_SUMMARY,
    activity,
    count,
    dollars,
    mapping,
    mappings,
    object_of,
    plain,
    text,
)
from fleet_agent.clis.model import (
    Ask,
    Cli,
    Failure,
    FailureKind,
    Finished,
    Heard,
    Invocation,
    Said,
    Trouble,
)
from fleet_agent.clis.reasons import failure, judge
from fleet_agent.clis.usage import Scope, Spent, Usage

# a file of that name in the worktree would come before its own: this path leads to its own alone
_BASE = "../config/mini.yaml"
_CONFIG = ".fleet/mini.yaml"
_TRAJECTORY = ".fleet/trajectory.json"
_LONGEST_COMMAND_SECONDS = 600
_READ_FIRST = "Read AGENTS.md at the top of the worktree first, if there is one: it binds you."
_LIMITS = ("LimitsExceeded", "TimeExceeded")
_STEP = re.compile(rb"mini-swe-agent \(step \d+, ")

_ENVIRONMENT = {
    "MSWEA_CONFIGURED": "true",
    "MSWEA_SILENT_STARTUP": "1",
    # a model without a known price is no error: the profile's price counts
    "MSWEA_COST_TRACKING": "ignore_errors",
    # once more after four seconds, instead of ten tries in minutes
    "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "2",
}


def invocation(ask: Ask) -> Invocation:
    """Return how to start mini-swe-agent; raises BadSecretError."""
    argv = ("mini", "-c", _BASE, "-c", str(ask.home / _CONFIG), "-o", str(ask.home / _TRAJECTORY))
    return Invocation(
        argv=argv,
        environment={**_ENVIRONMENT, **litellm_api.environment(ask)},
        files={_CONFIG: _config(ask)},
        document=_TRAJECTORY,
    )


def _config(ask: Ask) -> str:
    limits, model = ask.packet.limits, ask.packet.agent.model
    # The library tries again by itself, too; silence is judged by the runner, and before this.
    calls = {"num_retries": 0, "max_retries": 0, "timeout": round(limits.quiet * 2)}
    longest = round(min(_LONGEST_COMMAND_SECONDS, limits.quiet * 0.8))
    shell = {"timeout": longest, "env": {litellm_api.key_variable(model): ""}}
    # JSON is YAML. The task is a value of its templates, never a template: lessons are in it.
    return json.dumps(
        {
            "run": {"task": "\n\n".join([ask.system, _READ_FIRST, ask.prompt])},
            "agent": {
                "mode": "yolo",
                "confirm_exit": False,
                "step_limit": limits.turns or 0,
                "cost_limit": (limits.cost_micros or 0) / 1_000_000,
            },
            "model": {"model_kwargs": calls} | ({"model_name": model} if model else {}),
            "environment": shell,
        }
    )


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return a line of output as activity: what counts is in the trajectory."""
    if _STEP.match(line):
        return (activity("tool", line.decode("utf-8", errors="replace")),)
    return plain(line)


def overhear(line: bytes) -> tuple[Heard, ...]:
    """Return the error of the API that it tries again after."""
    if not line.startswith(b"Retrying "):
        return ()
    error = litellm_api.error_in(line)
    return (Trouble(error, final=False),) if error else ()


def read(document: bytes) -> tuple[Heard, ...]:
    """Return what its trajectory says: use, and how it ended."""
    told = object_of(document)
    if told is None:
        return ()
    info, messages = mapping(told.get("info")), mappings(told.get("messages"))
    spent = Spent(_usage(mapping(info.get("model_stats")), messages), Scope.START)
    extra = mapping(messages[-1].get("extra")) if messages else {}
    return (spent, *_steps(messages), *_end(info, extra))


def _steps(messages: Sequence[Mapping[str, object]]) -> Iterator[Heard]:
    for message in messages:
        extra = mapping(message.get("extra"))
        for action in mappings(extra.get("actions")):
            call = text(action.get("tool_call_id"), LONGEST_SUMMARY)
            yield called(call, "bash", {"command": action.get("command")})
        if message.get("role") == "tool":
            call = text(message.get("tool_call_id"), LONGEST_SUMMARY)
            yield answered(call, message.get("content"))


def _usage(stats: Mapping[str, object], messages: Sequence[Mapping[str, object]]) -> Usage:
    extras = [mapping(one.get("extra")) for one in messages]
    used = [mapping(mapping(extra.get("response")).get("usage")) for extra in extras]
    cached = [mapping(one.get("prompt_tokens_details")).get("cached_tokens") for one in used]
    return Usage(
        input_tokens=sum(count(one.get("prompt_tokens")) for one in used),
        cached_tokens=sum(count(one) for one in cached),
        output_tokens=sum(count(one.get("completion_tokens")) for one in used),
        turns=count(stats.get("api_calls")),
        # nothing is also what a model of unknown price costs
        cost_micros=dollars(stats.get("instance_cost")) or None,
    )


def _end(info: Mapping[str, object], extra: Mapping[str, object]) -> tuple[Heard, ...]:
    status = text(info.get("exit_status"), LONGEST_SUMMARY)
    words = text(extra.get("exception_str"))
    if status == "Submitted":
        said = text(info.get("submission"))
        return (*((Said(said),) if said else ()), Finished())
    if status in _LIMITS:
        kind = FailureKind.BUDGET if _out_of_money(info) else FailureKind.LIMIT
        return (_final(Failure(kind, f"ended with {status}")),)
    if words:
        error = litellm_api.error_in(words.encode(errors="replace"))
        return (_final(error or failure(None, f"{status}: {words}")),)
    # none while it is at work: it was ended then
    return (_final(Failure(FailureKind.CRASH, f"ended with {status}")),) if status else ()


def _out_of_money(info: Mapping[str, object]) -> bool:
    """Tell the one limit from the other: it says the same of both."""
    cost = dollars(mapping(info.get("model_stats")).get("instance_cost"))
    most = dollars(mapping(mapping(info.get("config")).get("agent")).get("cost_limit"))
    return bool(cost and most and cost >= most)


def _final(cause: Failure) -> Trouble:
    return Trouble(cause, final=True)


CLI = Cli(
    invocation=invocation,
    parse=parse,
    overhear=overhear,
    read=read,
    classify=judge,
    version=("mini", "--help"),
)
