"""`fleet pr diff` and `checkout`: what a pull request changes, to be read and to be tried."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import document, plain_lines, put, say
from fleet.cli.place import Json, opened
from fleet.domain.errors import ConfigError, WorkspaceError

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.domain.merge import PullRequest
    from fleet.domain.profile import Project

Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1)]
_SHOWN = 1_000_000  # characters: more is read in an editor


def register(app: typer.Typer) -> None:
    """Add the commands to `fleet pr`."""
    app.command()(diff)
    app.command()(checkout)


def diff(
    ctx: typer.Context,
    number: Number,
    stat: Annotated[bool, typer.Option("--stat", help="Only files and counts.")] = False,
    json: Json = False,
) -> None:
    """Show what a pull request changes; in colour on a terminal, up to a million characters."""
    from fleet.bootstrap import worktrees

    with opened(ctx) as office:
        pull = office.ledger.pull_request(number)
        git, project = worktrees(office), project_of(office, pull)
        if stat:
            text = "" if json else git.stat(project, pull.base, pull.head)
        else:
            text = git.patch(project, pull.base, pull.head, limit=_SHOWN)
        files = seen_by_git(office, pull)["files"] if json else None
    cut = len(text) >= _SHOWN
    if json:
        which = {"number": pull.number, "base": pull.base, "head": pull.head}
        document({**which, "files": files, "diff": None if stat else text, "cut": cut})
    else:
        _show(text)
    if cut:
        whole = f"git -C {shlex.quote(project.path)} diff {pull.base}...{pull.head}"
        say(f"cut after {_SHOWN} characters; all of it: {whole}")


def checkout(
    ctx: typer.Context,
    number: Number,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A new folder; default ./TASK.")
    ] = None,
) -> None:
    """Make a worktree of your own at exactly the commit in review, to try it."""
    from fleet.bootstrap import worktrees

    with opened(ctx) as office:
        pull = office.ledger.pull_request(number)
        project = project_of(office, pull)
        folder = (directory or Path(pull.task.lower())).expanduser().absolute()
        worktrees(office).check_out(project, pull.head, folder=str(folder))
    put(str(folder))
    gone = f"git -C {shlex.quote(project.path)} worktree remove {shlex.quote(str(folder))}"
    say(f"at {pull.head[:12]}, detached; an agent wrote it: look before you run it")
    say(f"when you are done: {gone}")


def seen_by_git(office: "Office", pull: "PullRequest") -> dict[str, Any]:
    """Answer `files`, None where project or commit are gone, and `moved`.

    That is where the branch stands while it is not at what was verified, else None.
    """
    from fleet.app import views
    from fleet.bootstrap import worktrees

    try:
        git, project = worktrees(office), project_of(office, pull)
        found = views.file_rows(git.diff(project, pull.base, pull.head))
        at = None if pull.closed else git.head(project, pull.branch)
    except (ConfigError, WorkspaceError):
        return {"files": None, "moved": None}
    return {"files": found, "moved": None if at == pull.head else at}


def project_of(office: "Office", pull: "PullRequest") -> "Project":
    """Answer the pull request's project; raises ConfigError where fleet.yaml has it no more."""
    project = office.fleet.projects.get(pull.project)
    if project is None:
        raise ConfigError(f"project {pull.project} is not in fleet.yaml", remedy="name it there")
    return project


def _show(text: str) -> None:
    from rich.console import Console

    lines = plain_lines(text.rstrip("\n"))
    console = Console()
    if not console.is_terminal or console.no_color:
        for line in lines:
            put(line)
        return
    from rich.syntax import Syntax

    told = Syntax("\n".join(lines), "diff", theme="ansi_dark", background_color="default")
    console.print(told, soft_wrap=True)
