"""`fleet stop` and `fleet resume`: what people stop stands still until they lift it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import UsageError, plain, put, say
from fleet.cli.place import DryRun, halted, pen, site_opened
from fleet.domain.errors import EngineDownError, TransientError
from fleet.domain.hold import COORDINATOR, FLEET, HoldKind, holds_of, task_subject
from fleet.domain.task import parse_key

if TYPE_CHECKING:
    from fleet.bootstrap import Site

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
        raise UsageError("name tasks, or give --all")
    with _braked_without_ledger(ctx, wanted=everything and not dry_run), site_opened(ctx) as site:
        wanted = [parse_key(key) for key in keys or ()]
        for key in wanted:
            halting.stoppable(key, site.ledger)
        if dry_run:
            _foretell(site, wanted)
            return
        for key in wanted:
            held = halting.stop_task(key, pen(site), reason=reason)
            put(f"{key} is {plain(held.said)}; `fleet resume {key}` lifts it")
        if everything:
            _stop_all(site, reason)
        _see_to_it(site, wanted)


@contextmanager
def _braked_without_ledger(ctx: typer.Context, *, wanted: bool) -> Iterator[None]:
    """Make the file STOP where the ledger cannot be opened inside the block, as on a full disk.

    What failed is raised all the same: nobody could look at what runs.
    """
    from fleet.bootstrap import brake_at
    from fleet.config import read_settings

    try:
        yield
    except EngineDownError:
        raise  # the stop stands already
    except TransientError as error:
        if not wanted:
            raise
        brake_at(read_settings(ctx.find_root().obj).home).pull()
        said = "the file STOP is made: whoever coordinates stops everything"
        remedy = (
            "where nobody coordinates, free some space and say it again; `fleet resume` lifts it"
        )
        raise TransientError(f"{error}; {said}", remedy=remedy) from error


def _stop_all(site: "Site", reason: str) -> None:
    """Write it down; where the ledger cannot be written, as on a full disk, by the file STOP."""
    from fleet.app.stations import halting
    from fleet.bootstrap import brake

    try:
        said = halting.stop_all(pen(site), reason=reason).said
    except TransientError as error:
        brake(site).pull()
        say(f"fleet: {error}; the file STOP is made instead")
        said = halted(site)
    put(f"everything is {plain(said)}; {_RESUME} lifts it")


def _running(site: "Site", keys: Iterable[str]) -> list[str]:
    """Answer the attempts that run, of those tasks or of all."""
    chosen = frozenset(keys)
    found = (a for a in site.ledger.snapshot().attempts if a.holds_slot)
    return [attempt.id for attempt in found if not chosen or attempt.task in chosen]


def _foretell(site: "Site", keys: list[str]) -> None:
    what = ", ".join(keys) or "everything"
    put(f"{what} would be stopped: nothing of it starts or merges until it is resumed")
    for attempt in _running(site, keys):
        put(f"  {attempt} would be stopped, its work committed")


def _see_to_it(site: "Site", keys: list[str]) -> None:
    """Leave it to whoever coordinates; where nobody does, stop what runs from here."""
    from fleet.app.stations import halting
    from fleet.bootstrap import held_by, runtime

    running = _running(site, keys)
    if not running:
        return
    holder = held_by(site)
    if holder is not None:
        for attempt in running:
            say(f"  {attempt} is stopped by process {holder['pid']}, its work is committed")
        return
    for stopped in halting.stop_unattended(pen(site), runtime(site), halted=halted(site)):
        say(f"  {stopped.id} is stopped; its work is committed by the next `fleet run` or `up`")


def resume(ctx: typer.Context, keys: Keys = None) -> None:
    """Lift what was stopped: the fleet, or with KEYs those tasks."""
    with site_opened(ctx) as site:
        if keys:
            _resume_tasks(site, [parse_key(key) for key in keys])
        else:
            _resume_all(site)


def _resume_tasks(site: "Site", keys: list[str]) -> None:
    for key in keys:
        site.ledger.task(key)
    for key in keys:
        _lift(site, task_subject(key), key)
    everything = holds_of(site.ledger.snapshot().holds).get(FLEET)
    said = halted(site) or (everything.said if everything else "")
    if said:
        say(f"everything is {plain(said)}; {_RESUME} lifts it")


def _resume_all(site: "Site") -> None:
    from fleet.bootstrap import brake, held_by

    said = halted(site)
    # the file first: while it lies there nothing goes on, whatever the ledger says
    brake(site).release()
    if said:
        put(f"the file STOP is removed; everything was {plain(said)}")
    _lift(site, FLEET, "the fleet", quiet=bool(said))
    ending = site.ledger.hold(COORDINATOR)
    # where nobody coordinates any more there is nobody to go on
    draining = ending is not None and ending.active and ending.kind is HoldKind.DRAIN
    if draining and held_by(site) is not None:
        _lift(site, COORDINATOR, "the coordinator")
    for subject, hold in holds_of(site.ledger.snapshot().holds).items():
        key = subject.partition(" ")[2]
        if key:
            say(f"{key} is still {plain(hold.said)}; `fleet resume {key}` lifts it")


def _lift(site: "Site", subject: str, name: str, *, quiet: bool = False) -> None:
    from fleet.app.stations import halting

    lifted = halting.resume(subject, pen(site))
    if lifted is not None:
        put(f"{name} goes on; it was {plain(lifted.said)}")
    elif not quiet:
        put(f"{name} was not stopped")
