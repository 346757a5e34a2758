"""Reads a credential's files: which kind it is, and that it holds what its kind promises."""

import json
import re
from collections.abc import Mapping

from fleet_agent.clis.model import BadSecretError

ENVIRONMENT = "environment"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST_KEY = 3000
_OURS = "FLEET_"


def kind_among(secrets: Mapping[str, str], taken: tuple[str, ...]) -> str | None:
    """Return which of the kinds that a CLI takes is there; None when there is none.

    Raises BadSecretError for a kind that it does not take, and for two of them: which one is used
    decides who pays.
    """
    kinds = sorted(set(secrets) - {ENVIRONMENT})
    for kind in kinds:
        if kind not in taken:
            raise BadSecretError(f"credential {kind} does not fit this agent: {', '.join(taken)}")
    if len(kinds) > 1:
        raise BadSecretError(f"one credential is needed, not {' and '.join(kinds)}")
    return kinds[0] if kinds else None


def one_line(secrets: Mapping[str, str], kind: str) -> str:
    """Return a key or token without the white space around it; raises BadSecretError."""
    key = secrets[kind].strip()
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadSecretError(f"credential {kind} must be one line of printable ASCII")
    if " " in key:
        raise BadSecretError(f"credential {kind} must not hold spaces")
    return key


def document(secrets: Mapping[str, str], kind: str) -> Mapping[str, object]:
    """Return the JSON object of a credential; raises BadSecretError."""
    try:
        value = json.loads(secrets[kind])
    except (ValueError, RecursionError) as error:
        # the parser's own message may quote what the file holds
        raise BadSecretError(f"credential {kind} is not JSON") from error
    if not isinstance(value, dict):
        raise BadSecretError(f"credential {kind} must be a JSON object")
    return value


def variables(secrets: Mapping[str, str], kind: str = ENVIRONMENT) -> dict[str, str]:
    """Return the variables that a credential's JSON object names; empty when it is not there.

    Raises BadSecretError.
    """
    if kind not in secrets:
        return {}
    found: dict[str, str] = {}
    for name, value in document(secrets, kind).items():
        if not _VARIABLE.match(name) or name.startswith(_OURS):
            raise BadSecretError(f"credential {kind} must hold names of variables only")
        if not isinstance(value, str) or "\0" in value:
            raise BadSecretError(f"credential {kind}: {name} must be a text without NUL")
        found[name] = value
    return found
