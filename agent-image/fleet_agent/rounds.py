"""Do, check, fix: runs the agent and the project's check in turn until the check is green."""

from fleet_agent.attempt import Attempt
from fleet_agent.clis.model import End, FailureKind, Told
from fleet_agent.conduct import Cause, Ended
from fleet_agent.fields import FieldError
from fleet_agent.findings import TAIL, AttemptFailedError
from fleet_agent.hearing import AgentHearing, pass_on
from fleet_agent.post import Post
from fleet_agent.processes import StartError
from fleet_agent.scratch import Scratch, ScratchError
from fleet_agent.text import clean_tail
from fleet_agent.told import read_told


def work(attempt: Attempt) -> None:
    """Run rounds until the self-check is green; raises AttemptFailedError when it stays red."""
    packet = attempt.packet
    checked = bool(packet.self_check_rounds and packet.check)
    diagnoses: list[str] = []
    for number in range(1, max(1, packet.self_check_rounds) + 1):
        _refuse_if_spent(attempt)
        _run_agent(attempt, number, diagnoses)
        if not checked:
            return
        diagnosis = _check(attempt, number)
        if diagnosis is None:
            return
        diagnoses.append(diagnosis)
    message = f"the self-check is still red after {packet.self_check_rounds} rounds"
    raise AttemptFailedError(FailureKind.SELF_CHECK, message)


def _refuse_if_spent(attempt: Attempt) -> None:
    usage, limits = attempt.findings.usage, attempt.packet.limits
    if usage is None:
        return
    if limits.turns is not None and usage.turns >= limits.turns:
        message = f"{usage.turns} of {limits.turns} turns used and the self-check is red"
        raise AttemptFailedError(FailureKind.LIMIT, message)
    if limits.cost_micros is not None and (usage.cost_micros or 0) >= limits.cost_micros:
        message = f"{limits.cost_micros} micro-dollars used up and the self-check is red"
        raise AttemptFailedError(FailureKind.LIMIT, message)


def _run_agent(attempt: Attempt, number: int, diagnoses: list[str]) -> None:
    attempt.pulse.phase = "agent"
    attempt.findings.rounds = number
    try:
        with Scratch(_packet_of_round(attempt, number, diagnoses)) as scratch:
            try:
                ended = _conduct_agent(attempt, scratch)
            finally:
                # what was used counts also when the agent was stopped
                told = _hear_out(attempt, scratch)
    except ScratchError as error:
        raise AttemptFailedError(FailureKind.CRASH, str(error)) from error
    except StartError as error:
        raise AttemptFailedError(FailureKind.AGENT_MISSING, str(error)) from error
    attempt.findings.last = ended
    _judge(attempt, ended, told)


def _packet_of_round(attempt: Attempt, number: int, diagnoses: list[str]) -> dict[str, object]:
    whole = attempt.packet.whole
    messages, context = whole.get("messages"), whole.get("context")
    told = [{"role": "user", "content": diagnosis} for diagnosis in diagnoses]
    return {
        **whole,
        "messages": [*(messages if isinstance(messages, list) else []), *told],
        "context": {**(context if isinstance(context, dict) else {}), "round": number},
    }


def _conduct_agent(attempt: Attempt, scratch: Scratch) -> Ended:
    places = scratch.places
    invocation = attempt.cli.invocation(attempt.packet, places)
    post = Post(
        places.socket,
        lambda report: pass_on(report, wire=attempt.wire, findings=attempt.findings),
    )
    hearing = AgentHearing(attempt.feed, attempt.cli, post, attempt.findings)
    command = attempt.command(invocation.argv, invocation.environment)
    try:
        return attempt.conduct(command, listener=hearing)
    finally:
        post.close()
        attempt.findings.reports_dropped += post.refused


def _hear_out(attempt: Attempt, scratch: Scratch) -> Told:
    """Read the agent's result file; one that cannot be used is noted and counts as none."""
    try:
        data = scratch.result()
        told = read_told(data) if data is not None else Told()
    except (ScratchError, FieldError) as error:
        attempt.findings.notes.append(f"ignored: {error}")
        return Told()
    attempt.findings.believe(told)
    if attempt.findings.usage:
        attempt.wire.emit("usage", attempt.findings.usage.fields() | {"cumulative": True})
    return told


def _judge(attempt: Attempt, ended: Ended, told: Told) -> None:
    if attempt.findings.approval:
        message = f"the agent asks for approval: {attempt.findings.approval['reason']}"
        raise AttemptFailedError(FailureKind.APPROVAL_REQUIRED, message)
    if ended.out_of_memory:
        raise AttemptFailedError(FailureKind.OOM, "the agent was killed for lack of memory")
    failure = attempt.cli.classify(End(ended.exit_code, ended.stdout, ended.stderr, told))
    if failure:
        raise AttemptFailedError(failure.kind, failure.message, failure.retry_after_seconds)


def _check(attempt: Attempt, number: int) -> str | None:
    """Run the self-check; return the diagnosis, or None when it is green."""
    attempt.pulse.phase = "check"
    limit = attempt.packet.limits.check
    try:
        ended = attempt.conduct(attempt.command(attempt.packet.check), seconds=limit)
    except StartError as error:
        return _record(attempt, number, exit_code=None, seconds=0.0, tail=str(error))
    tail = clean_tail(ended.output, TAIL)
    attempt.findings.last = ended
    if ended.cause is Cause.OVERTIME:
        tail += f"\n[killed: the check ran longer than {limit:g} s]"
        return _record(attempt, number, exit_code=None, seconds=ended.seconds, tail=tail)
    code = ended.exit_code
    return _record(attempt, number, exit_code=code, seconds=ended.seconds, tail=tail)


def _record(
    attempt: Attempt, number: int, *, exit_code: int | None, seconds: float, tail: str
) -> str | None:
    fields: dict[str, object] = {
        "round": number,
        "exit_code": exit_code,
        "duration_seconds": round(seconds, 3),
    }
    attempt.findings.checks.append(fields)
    attempt.wire.emit("check", fields | {"tail": tail})
    if exit_code == 0:
        return None
    command = " ".join(attempt.packet.check)
    return f"The check `{command}` is red (exit code {exit_code}) after round {number}:\n\n{tail}"
