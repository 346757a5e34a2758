"""Do, check, fix: runs the agent and the project's check in turn until the check is green."""

from dataclasses import replace

from fleet_agent.attempt import Attempt
from fleet_agent.clis.model import BadSecretError, FailureKind
from fleet_agent.conduct import Cause
from fleet_agent.findings import TAIL, AttemptFailedError
from fleet_agent.processes import StartError
from fleet_agent.scratch import Scratch, ScratchError
from fleet_agent.spending import used_up
from fleet_agent.standstill import MOST_FRUITLESS, Red, Standstill
from fleet_agent.starts import home_folder, start_agent
from fleet_agent.state import Continued
from fleet_agent.text import clean_tail
from fleet_agent.worktree import tree_of


def work(attempt: Attempt) -> None:
    """Run rounds until the self-check is green; raises AttemptFailedError when it stays red."""
    packet = attempt.packet
    checked = bool(packet.self_check_rounds and packet.check)
    diagnoses: list[str] = []
    standstill = Standstill()
    continued = attempt.shelf.take(home_folder()) if attempt.cli.resumes else Continued()
    for number in range(1, max(1, packet.self_check_rounds) + 1):
        _refuse_if_spent(attempt)
        continued = _run_agent(attempt, number, diagnoses, before=continued)
        if not checked:
            return
        red = _check(attempt, number)
        if red is None:
            return
        diagnoses.append(_diagnosis(attempt, number, red))
        if number < packet.self_check_rounds:
            _refuse_to_stand_still(attempt, red, standstill)
    message = f"the self-check is still red after {packet.self_check_rounds} rounds"
    raise AttemptFailedError(FailureKind.SELF_CHECK, message)


def _refuse_to_stand_still(attempt: Attempt, red: Red, standstill: Standstill) -> None:
    if standstill.after(replace(red, tree=tree_of(attempt))):
        message = (
            f"{MOST_FRUITLESS} rounds in a row changed no file, and the self-check fails as before"
        )
        raise AttemptFailedError(FailureKind.LOOP, message)


def _refuse_if_spent(attempt: Attempt) -> None:
    spent = used_up(attempt.findings.usage, attempt.packet.limits)
    if spent:
        raise AttemptFailedError(spent.kind, f"{spent.message} and the self-check is red")


def _run_agent(
    attempt: Attempt, number: int, diagnoses: list[str], *, before: Continued
) -> Continued:
    attempt.pulse.phase = "agent"
    attempt.findings.rounds = number
    try:
        with Scratch(_packet_of_round(attempt, number, diagnoses)) as scratch:
            return start_agent(attempt, scratch, diagnoses, before=before)
    except ScratchError as error:
        raise AttemptFailedError(FailureKind.CRASH, str(error)) from error
    except BadSecretError as error:
        raise AttemptFailedError(FailureKind.AUTH, str(error)) from error
    except StartError as error:
        raise AttemptFailedError(FailureKind.AGENT_MISSING, str(error)) from error


def _packet_of_round(attempt: Attempt, number: int, diagnoses: list[str]) -> dict[str, object]:
    whole = attempt.packet.whole
    messages, context = whole.get("messages"), whole.get("context")
    told = [{"role": "user", "content": diagnosis} for diagnosis in diagnoses]
    return {
        **whole,
        "messages": [*(messages if isinstance(messages, list) else []), *told],
        "context": {**(context if isinstance(context, dict) else {}), "round": number},
    }


def _check(attempt: Attempt, number: int) -> Red | None:
    """Run the self-check; return how it failed, or None when it is green."""
    attempt.pulse.phase = "check"
    limit = attempt.packet.limits.check
    try:
        ended = attempt.conduct(attempt.command(attempt.packet.check), seconds=limit)
    except StartError as error:
        return _record(attempt, number, Red(None, None, str(error)), seconds=0.0)
    tail = clean_tail(ended.output, TAIL)
    attempt.findings.last = ended
    if ended.cause is Cause.OVERTIME:
        tail += f"\n[killed: the check ran longer than {limit:g} s]"
        return _record(attempt, number, Red(None, None, tail), seconds=ended.seconds)
    return _record(attempt, number, Red(None, ended.exit_code, tail), seconds=ended.seconds)


def _record(attempt: Attempt, number: int, end: Red, *, seconds: float) -> Red | None:
    fields: dict[str, object] = {
        "round": number,
        "exit_code": end.exit_code,
        "duration_seconds": round(seconds, 3),
    }
    attempt.findings.checks.append(fields)
    attempt.wire.emit("check", fields | {"tail": end.tail})
    return None if end.exit_code == 0 else end


def _diagnosis(attempt: Attempt, number: int, red: Red) -> str:
    ended = f"is red (exit code {red.exit_code}) after round {number}"
    return f"The check `{' '.join(attempt.packet.check)}` {ended}:\n\n{red.tail}"
