"""The `fleet` command: options for all, and errors turned into one line and an exit code."""

import json
import logging
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from fleet import __version__
from fleet.cli import (
    approval,
    demo,
    down,
    gc,
    home,
    image,
    memory,
    pool,
    pr,
    profile,
    report,
    run,
    simulate,
    status,
    stop,
    task,
    up,
)
from fleet.cli.output import UsageError, say
from fleet.domain.errors import DeposedError, FleetError

_USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Run fleets of AI coding agents in containers; merge only what was verified.",
)
app.add_typer(task.app, name="task", help="The board: what is wanted, and where it stands.")
app.add_typer(pr.app, name="pr", help="Review: verified branches on their way to the target.")
app.add_typer(approval.app, name="approval", help="Questions that wait for your yes.")
app.add_typer(memory.app, name="memory", help="Lessons: what attempts taught, what you know.")
app.add_typer(image.app, name="image", help="The image that agents run in.")
app.add_typer(profile.app, name="profile", help="Which agents there are, for which roles.")
app.add_typer(pool.app, name="pool", help="Accounts: who can start an attempt, and why not.")
home.register(app)
run.register(app)
up.register(app)
down.register(app)
stop.register(app)
status.register(app)
demo.register(app)
report.register(app)
gc.register(app)
simulate.register(app)


def _version(value: bool) -> None:  # noqa: FBT001 - typer's callback
    if value:
        typer.echo(f"fleet {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    home_dir: Annotated[
        Path | None, typer.Option("--home", metavar="DIR", help="The fleet's home.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log to standard error.")] = False,
    version: Annotated[  # noqa: ARG001 - acts in its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before the noun."""
    ctx.obj = home_dir
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


def main() -> None:
    """Run the command; exit 0 done, 1 expected failure, 2 usage, 3 a bug, 130 interrupted."""
    try:
        app()  # leaves by SystemExit, for usage errors and Ctrl-C too
    except SystemExit as left:
        if left.code == _USAGE and left.__context__ is not None:
            _put_unread(left.__context__)
        raise
    except DeposedError as error:
        # at once, whatever the threads do: what they work on is the other coordinator's now
        os._exit(_refused(error))
    except FleetError as error:
        sys.exit(_refused(error))
    except Exception:  # noqa: BLE001 - the outermost frame: a bug is told and kept
        sys.exit(_bug())


def _refused(error: FleetError) -> int:
    _put_error(error)
    say(f"fleet: {error}")
    return _USAGE if isinstance(error, UsageError) else 1


def _put_unread(error: BaseException) -> None:
    """Answer as a document what typer could not read, and has told in its own words already."""
    # by what it offers: its class has another place in each version of typer
    said = getattr(error, "format_message", None)
    if said is not None:
        _put_error(UsageError(said(), remedy="see --help"))


def _put_error(error: FleetError) -> None:
    if "--json" in sys.argv:
        told = {"code": error.code, "message": error.message, "remedy": error.remedy}
        # where standard output is what failed, the line on standard error says so
        with suppress(OSError):
            typer.echo(json.dumps({"error": told}))


def _bug() -> int:
    handle, path = tempfile.mkstemp(prefix="fleet-bug-", suffix=".log")
    with open(handle, "w") as file:  # noqa: PTH123 - an open descriptor
        file.write(traceback.format_exc())
    say(f"fleet: this is a bug in fleet; please report {path}")
    return 3
