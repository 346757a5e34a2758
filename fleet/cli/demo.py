"""`fleet demo`: the whole way on a sample repository, without a key and without network."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
