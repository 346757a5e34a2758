"""`fleet simulate`: a night played with a virtual clock, to see what a pool can carry."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.cli.output import document, plain, put, say, table
from fleet.cli.place import Json


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(simulate)


def simulate(
    file: Annotated[Path, typer.Argument(help="What to play; see docs/examples/night.yaml.")],
    seed: Annotated[int, typer.Option(help="Another one gives another night.")] = 1,
    json: Json = False,
) -> None:
    """Play tasks on accounts by the fleet's own rules: no home, no engine, no money."""
    from fleet.bootstrap import simulated
    from fleet.config.scenario import load_scenario

    told = simulated(load_scenario(file), seed=seed)
    if json:
        document({"seed": seed, **told})
    else:
        _show(told)
    judged(told["violations"])


def judged(violations: Sequence[str]) -> None:
    """Name the promises that were broken, and leave with 1; nothing where all were kept."""
    for violation in violations:
        say(f"fleet: broken promise: {plain(violation)}")
    if violations:
        raise typer.Exit(1)


def _show(told: dict[str, Any]) -> None:
    """Show the night to a person."""
    tasks, storms = told["tasks"], told["storms"]
    put(
        f"{tasks['merged']} of {tasks['total']} tasks merged, {tasks['failed']} failed, "
        f"{tasks['open']} open; {sum(told['attempts'].values())} attempts, "
        f"{sum(swap['count'] for swap in told['swaps'])} swaps, {storms['count']} storms "
        f"({storms['seconds']:.0f} s)"
    )
    _titled("Swaps", told["swaps"], ["trigger", "cause", "count"])
    spend = ["account", "day", "spent_usd", "daily_budget_usd", "requests", "daily_requests"]
    _titled("Spend", told["spend"], spend)
    hours = list(told["running"][0]["hours"]) if told["running"] else []
    rows = [{**row, **row["hours"]} for row in told["running"]]
    _titled("Attempts at once", rows, ["account", "parallel", *hours])
    if told["longest_wait"] is not None:
        put("")
        longest = told["longest_wait"]
        put(f"Longest wait: {longest['task']}, {longest['seconds'] / 3600:.1f} h")
        put(f"  {plain(longest['reason'])}")
    _titled("Waiting at the end", told["waiting"], ["tasks", "reason"])


def _titled(title: str, rows: list[dict[str, Any]], columns: list[str]) -> None:
    if rows:
        put("")
        put(title)
        table(rows, columns)
