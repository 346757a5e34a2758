"""`fleet stop` and `fleet resume`: what people stop stands still until they lift it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import plain, put, say
from fleet.cli.place import DryRun, halted, opened, pen
from fleet.domain.hold import COORDINATOR, FLEET, HoldKind, holds_of, task_subject
from fleet.domain.task import parse_key

if TYPE_CHECKING:
    from fleet.bootstrap import Office

Keys = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...")]
_RESUME = "`fleet resume`"


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command()(stop)
    app.command()(resume)


def stop(
    ctx: typer.Context,
    keys: Keys = None,
    everything: Annotated[bool, typer.Option("--all", help="Stop everything.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for whoever finds it stopped.")] = "",
    dry_run: DryRun = False,
) -> None:
    """Stop tasks, or everything: what runs ends, its work is kept, nothing starts until resumed."""
    from fleet.app.stations import halting

    if bool(keys) == everything:
        raise typer.BadParameter("name tasks, or give --all")
    with opened(ctx) as office:
        wanted = [parse_key(key) for key in keys or ()]
        for key in wanted:
            halting.stoppable(key, office.ledger)
        if dry_run:
            _foretell(office, wanted)
            return
        for key in wanted:
            held = halting.stop_task(key, pen(office), reason=reason)
            put(f"{key} is {plain(held.said)}; `fleet resume {key}` lifts it")
        if everything:
            held = halting.stop_all(pen(office), reason=reason)
            put(f"everything is {plain(held.said)}; {_RESUME} lifts it")
        _see_to_it(office, wanted)


def _running(office: "Office", keys: Iterable[str]) -> list[str]:
    """Answer the attempts that run, of those tasks or of all."""
    chosen = frozenset(keys)
    found = (a for a in office.ledger.snapshot().attempts if a.holds_slot)
    return [attempt.id for attempt in found if not chosen or attempt.task in chosen]


def _foretell(office: "Office", keys: list[str]) -> None:
    what = ", ".join(keys) or "everything"
    put(f"{what} would be stopped: nothing of it starts or merges until it is resumed")
    for attempt in _running(office, keys):
        put(f"  {attempt} would be stopped, its work committed")


def _see_to_it(office: "Office", keys: list[str]) -> None:
    """Leave it to whoever coordinates; where nobody does, stop what runs from here."""
    from fleet.app.stations import halting
    from fleet.bootstrap import held_by, runtime

    running = _running(office, keys)
    if not running:
        return
    holder = held_by(office)
    if holder is not None:
        for attempt in running:
            say(f"  {attempt} is stopped by process {holder['pid']}, its work is committed")
        return
    for stopped in halting.stop_unattended(pen(office), runtime(office)):
        say(f"  {stopped.id} is stopped; its work is committed by the next `fleet run` or `up`")


def resume(ctx: typer.Context, keys: Keys = None) -> None:
    """Lift what was stopped: the fleet, or with KEYs those tasks."""
    with opened(ctx) as office:
        if keys:
            _resume_tasks(office, [parse_key(key) for key in keys])
        else:
            _resume_all(office)


def _resume_tasks(office: "Office", keys: list[str]) -> None:
    for key in keys:
        office.ledger.task(key)
    for key in keys:
        _lift(office, task_subject(key), key)
    everything = holds_of(office.ledger.snapshot().holds).get(FLEET)
    said = halted(office) or (everything.said if everything else "")
    if said:
        say(f"everything is {plain(said)}; {_RESUME} lifts it")


def _resume_all(office: "Office") -> None:
    from fleet.bootstrap import brake

    said = halted(office)
    # the file first: while it lies there nothing goes on, whatever the ledger says
    brake(office).release()
    if said:
        put(f"the file STOP is removed; everything was {plain(said)}")
    _lift(office, FLEET, "the fleet", quiet=bool(said))
    ending = office.ledger.hold(COORDINATOR)
    if ending is not None and ending.active and ending.kind is HoldKind.DRAIN:
        _lift(office, COORDINATOR, "the coordinator")
    for subject, hold in holds_of(office.ledger.snapshot().holds).items():
        key = subject.partition(" ")[2]
        if key:
            say(f"{key} is still {plain(hold.said)}; `fleet resume {key}` lifts it")


def _lift(office: "Office", subject: str, name: str, *, quiet: bool = False) -> None:
    from fleet.app.stations import halting

    lifted = halting.resume(subject, pen(office))
    if lifted is not None:
        put(f"{name} goes on; it was {plain(lifted.said)}")
    elif not quiet:
        put(f"{name} was not stopped")
