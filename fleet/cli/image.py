"""`fleet image`: build and list what agents run in."""

from pathlib import Path
from typing import Annotated

import typer

from fleet.cli.output import clock, document, plain, put, table, told
from fleet.cli.place import Json, opened
from fleet.domain.errors import ConfigError
from fleet.domain.image import SMALL, USUAL

app = typer.Typer(no_args_is_help=True)

# what is built when nothing else is said, and how an image with the SDK alone is asked for
_USUAL = "claude,codex,gemini,opencode"
_SMALL = ("command",)
_NOT_SERVED = {"crush": "its npm package fetches the program from elsewhere while it is installed"}


@app.command()
def build(
    ctx: typer.Context,
    agents: Annotated[str, typer.Option(help="Which CLIs, separated by commas.")] = _USUAL,
    base: Annotated[str, typer.Option(help="The image to build on.")] = "fleet-base:bookworm",
    ca_bundle: Annotated[
        Path | None, typer.Option(help="Certificates to trust while building.")
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(help="Its name; fleet-agent:latest, or fleet-agent:small for command alone."),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Build what the dockerfile of this project describes."),
    ] = None,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="Build the proxy of profiles with network: egress.")
    ] = False,
) -> None:
    """Build the agent image, a project's own, or the proxy's; at once when nothing changed."""
    from fleet.bootstrap import images, proxy_built

    if proxy:
        put(proxy_built(base, ca_bundle=ca_bundle, told=told))
        return
    if project is not None:
        _build_project(ctx, project)
        return
    chosen = chosen_agents(agents)
    named = tag or (SMALL if chosen == _SMALL else USUAL)
    made = images().build(named, base=base, agents=chosen, ca_bundle=ca_bundle, told=told)
    put(f"{named} {made}")


def _build_project(ctx: typer.Context, key: str) -> None:
    from fleet.bootstrap import project_images, worktrees
    from fleet.config.problems import nearest

    with opened(ctx) as office:
        known = office.fleet.projects
        if key not in known:
            raise ConfigError(f"there is no project {plain(key)!r}{nearest(key, known)}")
        if known[key].dockerfile is None:
            raise ConfigError(f"project {key} names no dockerfile", remedy="see fleet.yaml")
        worktrees(office).validate(known[key])
        put(f"{project_images(office).ready(known[key], told).image} stands")


def chosen_agents(text: str) -> tuple[str, ...]:
    """Answer the programs that the named agents need; raises ConfigError for an unknown one."""
    from fleet.config.problems import nearest
    from fleet.domain.agent import AGENTS

    programs = set()
    for name in filter(None, (word.strip() for word in text.split(","))):
        if name in _NOT_SERVED:
            raise ConfigError(f"{name} cannot be put into the image: {_NOT_SERVED[name]}")
        if name not in AGENTS:
            raise ConfigError(f"there is no agent {plain(name)!r}{nearest(name, AGENTS)}")
        programs.add(AGENTS[name].program)
    if not programs:
        raise ConfigError("--agents names no agent", remedy="`command` asks for the SDK alone")
    return tuple(sorted(programs - {*_SMALL})) or _SMALL


@app.command("list")
def list_(json: Json = False) -> None:
    """Show the agent images of this engine and the versions of the CLIs inside."""
    from fleet.bootstrap import images

    rows = images().list()
    if json:
        document(rows)
        return
    shown = [
        {**row, "created": clock(str(row["created"])), "agents": _listed(row["agents"])}
        for row in rows
    ]
    table(shown, ("tag", "id", "created", "agents", "size_mb"))


def _listed(agents: object) -> list[str]:
    pairs = agents.items() if isinstance(agents, dict) else ()
    return [f"{name} {version}" if version else name for name, version in pairs]
