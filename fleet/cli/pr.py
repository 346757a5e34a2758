"""`fleet pr`: list, show, diff, approve, reject, merge."""

from typing import Annotated

import typer

from fleet.cli.output import confirm, document, plain, put, table
from fleet.cli.place import DryRun, Json, Yes, opened, pen

app = typer.Typer(no_args_is_help=True)
Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1)]


@app.command("list")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    json: Json = False,
) -> None:
    """Show pull requests that are not closed."""
    from fleet.app import views

    with opened(ctx) as office:
        pulls = office.ledger.pull_requests()
        shown = [pull for pull in pulls if everything or not pull.closed]
        rows = [views.pull_view(pull, office.ledger) for pull in shown]
    if json:
        document(rows)
    else:
        table(rows, ("number", "task", "status", "branch", "title", "reason"))


@app.command()
def show(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Show a pull request with its verdicts."""
    from fleet.app import views

    with opened(ctx) as office:
        view = views.pull_view(office.ledger.pull_request(number), office.ledger)
    if json:
        document(view)
        return
    put(f"#{view['number']}  {plain(view['title'])}")
    for name in ("task", "status", "reason", "branch", "target", "base", "head", "merged_sha"):
        if view[name]:
            put(f"  {name + ':':<12}{plain(view[name])}")
    if view["summary"]:
        put(f"  {plain(view['summary'])}")
    for verdict in view["verdicts"]:
        put(f"  check {plain(verdict['name'])}: {verdict['status']} at {verdict['sha'][:12]}")


@app.command()
def diff(
    ctx: typer.Context,
    number: Number,
    stat: Annotated[bool, typer.Option("--stat", help="Only files and counts.")] = False,
) -> None:
    """Show what a pull request changes."""
    from fleet.bootstrap import worktrees

    with opened(ctx) as office:
        pull = office.ledger.pull_request(number)
        git, project = worktrees(office), office.fleet.projects[pull.project]
        if stat:
            text = git.stat(project, pull.base, pull.head)
        else:
            text = git.patch(project, pull.base, pull.head, limit=10_000_000)
    for line in text.splitlines():
        put(plain(line.expandtabs()))


@app.command()
def approve(ctx: typer.Context, number: Number) -> None:
    """Approve exactly what was verified; a running coordinator merges it."""
    from fleet.app.stations import review

    with opened(ctx) as office:
        pull = review.approve(number, pen(office))
    put(f"pull request {number} ({pull.task}) is {pull.status} at {pull.head[:12]}")


@app.command()
def reject(ctx: typer.Context, number: Number, reason: Annotated[str, typer.Option()]) -> None:
    """Send a pull request back to an agent with the reason."""
    from fleet.app.stations import review

    with opened(ctx) as office:
        pull = review.reject(number, pen(office), reason=reason)
    put(f"pull request {number} ({pull.task}) is rejected; the reason goes to the next attempt")


@app.command()
def merge(
    ctx: typer.Context,
    number: Number,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Approve a pull request and merge it now, verified as merged tip."""
    from fleet.app.stations import review
    from fleet.bootstrap import runtime
    from fleet.cli import running

    with opened(ctx) as office:
        pull = office.ledger.pull_request(number)
        put(f"#{number} {pull.branch} at {pull.head[:12]} -> {pull.target} of {pull.project}")
        if dry_run:
            return
        confirm(f"Merge pull request {number}?", yes=yes)
        runtime(office).ping()  # before the approval: a yes must not stay behind unmerged
        review.approve(number, pen(office))
        order = running.order_for(office, keys=[pull.task], merges_only=True)
        running.run_or_follow(office, order, what=f"fleet pr merge {number}", quiet=json)
        pull = office.ledger.pull_request(number)
    if json:
        document({"number": number, "status": pull.status.value, "merged_sha": pull.merged_sha})
    else:
        put(f"pull request {number}: {pull.status} {pull.merged_sha or plain(pull.reason)}")
    if pull.merged_sha is None:
        raise typer.Exit(1)
