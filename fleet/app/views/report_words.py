"""The report in words, as Markdown for a person; times by the clock of this machine."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from fleet.app.views.row import Row
from fleet.domain.words import age, lines_of

_SECTIONS = {
    "done": "Merged",
    "waiting": "Waits for you, or for another task",
    "merging": "On its way into the target",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "running": "Running",
    "ready": "Ready",
    "backlog": "Backlog",
}
_MARKS = "\\`<[|"  # begin code, a tag, a link, a cell; the first would undo an escape
_SPENDERS = {"accounts": "account", "projects": "project", "owners": "owner"}


def report_markdown(view: Row) -> str:
    """Word a report for a person."""
    lines = [f"# Fleet report since {_clock(view['since'])}", "", f"Spent: {view['cost_usd']} USD"]
    if view["halted"]:
        lines += ["", f"**Now:** {_plain(view['halted'])}"]
    lines += _review(view["review"])
    for status, heading in _SECTIONS.items():
        rows = [row for row in view["tasks"] if row["status"] == status]
        if rows:
            lines += ["", f"## {heading} ({len(rows)})", ""]
            lines += [_task_line(row) for row in rows]
    if not view["tasks"] and not view["review"]:
        lines += ["", "Nothing moved."]
    lines += [*_swaps(view["swaps"]), *_money(view), *_troubles(view)]
    return "\n".join([*lines, *_memory(view["memory"])])


def _review(rows: Sequence[Row]) -> Iterator[str]:
    """Tell what waits for a person, first of all: with the risks that policy noticed of it."""
    if not rows:
        return
    yield from ("", f"## Waits for your review ({len(rows)})", "")
    for row in rows:
        title = f"**#{row['number']}** {row['task']} {_plain(row['title'])}"
        told = f"{lines_of(row['size'])}, {age(row['age_seconds'])} old, {row['cost_usd']} USD"
        yield f"- {title} ({told}): {_plain(row['waits'])}"
        yield from (f"  - risk: {_plain(risk)}" for risk in row["risk"])
    yield from ("", "`fleet pr show N`, then `pr approve`, `pr comment` or `pr reject`.")


def _task_line(row: Row) -> str:
    number = f", pull request {row['pr']}" if row["pr"] else ""
    tries = f"{row['attempts']} attempt{'' if row['attempts'] == 1 else 's'}"
    reason = f": {_plain(row['reason'])}" if row["reason"] else ""
    return f"- **{row['key']}** {_plain(row['title'])} ({tries}{number}){reason}"


def _swaps(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"## Swaps ({len(rows)})", "")
    names = ("when", "task", "from", "to", "kind", "why", "carried", "seconds lost")
    yield from _table(
        names,
        (
            (
                _clock(row["at"]),
                row["task"],
                row["from"],
                row["to"],
                f"{row['trigger']}: {row['kind']}",
                row["why"],
                row["carried"],
                row["seconds_lost"],
            )
            for row in rows
        ),
    )


def _money(view: Row) -> Iterator[str]:
    if view["spend"]["accounts"]:
        yield from ("", "## Money", "")
        names = ("who", "name", "USD", "of it estimated", "requests", "attempts")
        yield from _table(
            names,
            (
                (
                    who,
                    row["name"] or "-",
                    row["cost_usd"],
                    row["estimated_usd"],
                    row["requests"],
                    row["attempts"],
                )
                for group, who in _SPENDERS.items()
                for row in view["spend"][group]
            ),
        )
    if view["overspends"]:
        yield from ("", "Beyond what was reserved:", "")
        for row in view["overspends"]:
            spent = f"{row['cost_usd']} USD instead of {row['reserved_usd']}"
            yield f"- {row['attempt']} ({row['account']}): {spent}"


def _troubles(view: Row) -> Iterator[str]:
    if view["accounts"]:
        yield from ("", "## Accounts that stand still", "")
        for row in view["accounts"]:
            until = f", until {_clock(row['until'])}" if row["until"] else ""
            yield f"- **{row['account']}** {row['state']}{until}: {_plain(row['reason'])}"
    if view["storms"]:
        yield from ("", "## Storms", "")
        yield from (f"- {_clock(row['at'])} {_plain(row['what'])}" for row in view["storms"])


def _memory(news: Row) -> Iterator[str]:
    """Tell what was learnt, and what a person may do about it; all counts in one line."""
    changes = ("proposed", "added", "quarantined", "refused")
    told = ", ".join(f"{news[name]} {name}" for name in changes if news[name])
    yield from ("", "## Memory", "")
    yield f"Lessons: {told or 'no change'}; autosave is {news['autosave']}."
    if news["waiting"]:
        yield from ("", f"{news['waiting']} wait for you: `fleet memory list --status proposed`,")
        yield "then `fleet memory accept ID` or `fleet memory forget ID`."


def _table(names: Sequence[str], rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(_plain(cell) for cell in row)} |"


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M %Z}"


def _plain(text: object) -> str:
    """Answer text that is shown as it is: agents wrote some of it.

    It cannot link, quote code or a tag, or break a table: what would begin that is escaped.
    """
    shown = (c if c.isprintable() else " " for c in str(text))
    return "".join(f"\\{c}" if c in _MARKS else c for c in shown)
