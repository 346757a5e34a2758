"""`fleet profile`: which agents there are, for which roles."""

from dataclasses import asdict

import typer

from fleet.cli.output import document, plain, put, say, table
from fleet.cli.place import Json
from fleet.domain.errors import NotFoundError

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """Show the profiles of this home."""
    from fleet.config import load_fleet, read_settings

    fleet = load_fleet(read_settings(ctx.find_root().obj).home)
    rows = [
        {
            "name": p.name,
            "agent": p.agent,
            "model": p.model,
            "roles": list(p.roles),
            "priority": p.priority.value,
            "max_turns": p.max_turns,
        }
        for p in fleet.profiles.values()
    ]
    if json:
        document(rows)
    else:
        table(rows, ("name", "agent", "model", "roles", "priority", "max_turns"))


@app.command()
def show(ctx: typer.Context, name: str, json: Json = False) -> None:
    """Show one profile with all its settings."""
    from fleet.config import load_fleet, read_settings

    fleet = load_fleet(read_settings(ctx.find_root().obj).home)
    if name not in fleet.profiles:
        known = ", ".join(sorted(fleet.profiles))
        raise NotFoundError(f"no profile {name}", remedy=f"profiles: {known}")
    view = asdict(fleet.profiles[name])
    if json:
        document(view)
        return
    for field, value in view.items():
        put(f"{field + ':':<22}{_shown(value)}")


def _shown(value: object) -> str:
    """Answer a setting for a person; "-" where it is not set."""
    if value is None or value in ("", ()):
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(each)}" for key, each in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return plain(value)


@app.command()
def check(ctx: typer.Context) -> None:
    """Read all YAML of the home and say what is wrong or unwise; look for the credentials."""
    from fleet.bootstrap import credential_fault
    from fleet.config import check_profiles, load_fleet, read_settings

    settings = read_settings(ctx.find_root().obj)
    fleet = load_fleet(settings.home)
    for warning in check_profiles(fleet):
        say(f"warning: {warning}")
    for account in fleet.accounts.values():
        fault = credential_fault(settings, account)
        if fault is not None:
            say(f"warning: {fault}")
    put(f"{len(fleet.profiles)} profiles, {len(fleet.projects)} projects: no error")
