"""`fleet image`: build and list what agents run in."""

from pathlib import Path
from typing import Annotated

import typer

from fleet.cli.output import document, put, say, table
from fleet.cli.place import Json
from fleet.domain.errors import ConfigError

app = typer.Typer(no_args_is_help=True)


@app.command()
def build(
    agents: Annotated[str, typer.Option(help="Which CLIs, separated by commas.")] = "command",
    base: Annotated[str, typer.Option(help="The image to build on.")] = "fleet-base:bookworm",
    ca_bundle: Annotated[
        Path | None, typer.Option(help="Certificates to trust while building.")
    ] = None,
    tag: str = "fleet-agent:small",
) -> None:
    """Build the agent image; at once when nothing changed."""
    from fleet.bootstrap import images

    if agents != "command":
        raise ConfigError(
            f"this version builds --agents command only, not {agents!r}",
            remedy="scripted agents run in the small image",
        )
    built = images().build(base=base, tag=tag, ca_bundle=ca_bundle, on_line=say)
    put(f"{tag} {built}")


@app.command("list")
def list_(json: Json = False) -> None:
    """Show the agent images of this engine."""
    from fleet.bootstrap import images

    rows = images().list()
    if json:
        document(rows)
    else:
        table(rows, ("tag", "id", "created", "agents", "size_mb"))
