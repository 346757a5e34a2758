"""`fleet down`: whoever coordinates this home is asked to end, and is waited for."""

from collections import Counter
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import plain, put, say
from fleet.cli.place import DryRun, pen, site_opened
from fleet.domain.attempt import State
from fleet.domain.errors import DeposedError, FleetError
from fleet.domain.hold import COORDINATOR, SUCCESSOR, HoldKind

if TYPE_CHECKING:
    from fleet.bootstrap import Site
    from fleet.domain.term import Term

_LOOK = 0.5  # seconds between two looks
_LOOKS = 20  # at one who holds the home and has not taken the term yet


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(down)


def down(
    ctx: typer.Context,
    now: Annotated[
        bool, typer.Option("--now", help="Stop what runs, do not let it finish.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until it has ended (default).")
    ] = True,
    dry_run: DryRun = False,
) -> None:
    """End the coordinator: what runs is finished and merged, nothing is begun."""
    with site_opened(ctx) as site:
        term = _coordinating(site)
        if term is None:
            put(f"nobody coordinates {site.home}")
            return
        if dry_run:
            put(f"{term.said} would end: {_how(site, now=now)}")
            return
        _ask(site, term, now=now)
        put(f"{term.said} ends: {_how(site, now=now)}")
        if wait:
            _see_off(site, term, now=now)


def _coordinating(site: "Site") -> "Term | None":
    """Answer the term of whoever coordinates now, None where nobody does."""
    from fleet.bootstrap import held_by

    pause = Event()
    for _ in range(_LOOKS):
        if held_by(site) is None:
            return None
        term = site.ledger.term()
        if term is not None and not term.ended:
            return term
        pause.wait(_LOOK)
    raise FleetError(f"somebody begins to coordinate {site.home}", remedy="try again")


def _how(site: "Site", *, now: bool) -> str:
    running = len([a for a in site.ledger.snapshot().attempts if a.holds_slot])
    if now:
        return f"{running} running attempts are stopped, their work is committed"
    return f"{running} running attempts are finished, what is verified is merged, nothing starts"


def _ask(site: "Site", term: "Term", *, now: bool) -> None:
    from fleet.app.stations import halting

    kind = HoldKind.STOP if now else HoldKind.DRAIN
    try:
        halting.end_coordinator(kind, term.number, pen(site))
    except DeposedError as error:
        # it has ended before it was asked to; who came after it was not meant
        say(plain(error))


def _see_off(site: "Site", term: "Term", *, now: bool) -> None:
    """Wait until it has gone, telling what still moves; Ctrl-C leaves it ending."""
    pause, shown = Event(), ""
    try:
        while _still(site, term):
            _heed(site, term, now=now)
            moving = _moving(site)
            if moving != shown:
                say(moving)
                shown = moving
            pause.wait(_LOOK)
    except KeyboardInterrupt:
        say("it goes on ending" + ("" if now else "; `fleet resume` keeps it"))
        raise
    put(f"{term.said} has ended")


def _still(site: "Site", term: "Term") -> bool:
    standing = _coordinating(site)
    return standing is not None and standing.number == term.number


def _heed(site: "Site", term: "Term", *, now: bool) -> None:
    """Ask again where it began only after it was asked; raises FleetError where somebody resumed.

    Whoever begins to coordinate lifts what its predecessor was told.
    """
    hold = site.ledger.hold(COORDINATOR)
    if hold is None or hold.active or not _still(site, term):
        return
    if hold.who != SUCCESSOR:
        raise FleetError(f"{term.said} goes on: {hold.who} resumed it", remedy="ask again")
    _ask(site, term, now=now)


def _moving(site: "Site") -> str:
    snapshot = site.ledger.snapshot()
    states = Counter(attempt.state for attempt in snapshot.attempts)
    running = sum(attempt.holds_slot for attempt in snapshot.attempts)
    merging = sum(not pull.closed and pull.status != "open" for pull in snapshot.pulls)
    return f"{running} run, {states[State.VERIFYING]} are verified, {merging} are merged"
