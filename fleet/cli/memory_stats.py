"""`fleet memory stats`: what lessons there are, who is told them, and whether they help."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer

from fleet.cli.output import document, plain, put
from fleet.cli.place import Json, opened
from fleet.domain.errors import WorkspaceError
from fleet.domain.words import age

if TYPE_CHECKING:
    from fleet.bootstrap import Office

_SHOWN = 10  # lessons of each part


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    app.command()(stats)


def stats(ctx: typer.Context, json: Json = False) -> None:
    """Tell whether lessons help, with the interval; how they are used, how old they are."""
    from fleet.app import views

    with opened(ctx) as office:
        now, paths = office.clock.now(), _paths(office)
        view = views.memory_stats(office.ledger, office.fleet, now=now, paths=paths)
    if json:
        document(view)
        return
    for line in (*_counts(view), _uplift(view["uplift"]), *_parts(view)):
        put(plain(line))


def _paths(office: "Office") -> Mapping[str, frozenset[str]]:
    """Answer what stands in each project's target; one that cannot be read is left out."""
    from fleet.bootstrap import worktrees

    git, found = worktrees(office), {}
    for key, project in office.fleet.projects.items():
        with suppress(WorkspaceError):
            found[key] = git.paths(project, git.tip(project))
    return found


def _counts(view: Mapping[str, Any]) -> Iterator[str]:
    yield f"lessons:   {_numbered(view['lessons'])}; autosave {view['autosave']}"
    yield f"outcomes:  {_numbered(view['credits'])}"


def _numbered(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _uplift(told: Mapping[str, Any]) -> str:
    """Say what lessons are worth: green at the first check, told a lesson or held out."""
    groups = f"told {_share(told['given'])}, held out {_share(told['held_out'])}"
    if told["difference"] is None:
        return f"uplift:    not known yet: {told['note']} ({groups})"
    low, high = told["low"], told["high"]
    worth = f"{told['difference']:+.0%}, 95 % between {low:+.0%} and {high:+.0%}"
    return f"uplift:    {worth} ({groups})"


def _share(group: Mapping[str, Any]) -> str:
    return f"{group['verified_first']} of {group['tasks']} green at once"


def _parts(view: Mapping[str, Any]) -> Iterator[str]:
    for name, rows in (
        ("most told", view["used"]),
        ("never told", view["never_used"]),
        ("files gone", view["aged"]),
        ("quarantined", view["quarantined"]),
    ):
        if rows:
            yield f"{name}:"
            yield from _rows(rows)


def _rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows[:_SHOWN]:
        told = f", told {row['given']} times" if "given" in row else ""
        fared = f", {row['helpful']} helpful, {row['harmful']} harmful" if "helpful" in row else ""
        why = f": {row['reason']}" if row.get("reason") else ""
        yield f"  {row['id']}  {row['title']} ({age(row['age_seconds'])} old{told}{fared}){why}"
    if len(rows) > _SHOWN:
        yield f"  and {len(rows) - _SHOWN} more (--json names all)"
