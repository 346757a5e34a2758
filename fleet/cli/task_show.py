"""`fleet task show`: a task with its attempts, verdicts and history, and what is kept of it."""

from collections.abc import Sequence
from typing import Any

import typer

from fleet.cli.output import clock, document, plain, put, say
from fleet.cli.place import Json, halted, opened
from fleet.cli.vitals import line
from fleet.domain.task import parse_key


def register(app: typer.Typer) -> None:
    """Add the command to `fleet task`."""
    app.command()(show)


def show(ctx: typer.Context, key: str, json: Json = False) -> None:
    """Show a task with its attempts, verdicts and history."""
    from fleet.app import views
    from fleet.bootstrap import kept_work

    with opened(ctx) as office:
        seen = halted(office)
        view = views.task_view(
            parse_key(key), office.ledger, office.fleet, now=office.clock.now(), halted=seen
        )
        kept = kept_work(office, view["project"])
        view["kept"] = views.kept_rows(view["key"], kept, office.ledger)
    for each in kept:
        if each.odd:
            say(f"what is kept cannot be told: {plain(each.odd)}")
    if json:
        document(view)
        return
    put(f"{view['key']}  {plain(view['title'])}")
    for name in ("status", "reason", "priority", "branch", "spent_usd", "summary"):
        if view[name] not in (None, ""):
            put(f"  {name + ':':<12}{plain(view[name])}")
    for attempt in view["attempts"]:
        said = f"{attempt['profile']}: {attempt['state']}, {attempt['reason']}"
        put(f"  attempt {attempt['number']}   {plain(said)}")
        if attempt["beat_seconds"] is not None:
            put(f"    {plain(line(attempt))}")
        _show_others(attempt["others"])
        _show_left(attempt)
        _show_swap(attempt["swap"])
    _show_pulls(view["pulls"])
    _show_kept(view["kept"])
    _show_escalation(view["escalation"])


def _show_others(others: Sequence[dict[str, Any]]) -> None:
    """Name the tasks whose merged work it did not go together with."""
    for other in others:
        put(f"    not together with {other['key']}: {plain(other['title'])}")


def _show_left(attempt: dict[str, Any]) -> None:
    """Show what its agent left for others; its words, told by nobody else."""
    for text in attempt["for_constitution"]:
        put(f"    for the constitution: {plain(text)}")
    for each in attempt["technical_decisions"]:
        why = f", because {plain(each['reason'])}" if each["reason"] else ""
        put(f"    decided: {plain(each['decision'])}{why}")


def _show_pulls(pulls: Sequence[dict[str, Any]]) -> None:
    for pull in pulls:
        reason = f", {plain(pull['reason'])[:200]}" if pull["reason"] else ""
        put(f"  pull request {pull['number']}: {pull['status']}{reason}")
    if pulls and pulls[-1]["status"] == "open":
        put(f"    look at it: fleet pr show {pulls[-1]['number']}")


def _show_kept(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        put(f"  kept at {row['sha'][:12]} {plain(row['ref'])}: {plain(row['why'])[:200]}")
        put(f"    look at it: {plain(row['look'])}")


def _show_swap(swap: dict[str, Any] | None) -> None:
    if swap is None:
        return
    if swap["to"] is None:
        put(f"    swap       {swap['kind']}: nobody has taken over yet")
        return
    at = clock(swap["at"])
    put(f"    swap       {swap['kind']}: to {swap['to']} at {at}, {swap['seconds_lost']} s lost")
    put(f"               carried over: {plain(swap['carried'])}")


def _show_escalation(escalation: dict[str, Any] | None) -> None:
    if escalation is None:
        return
    put("  what now:")
    for text in escalation["recommendations"]:
        put(f"    - {plain(text)}")
