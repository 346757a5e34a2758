"""`fleet pr merge` and `revert`: what moves the target, shown before it is asked for."""

from typing import TYPE_CHECKING, Any

import typer

from fleet.cli.output import confirm, document, plain, put, say
from fleet.cli.place import DryRun, Json, Yes, opened, pen, stopped
from fleet.cli.pr_diff import Number, project_of
from fleet.domain.errors import FleetError

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.domain.merge import PullRequest
    from fleet.ports import Conflict

_NAMED = 20


def register(app: typer.Typer) -> None:
    """Add the commands to `fleet pr`."""
    app.command()(merge)
    app.command()(revert)


def refuse_moved(office: "Office", pull: "PullRequest", *, sha: str | None) -> None:
    """Refuse a yes where the branch is not at the commit that was verified."""
    from fleet.app.stations import review
    from fleet.bootstrap import worktrees

    at = worktrees(office).head(project_of(office, pull), pull.branch)
    review.unmoved(pull, at=at, sha=sha)


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
        refuse_moved(office, pull, sha=None)
        foreseen = _foreseen_merge(office, pull)
        _tell(foreseen, dry_run=dry_run, json=json)
        if dry_run:
            return
        confirm(f"Merge pull request {number}?", yes=yes)
        # before the approval: a yes must not stay behind unmerged
        said = stopped(office, pull.task)
        if said:
            raise FleetError(f"pull request {number} is not merged", remedy=said)
        runtime(office).ping()
        review.approve(number, pen(office))
        order = running.order_for(office, keys=[pull.task], merges_only=True)
        running.run_or_follow(office, order, what=f"fleet pr merge {number}", quiet=json)
        pull = office.ledger.pull_request(number)
        # stopped on the way
        why = "" if pull.merged_sha else pull.reason or stopped(office, pull.task)
    _tell_end(pull, why, json=json)
    if pull.merged_sha is None:
        raise typer.Exit(1)


def _tell_end(pull: "PullRequest", why: str, *, json: bool) -> None:
    if json:
        told = {"number": pull.number, "status": pull.status.value}
        document(told | {"merged_sha": pull.merged_sha, "reason": why})
        return
    where = pull.merged_sha or plain(why)
    put(f"pull request {pull.number}: {pull.status}" + (f", {where}" if where else ""))


def revert(
    ctx: typer.Context,
    number: Number,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add a task that takes a merged pull request back: made by git, checked, merged like any."""
    from fleet.app.stations import reverts

    with opened(ctx) as office:
        pull = reverts.revertible(number, pen(office))
        foreseen = _foreseen_revert(office, pull)
        _tell(foreseen, dry_run=dry_run, json=json)
        if dry_run:
            return
        confirm(f"Take pull request {number} back?", yes=yes)
        task = reverts.revert(number, office.fleet, pen(office))
    document({"key": task.key, "reverts": number}) if json else put(task.key)
    say(f"a running coordinator does it; or `fleet run {task.key}`")


def _tell(foreseen: dict[str, Any], *, dry_run: bool, json: bool) -> None:
    """Show what would be done: as the answer of a dry run, else on the way to the question."""
    if json:
        if dry_run:
            document(foreseen)
        return
    told = put if dry_run else say
    told(plain(foreseen["what"]))
    told(plain(foreseen["how"]))
    for path in foreseen["files"][:_NAMED]:
        told(f"  {plain(path)}")
    more = len(foreseen["files"]) - _NAMED
    if more > 0:
        told(f"  ... and {more} more files")


def _foreseen_merge(office: "Office", pull: "PullRequest") -> dict[str, Any]:
    """Answer what a merge would do now; nothing moves."""
    from fleet.bootstrap import worktrees
    from fleet.ports import Entry

    git, project = worktrees(office), project_of(office, pull)
    entry = Entry(head=pull.head, message=pull.title, at=pull.created)
    chain = git.chained(project, tip=git.tip(project), entries=[entry])
    changed = [change.path for change in git.diff(project, pull.base, pull.head)]
    blocked = git.target_blocked(project)
    how = "it merges cleanly; it is checked as merged tip before the target moves"
    how = f"it would wait: {blocked}" if blocked else how
    what = f"#{pull.number} {pull.branch} at {pull.head[:12]} -> {pull.target} of {pull.project}"
    return _foreseen(what, how, changed, chain.conflict)


def _foreseen_revert(office: "Office", pull: "PullRequest") -> dict[str, Any]:
    """Answer what taking it back would do now; nothing moves."""
    from fleet.bootstrap import worktrees
    from fleet.ports import Conflict

    git, project = worktrees(office), project_of(office, pull)
    tip, merged = git.tip(project), pull.merged_sha or ""
    made = git.reverted(project, tip=tip, merged=merged, message=pull.title, at=pull.created)
    what = f"take #{pull.number} ({pull.task}, {merged[:12]}) back from {pull.target}"
    if isinstance(made, Conflict):
        return _foreseen(what, "", [], made)
    changed = [change.path for change in git.diff(project, tip, made.sha)]
    how = "it applies cleanly" if changed else "nothing of it is left to take back"
    return _foreseen(what, how, changed, None)


def _foreseen(
    what: str, how: str, changed: list[str], conflict: "Conflict | None"
) -> dict[str, Any]:
    if conflict is not None:
        how = "it is in conflict with the target: an agent would get the task, with both sides"
        changed = list(conflict.files)
    return {"what": what, "how": how, "clean": conflict is None, "files": changed}
