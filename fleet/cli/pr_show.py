"""How pull requests are shown to a reviewer: the list, and the page of one."""

from collections.abc import Iterator, Sequence
from typing import Any

from fleet.cli.output import clock, plain, plain_lines, put, table
from fleet.domain.words import age, lines_of

_SUMMARY = 40  # lines of what an agent or a person wrote
_FILES = 40
_SHA = 12
_NEXT = "fleet pr diff {number}, pr checkout {number}; then pr approve, comment or reject {number}"
_COLUMNS = ("number", "task", "status", "age", "size", "risks", "title", "waits")


def show_list(rows: Sequence[dict[str, Any]]) -> None:
    """Show pull requests as a table."""
    shown = [
        {
            **row,
            "age": age(row["age_seconds"]),
            "risks": len(row["risk"]),
            "waits": row["waits"] or row["reason"] or (row["merged_sha"] or "")[:_SHA],
        }
        for row in rows
    ]
    table(shown, _COLUMNS)


def show_page(view: dict[str, Any]) -> None:
    """Show one pull request: what matters for a yes or a no stands first."""
    for line in _page(view):
        put(line)


def _page(view: dict[str, Any]) -> Iterator[str]:
    yield from _head(view)
    yield from _section("risks", [f"! {plain(risk)}" for risk in view["risk"]])
    yield from _section("goal", _bounded(view["goal"]))
    yield from _section("acceptance criteria", [_criterion(one) for one in view["accept"]])
    yield from _section("the agent says (nobody checked it)", _bounded(view["summary"]))
    yield from _section("verdicts", list(_verdicts(view)))
    yield from _section("changes", list(_files(view)))
    yield from _section("attempts", list(_attempts(view)))
    yield from _section("lessons it was handed over", [plain(each) for each in view["lessons"]])
    yield from _if_any("earlier pull requests", list(_earlier(view["earlier"])))
    yield from _if_any("comments", _said(view["comments"]))
    yield from _if_any("reviewers", [plain(who) for who in view["reviewers"]])
    if view["status"] == "open":
        yield ""
        yield _NEXT.format(number=view["number"])


def _head(view: dict[str, Any]) -> Iterator[str]:
    yield f"#{view['number']}  {plain(view['title'])}"
    status = f"{view['status']}: {plain(view['waits'] or view['reason'])}".rstrip(": ")
    yield f"  {status}"
    yield f"  {view['task']}, {plain(view['branch'])} -> {plain(view['target'])}"
    yield f"  verified at {view['head'][:_SHA]}, {clock(view['created'])}"
    if view["moved"]:
        yield f"  ! the branch is at {view['moved'][:_SHA]} now: nobody verified that"
    if view["merged_sha"]:
        beside = ", ".join(f"#{number}" for number in view["together"])
        yield f"  merged as {view['merged_sha'][:_SHA]}" + (f", with {beside}" if beside else "")
    if view["reverts"]:
        yield f"  takes back #{view['reverts']}"
    if view["reverted_by"]:
        yield f"  taken back by #{view['reverted_by']}"


def _section(heading: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"{heading}: {'' if lines else 'none'}".rstrip()
    yield from (f"  {line}" for line in lines)


def _if_any(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from _section(heading, lines)


def _criterion(one: dict[str, Any]) -> str:
    text = " ".join(plain(one["text"]).split())
    if one["check"] is None:
        return f"[ ] {text} (not shown by a check: look at it)"
    mark = "x" if one["shown"] else " "
    return f"[{mark}] {text} (check {plain(one['check'])}: {one['status']})"


def _verdicts(view: dict[str, Any]) -> Iterator[str]:
    for verdict in view["verdicts"]:
        yield _verdict(verdict, "alone" if verdict["where"] == "alone" else "as merged tip")
    if view["status"] == "evicted":
        yield from (_verdict(verdict, "merged into the target") for verdict in view["tried"])
    elif view["tried"]:
        count = len(view["tried"])
        yield f"and {count} of tries of the queue that did not land: they say nothing of this one"


def _verdict(verdict: dict[str, Any], where: str) -> str:
    notes = [f"{verdict['duration_seconds']:.1f} s"]
    notes += ["flaky: green when it was repeated"] if verdict["flaky"] else []
    notes += [f"known from {verdict['source']}, same tree"] if verdict["source"] else []
    notes += [plain(verdict["error"])] if verdict["error"] else []
    notes += [f"log {plain(verdict['log'])}"] if verdict["log"] else []
    what = f"{plain(verdict['name'])} {where} at {verdict['sha'][:_SHA]}"
    return f"{verdict['status']:<7} {what} ({', '.join(notes)})"


def _files(view: dict[str, Any]) -> Iterator[str]:
    files = view["files"]
    if files is None:
        yield "git does not have them any more"
        return
    yield from (_file(each) for each in files[:_FILES])
    if len(files) > _FILES:
        yield f"... and {len(files) - _FILES} more files: fleet pr diff {view['number']} --stat"
    count = f"{len(files)} file" if len(files) == 1 else f"{len(files)} files"
    yield f"{count}, {lines_of(view['size'])}"


def _file(each: dict[str, Any]) -> str:
    moved = f" (was {plain(each['old_path'])})" if each["old_path"] else ""
    counts = "binary" if each["binary"] else f"+{each['added']} -{each['removed']}"
    return f"{each['change']:<7} {counts:>12}  {plain(each['path'])}{moved}"


def _attempts(view: dict[str, Any]) -> Iterator[str]:
    for row in view["attempts"]:
        who = f"{plain(row['profile'])}/{plain(row['account'])}"
        reason = plain(row["reason"])[:200]
        ended = ", ".join(dict.fromkeys(filter(None, (row["state"], reason))))
        yield f"{row['number']} {who}: {ended}, {row['cost_usd']} USD"
    for swap in view["swaps"]:
        yield f"swap at {clock(swap['at'])}: {swap['from']} -> {swap['to']}, {plain(swap['why'])}"
    yield f"{view['cost_usd']} USD in all"


def _earlier(pulls: Sequence[dict[str, Any]]) -> Iterator[str]:
    for pull in pulls:
        yield f"#{pull['number']} {pull['status']}: {plain(pull['reason'])[:500]}"
        yield from (f"  {line}" for line in _said(pull["comments"]))


def _said(comments: Sequence[str]) -> list[str]:
    return [line for text in comments for line in _bounded(text)]


def _bounded(text: str) -> list[str]:
    """Answer the lines of what somebody wrote, without control characters, as many as one reads."""
    lines = [line.rstrip() for line in plain_lines(text.strip())]
    lines = lines if any(lines) else []
    if len(lines) > _SUMMARY:
        left = len(lines) - _SUMMARY
        return [*lines[:_SUMMARY], f"... and {left} more lines: --json has them"]
    return lines
