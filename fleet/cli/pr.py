"""`fleet pr`: list, show, approve, comment, reject; what git shows and moves stands beside it."""

from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli import pr_diff, pr_land, pr_show
from fleet.cli.output import document, plain, put, say
from fleet.cli.place import Json, halted, opened, pen, stopped
from fleet.cli.pr_diff import Number

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.domain.merge import PullRequest

app = typer.Typer(no_args_is_help=True)
Texts = Annotated[list[str], typer.Argument(metavar="TEXT", help="What is to be changed.")]
Sha = Annotated[
    str | None, typer.Option(metavar="SHA", help="Only if it is at the commit you looked at.")
]


@app.command("list")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    json: Json = False,
) -> None:
    """Show pull requests that are not closed, and what each waits for."""
    from fleet.app import views

    with opened(ctx) as office:
        now, seen = office.clock.now(), halted(office)
        rows = views.pull_rows(office.ledger, now=now, closed=everything, halted=seen)
    if json:
        document(rows)
    else:
        pr_show.show_list(rows)


@app.command()
def show(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Show all that a reviewer needs: what was wanted, checked, noticed, changed and spent."""
    from fleet.app import views

    with opened(ctx) as office:
        now, seen = office.clock.now(), halted(office)
        view = views.pull_view(number, office.ledger, now=now, halted=seen)
        view |= pr_diff.seen_by_git(office, office.ledger.pull_request(number))
    if json:
        document(view)
    else:
        pr_show.show_page(view)


@app.command()
def approve(ctx: typer.Context, number: Number, sha: Sha = None) -> None:
    """Approve exactly what was verified; a running coordinator merges it."""
    from fleet.app.stations import review
    from fleet.bootstrap import held_by

    with opened(ctx) as office:
        pr_land.refuse_moved(office, office.ledger.pull_request(number), sha=sha)
        pull = review.approve(number, pen(office))
        alone, kept = held_by(office) is None, stopped(office, pull.task)
    put(f"pull request {number} ({pull.task}) is {pull.status} at {pull.head[:12]}")
    if kept:
        say(f"nothing of it merges: {plain(kept)}")
    elif alone:
        say("no coordinator is at work: the next `fleet run` or `fleet up` merges it")


@app.command()
def comment(ctx: typer.Context, number: Number, texts: Texts) -> None:
    """Send a pull request back to an agent with one or more comments, and keep them."""
    from fleet.app.stations import review

    with opened(ctx) as office:
        pull = review.comment(number, texts, pen(office))
        put(_sent_back(pull, office))


@app.command()
def reject(ctx: typer.Context, number: Number, reason: Annotated[str, typer.Option()]) -> None:
    """Send a pull request back to an agent with the reason."""
    from fleet.app.stations import review

    with opened(ctx) as office:
        pull = review.reject(number, pen(office), reason=reason)
        put(_sent_back(pull, office))


def _sent_back(pull: "PullRequest", office: "Office") -> str:
    """Say who goes on with it: the next agent, or nobody where its retries are used up."""
    from fleet.domain.board import board_of, standing
    from fleet.domain.task import Resolution

    said = f"pull request {pull.number} ({pull.task}) is rejected"
    where = standing(
        office.ledger.task(pull.task), board_of(office.ledger.snapshot(), office.fleet)
    )
    if where.fate is Resolution.FAILED:
        more = f"`fleet task retry {pull.task}` has another agent go on"
        return f"{said}, and its task fails: {plain(where.reason)}; {more}"
    return f"{said}; the next attempt is told why"


pr_diff.register(app)
pr_land.register(app)
