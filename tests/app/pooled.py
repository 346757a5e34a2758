"""A pool of two agents in memory: what its tests share."""

from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.domain.attempt import State
from fleet.domain.budget import Price
from fleet.domain.profile import SwapRules
from fleet.domain.task import Review
from tests.builders import HOME8, a_profile, an_account
from tests.memory_world import Play, World, green, line, result

DOLLAR = 1_000_000
RULES = SwapRules()
STARTED = line(1, "started")
PRICE = Price(input=3 * DOLLAR, cached_input=DOLLAR, output=15 * DOLLAR)
FIRST, SECOND = f"app-1-1-{HOME8}", f"app-1-2-{HOME8}"
HANGS = Play(edits={"half.txt": "half"}, says=(STARTED,), code=None)


def a_world(*accounts, swap=RULES, **fields):
    """Answer a world of two agents: claude-dev, and codex-dev that stands in for it."""
    claude = a_profile("claude-dev", agent="claude", fallback=("codex-dev",), price=PRICE, **fields)
    codex = a_profile("codex-dev", agent="codex", roles=("backup",), price=PRICE, **fields)
    known = accounts or (an_account("alice", agent="claude"), an_account("bob", agent="codex"))
    return World(
        profiles={profile.name: profile for profile in (claude, codex)},
        accounts={account.name: account for account in known},
        swap=swap,
    )


def a_pen(world):
    return Pen(ledger=world.ledger, clock=world.clock, who="ann")


def add(world, **wish):
    wanted = intake.Wish(title="Do it", review=Review.AUTO, **wish)
    return intake.add(wanted, world.fleet, a_pen(world))


def plays(world, *scripted):
    """Let attempt 1, 2, ... of every task do as written, all further ones well."""

    def agent(packet):
        number = packet["context"]["attempt"]
        return scripted[number - 1] if number <= len(scripted) else green(packet)

    world.runtime.agent = agent


def failing(kind, **diagnostics):
    return Play(edits={"half.txt": "half"}, says=(STARTED, result(2, kind, **diagnostics)), code=1)


def ends(world, key="APP-1"):
    return [(a.state, a.account) for a in world.ledger.attempts(key)]


def happened(world, *kinds):
    return [event for event in world.ledger.events() if event.kind in kinds]


def rest(life):
    """Let everything happen that needs no clock."""
    life.tick()
    while life.perform() or life.plan.actions:
        life.tick()


def sleep(life):
    """Move the clock to the instant for which the alarm is set, and let everything happen."""
    life.crew.woken.clear()
    at = life.world.alarm.at
    life.world.clock.advance(at - life.world.clock.now())
    assert life.crew.woken.is_set()
    rest(life)
    return at


def runs(world, key="APP-1"):
    return [a.id for a in world.ledger.attempts(key) if a.state is State.RUNNING]


def a_spender(**fields):
    limits = {"unmetered": False, "daily_budget_micros": 10 * DOLLAR, "agent": "claude"}
    return an_account("alice", **(limits | fields))


def spent(usd, **usage):
    return line(2, "usage", cost_usd=usd, **usage)
