"""Starts the agent once: its home, its files and secrets, what it is asked, how it ended."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fleet_agent.attempt import Attempt
from fleet_agent.clis.model import Ask, Cli, End, FailureKind, Invocation, Told
from fleet_agent.conduct import Ended
from fleet_agent.document import Document
from fleet_agent.fields import FieldError
from fleet_agent.files import write_below
from fleet_agent.findings import AttemptFailedError
from fleet_agent.hearing import AgentHearing, Start, pass_on
from fleet_agent.lessons import question
from fleet_agent.notebook import Notebook
from fleet_agent.post import Post
from fleet_agent.prompts import lesson_asked, prompt_of, system_of
from fleet_agent.reports import Report
from fleet_agent.scratch import Scratch, ScratchError
from fleet_agent.spending import rest_of
from fleet_agent.state import Continued
from fleet_agent.system import environment
from fleet_agent.tail import Tail
from fleet_agent.told import read_told, unreadable

_MCP = ("fleet-agent", "mcp")


def start_agent(
    attempt: Attempt, scratch: Scratch, diagnoses: Sequence[str], *, before: Continued
) -> Continued:
    """Start the agent, hear it out and judge its end; answer the session to continue.

    Raises AttemptFailedError, BadSecretError and StartError.
    """
    ask = _ask(attempt, scratch, diagnoses, session=before.session)
    attempt.findings.lesson_asked |= lesson_asked(attempt.packet, diagnoses)
    invocation = attempt.cli.invocation(ask)
    _lay_out(ask.home, {**_skill_files(attempt), **invocation.files})
    notebook = Notebook(attempt.packet.limits, now=time.monotonic(), before=before.used)
    hearing = _hearing(attempt, ask, invocation, notebook=notebook)
    ended, told = _conduct(attempt, scratch, hearing, invocation=invocation, ask=ask)
    attempt.findings.last = ended
    end = End(
        exit_code=ended.exit_code,
        stdout=ended.stdout,
        stderr=ended.stderr,
        told=told,
        heard=notebook.facts,
        at=datetime.now(UTC),
    )
    after = Continued(notebook.session or before.session, notebook.of_session or before.used)
    if attempt.findings.approval:
        attempt.shelf.put(ask.home, after)
    _judge(attempt, hearing, end, out_of_memory=ended.out_of_memory)
    return after


def _ask(
    attempt: Attempt, scratch: Scratch, diagnoses: Sequence[str], *, session: str | None
) -> Ask:
    """Word the question; a session that cannot be continued is told everything again."""
    packet = attempt.packet
    continued = session if attempt.cli.resumes else None
    return Ask(
        packet=replace(packet, limits=rest_of(packet.limits, attempt.findings.usage)),
        prompt=prompt_of(packet, diagnoses, continued=continued is not None),
        system=system_of(packet, skilled=attempt.cli.skills is not None),
        session=continued,
        places=scratch.places,
        home=home_folder(),
        secrets=attempt.secrets,
        withheld=attempt.withheld,
        mcp=_MCP,
        skills=attempt.skills,
    )


def home_folder() -> Path:
    """Return the home of the CLI."""
    return Path(environment().get("HOME", "/home/agent"))


def _skill_files(attempt: Attempt) -> Mapping[str, str]:
    """Return the skills as files below the home, where the CLI looks for them."""
    folder = attempt.cli.skills
    return {f"{folder}/{path}": text for path, text in attempt.skills.items() if folder}


def _lay_out(home: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        try:
            write_below(home, path, text)
        except OSError as error:
            message = f"{home / path} cannot be written: {error.strerror}"
            raise AttemptFailedError(FailureKind.CRASH, message) from error


def _hearing(
    attempt: Attempt, ask: Ask, invocation: Invocation, *, notebook: Notebook
) -> AgentHearing:
    def report(one: Report) -> str | None:
        return pass_on(one, wire=attempt.wire, findings=attempt.findings)

    start = Start(
        cli=attempt.cli,
        packet=attempt.packet,
        report=report,
        post=Post(ask.places.socket, report, lambda: question(attempt.findings)),
        notebook=notebook,
        wire=attempt.wire,
        withheld=attempt.withheld,
        used=attempt.findings.usage,
        tail=Tail(ask.home, invocation.tail) if invocation.tail else None,
        document=_document(ask.home, attempt.cli, invocation),
    )
    return AgentHearing(attempt.feed, start, attempt.findings)


def _document(home: Path, cli: Cli, invocation: Invocation) -> Document | None:
    return Document(home / invocation.document, cli.read) if invocation.document else None


def _conduct(
    attempt: Attempt, scratch: Scratch, hearing: AgentHearing, *, invocation: Invocation, ask: Ask
) -> tuple[Ended, Told]:
    told = Told()
    command = attempt.command(invocation.argv, {**ask.reporting, **invocation.environment})
    try:
        ended = attempt.conduct(command, listener=hearing)
    finally:
        # what was used counts also when the agent was stopped
        hearing.close()
        if attempt.cli.leaves_result:
            told = _hear_out(attempt, scratch)
        hearing.tell_usage()
    return ended, told


def _hear_out(attempt: Attempt, scratch: Scratch) -> Told:
    """Read the agent's result file; one that is there and cannot be read is a failure."""
    try:
        data = scratch.result()
        told = read_told(data) if data is not None else Told()
    except (ScratchError, FieldError) as error:
        told = unreadable(str(error))
    attempt.findings.believe(told)
    return told


def _judge(attempt: Attempt, hearing: AgentHearing, end: End, *, out_of_memory: bool) -> None:
    if attempt.findings.approval:
        message = f"the agent asks for approval: {attempt.findings.approval['reason']}"
        raise AttemptFailedError(FailureKind.APPROVAL_REQUIRED, message)
    if out_of_memory:
        raise AttemptFailedError(FailureKind.OOM, "the agent was killed for lack of memory")
    failure = hearing.cut or attempt.cli.classify(end)
    if failure:
        wait = failure.retry_after_seconds
        if wait is None:
            # its patterns are compiled only where something failed
            from fleet_agent.clis.hints import retry_after

            wait = retry_after(failure.message, end.at)
        raise AttemptFailedError(failure.kind, failure.message, wait)
