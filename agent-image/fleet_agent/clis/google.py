"""Lays out a Google account that a credential holds whole, for CLIs that call Vertex AI."""

from collections.abc import Mapping
from pathlib import Path

# where Google's libraries look by themselves
ACCOUNT = ".config/gcloud/application_default_credentials.json"
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"


def laid_out(found: Mapping[str, str], home: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return a cloud's variables and the files they name.

    GOOGLE_APPLICATION_CREDENTIALS may hold the account itself: no path of the host means anything
    in the container.
    """
    account = found.get(_VARIABLE, "").strip()
    if not account.startswith("{"):
        return dict(found), {}
    return {**found, _VARIABLE: str(home / ACCOUNT)}, {ACCOUNT: account}
