"""`fleet demo`: the whole way on a sample repository, without a key and without network."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import document, put, say
from fleet.cli.place import Json, opened_at, pen
from fleet.domain.task import Review

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.config.story import Story

IMAGE = "fleet-agent:small"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(demo)


def demo(
    story: Annotated[str, typer.Option("--story", metavar="NAME")] = "night",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the home to look around.")] = False,
    json: Json = False,
) -> None:
    """Play a night on a sample repository; exit 0 when every task ends as the story says."""
    from fleet.app import views
    from fleet.config.story import load_story

    told = load_story(story)
    began = time.monotonic()
    with _folder(keep=keep) as folder:
        _laid_out(told, folder)
        with opened_at(folder) as office:
            expected = _added(told, office)
            summary = _played(office, expected, quiet=json)
            since = min(task.created for task in office.ledger.tasks())
            now = office.clock.now()
            around = views.Around()
            report = views.report(office.ledger, office.fleet, since=since, now=now, around=around)
        summary["seconds"] = round(time.monotonic() - began, 1)
        summary["swaps"] = report["swaps"]
    _told(summary, report, json=json)
    if any(task["status"] != task["expected"] for task in summary["tasks"]):
        raise typer.Exit(1)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fleet-demo-"))
    try:
        yield folder
    finally:
        if keep:
            say(f"the demo's home is kept: {folder}")
        else:
            shutil.rmtree(folder)


def _laid_out(story: "Story", folder: Path) -> None:
    """Make the sample a repository and the folder a home on it."""
    from fleet.bootstrap import home_made
    from fleet.config.story import lay_out

    sample = lay_out(story, folder, image=IMAGE)
    git = ["git", "-C", str(sample), "-c", "user.name=demo", "-c", "user.email=demo@localhost"]
    steps = (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "The sample"])
    for step in steps:
        subprocess.run([*git, *step], check=True, capture_output=True)
    for _ in home_made(folder, [], take_over=False):
        pass
    say(f"a sample repository with {len(story.tasks)} tasks; agents are scripts, no key is needed")


def _added(story: "Story", office: "Office") -> dict[str, str]:
    """Add the story's tasks; answer the status each key must end with."""
    from fleet.app.stations import intake

    keys: dict[str, str] = {}
    expected: dict[str, str] = {}
    for task in story.tasks:
        wish = intake.Wish(
            title=task.title,
            project=story.project,
            goal=task.goal,
            accept=task.accept,
            profile=task.profile,
            depends=tuple(keys[name] for name in task.depends),
            max_retries=task.max_retries,
            review=Review.AUTO,
        )
        keys[task.name] = intake.add(wish, office.fleet, pen(office)).key
        expected[keys[task.name]] = task.expected.value
    return expected


def _played(office: "Office", expected: dict[str, str], *, quiet: bool) -> dict[str, Any]:
    from fleet.app import views
    from fleet.cli import running

    running.run_or_follow(office, running.order_for(office), what="fleet demo", quiet=quiet)
    cost = sum(row.micros for row in office.ledger.settlements())
    summary = views.run_summary(list(expected), office.ledger, office.fleet, seconds=0, cost=cost)
    for task in summary["tasks"]:
        task["expected"] = expected[task["key"]]
    return summary


def _told(summary: dict[str, Any], report: dict[str, Any], *, json: bool) -> None:
    from fleet.app import views
    from fleet.cli.report import show_swaps
    from fleet.cli.run import show_summary

    if json:
        document(summary)
        return
    # the receipts come last, drawn for the terminal
    put(views.report_markdown({**report, "swaps": []}))
    put("")
    show_summary(summary)
    as_told = all(task["status"] == task["expected"] for task in summary["tasks"])
    put("every task ended as the story says" if as_told else "not every task ended as expected")
    if summary["swaps"]:
        put("")
        show_swaps(summary["swaps"])
