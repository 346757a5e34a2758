"""Credentials read from where their owner keeps them, and checked; no message repeats one."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleet.adapters.plain_files import NotPlainError, first_bytes
from fleet.domain.agent import Credential, CredentialKind
from fleet.domain.errors import CredentialError
from fleet.domain.profile import Account

LARGEST = 64 * 1024
ENVIRONMENT = "environment"

_TOKENS = frozenset({CredentialKind.API_KEY, CredentialKind.OAUTH_TOKEN})
_TOKEN = re.compile(r"[!-~]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# a value of such a name is secret however short; others, such as ids, from a length on at which
# they do not occur in ordinary text
_SECRET_NAME = re.compile(r"(?i)key|token|secret|pass|credential|auth")
_SHORTEST_NAMED, _SHORTEST_OTHER = 8, 20


def secret_files(account: Account, variables: Mapping[str, str]) -> dict[str, str]:
    """Answer what an account's agent is given, by file name; raises CredentialError.

    `variables` is the coordinator's environment.
    """
    files: dict[str, str] = {}
    if account.credential is not None:
        files[account.credential.kind.value] = _credential(account, account.credential, variables)
    if account.env_passthrough:
        files[ENVIRONMENT] = _environment(account, variables)
    return files


def secrets_in(files: Mapping[str, str]) -> set[str]:
    """Answer the values in such files that must not be seen anywhere else."""
    found: set[str] = set()
    for name, text in files.items():
        leaves = [(name, text)] if name in _TOKENS else _leaves(json.loads(text))
        for key, value in leaves:
            named = name in _TOKENS or _SECRET_NAME.search(key)
            if len(value) >= (_SHORTEST_NAMED if named else _SHORTEST_OTHER):
                found |= _forms(value)
    return found


def _forms(value: str) -> set[str]:
    """Answer a secret as it may be met: whole, inside of JSON, and line by line."""
    lines = (line.strip() for line in value.splitlines())
    long = {line for line in lines if len(line) >= _SHORTEST_OTHER}
    return {value, json.dumps(value)[1:-1], *long}


def _leaves(value: object) -> Iterator[tuple[str, str]]:
    """Yield each text of a JSON document with the key it stands under."""
    ahead = [("", value)]
    while ahead:
        key, here = ahead.pop()
        if isinstance(here, dict):
            ahead += here.items()
        elif isinstance(here, list):
            ahead += [(key, item) for item in here]
        elif isinstance(here, str):
            yield key, here


def _credential(account: Account, credential: Credential, variables: Mapping[str, str]) -> str:
    text = _found(account, credential, variables)
    fault = _fault(credential.kind, text)
    if fault:
        raise _refused(account, credential, fault)
    return text.strip()


def _found(account: Account, credential: Credential, variables: Mapping[str, str]) -> str:
    if credential.env is not None:
        if not variables.get(credential.env, "").strip():
            raise _refused(account, credential, "is not set where fleet runs")
        return variables[credential.env]
    try:
        raw = first_bytes(Path(credential.file or ""), LARGEST + 1, links=True)
    except NotPlainError as error:
        raise _refused(account, credential, "is no plain file") from error
    except OSError as error:
        raise _refused(account, credential, f"cannot be read: {error.strerror}") from error
    if not raw.strip():
        raise _refused(account, credential, "is empty")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # not chained: the error holds the bytes
        raise _refused(account, credential, "is no UTF-8 text") from None


def _fault(kind: CredentialKind, text: str) -> str:
    """Answer what is wrong with a credential, "" when nothing is."""
    if _size(text) > LARGEST:
        return f"is larger than {LARGEST // 1024} KiB"
    if kind in _TOKENS:
        return "" if _TOKEN.fullmatch(text.strip()) else f"is no {kind}: it is not one plain word"
    told = _object(text)
    if not told:
        return f"is malformed: an {kind} is a JSON object"
    if kind is CredentialKind.AUTH_FILE or _is_environment(told):
        return ""
    return f"is malformed: {kind} is a JSON object of environment variables, all texts"


def _size(text: str) -> int:
    # an environment may hold bytes that are no text
    return len(text.encode(errors="surrogateescape"))


def _object(text: str) -> dict[str, object] | None:
    try:
        text.encode()
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _is_environment(told: Mapping[str, object]) -> bool:
    return all(
        _VARIABLE.fullmatch(name) and isinstance(value, str) and "\0" not in value
        for name, value in told.items()
    )


def _environment(account: Account, variables: Mapping[str, str]) -> str:
    missing = sorted(name for name in account.env_passthrough if name not in variables)
    if missing:
        raise CredentialError(
            f"account {account.name}: env_passthrough {', '.join(missing)} is not set",
            remedy="set it where fleet runs, or take it out of env_passthrough",
        )
    text = json.dumps({name: variables[name] for name in account.env_passthrough})
    if _size(text) > LARGEST:
        raise CredentialError(
            f"account {account.name}: env_passthrough is larger than {LARGEST // 1024} KiB",
            remedy="pass fewer variables",
        )
    return text


def _refused(account: Account, credential: Credential, fault: str) -> CredentialError:
    source = "export it" if credential.env is not None else "write it there"
    return CredentialError(
        f"account {account.name}: the credential in {credential.place} {fault}",
        remedy=f"{source} as a valid {credential.kind}, or correct `credential` in fleet.yaml",
    )
