"""Clearance: whether an attempt may be started in its slot, asked once more before it is."""

from fleet.app.tools import Tools
from fleet.domain.agent import AGENTS
from fleet.domain.attempt import Attempt, State
from fleet.domain.halting import halts_of
from fleet.domain.hold import FLEET, task_subject
from fleet.domain.image import how_to_have
from fleet.domain.plan import Launch
from fleet.domain.pool import pool_of
from fleet.domain.profile import Profile, Project


def withdrawn(action: Launch, tools: Tools) -> str:
    """Answer why the slot is not the attempt's any more, "" while it is: its task may have another.

    Files and accounts change while an attempt waits for the engine, or for a coordinator.
    """
    return stopped(action.attempt.task, tools) or _without_slot(action, tools)


def _without_slot(action: Launch, tools: Tools) -> str:
    attempt, fleet = action.attempt, tools.fleet
    if attempt.project not in fleet.projects:
        return f"project {attempt.project} is not in fleet.yaml"
    if attempt.profile not in fleet.profiles:
        return f"profile {attempt.profile} is gone"
    if attempt.account not in fleet.accounts:
        return f"account {attempt.account} is gone"
    if attempt.state is State.LEASED:
        # the plan has just looked
        return ""
    return "cancelled on request" if action.task.cancel_requested else _hindered(attempt, tools)


def stopped(task: str, tools: Tools) -> str:
    """Say what people stopped of a task since it was planned: the last look before an effect."""
    holds = filter(None, map(tools.ledger.hold, (FLEET, task_subject(task))))
    return halts_of(holds, halted=tools.brake.pulled()).stop(task)


def all_stopped(tools: Tools) -> str:
    """Say that people stopped everything since it was planned."""
    hold = tools.ledger.hold(FLEET)
    return halts_of((hold,) if hold else (), halted=tools.brake.pulled()).everything


def _hindered(attempt: Attempt, tools: Tools) -> str:
    """Say what keeps its account from use now; a missing credential is looked for at the start."""
    snapshot, now = tools.ledger.snapshot(), tools.clock.now()
    # its own reservation is no hindrance: `hindered` does not look at money
    found = pool_of(snapshot, tools.fleet, now=now, unfit={}).hindered.get(attempt.account)
    return f"account {attempt.account} may not be used now: {found.reason}" if found else ""


def refused(profile: Profile, project: Project, tools: Tools) -> tuple[str, str] | None:
    """Answer failure kind and reason where no try can go well, None where it may be tried."""
    image = project.image
    if tools.runtime.image_id(image) is None:
        return "image", f"image {image} is missing: {how_to_have(image)}"
    program = AGENTS[profile.agent].program
    # every agent image has `command`: the engine is not asked once more
    has = None if program == "command" else tools.runtime.image_agents(image)
    if has is None or program in has:
        return None
    remedy = f"run `fleet image build --agents {program}`, or name another image"
    return "agent_missing", f"{program} is not in image {image}: {remedy}"
