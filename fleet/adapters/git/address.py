"""Where a project's remote is: looked up as plain text, and only what is safe to hand to git."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from fleet.adapters.git.command import text
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError

_PROTOCOLS = frozenset({"https", "ssh", "file"})
_ALLOWED = "an https, ssh or file address, or an absolute path"
# who logs in, with which password or token
_SECRETS = re.compile(r"(?<=://)[^/\s]+@|(?<=\?)\S+")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A remote as the user calls it; its two addresses may hold a password and are never shown."""

    name: str
    fetched: str = field(repr=False)
    pushed: str = field(repr=False)


def address_of(repository: Repository) -> Address:
    """Answer the project's remote, found by name in the repository's configuration or as it is.

    Raises WorkspaceError for what is neither, and for an address that git could take for a program
    to start.
    """
    named = repository.project.remote or ""
    fetched = _configured(repository, f"remote.{named}.url")
    pushed = _configured(repository, f"remote.{named}.pushurl") or fetched
    if len(pushed) > 1:
        raise WorkspaceError(
            f"remote {named} of {repository.project.path} has {len(pushed)} addresses to push to",
            remedy="name one of them as the project's `remote`",
        )
    name = named if fetched else without_secrets(named)
    return Address(
        name=name,
        fetched=_safe(repository, (*fetched, named)[0], name),
        pushed=_safe(repository, (*pushed, named)[0], name),
    )


def protocol_of(address: str) -> str | None:
    """Answer the protocol git will speak, None for one that is not allowed."""
    scheme, parted, _ = address.partition("://")
    if parted:
        return scheme if scheme in _PROTOCOLS else None
    if address.startswith("/"):
        return "file"
    host, colon, _ = address.partition(":")
    plain = colon and "/" not in host and "::" not in address and not host.startswith("-")
    return "ssh" if plain and host else None


def without_secrets(said: str) -> str:
    """Answer a text in which no address tells a user, password or token."""
    return _SECRETS.sub("", said)


def _configured(repository: Repository, key: str) -> list[str]:
    """Answer the values of a key in the repository's own file; nothing it includes is read."""
    asked = ("config", "--file", str(repository.common / "config"), "--null", "--list")
    settings = (text(line).partition("\n") for line in repository.refs.run(*asked).fields)
    # of a key only section and name are folded to small letters, not what stands between
    return [value for found, _, value in settings if found == key]


def _safe(repository: Repository, address: str, name: str) -> str:
    if address.startswith(("./", "../")):
        address = str(Path(repository.project.path, address).resolve())
    if protocol_of(address) is None or not address.isprintable():
        raise WorkspaceError(
            f"project {repository.project.key}: {name!r} is neither a remote of "
            f"{repository.project.path} with an address that fleet uses, nor one itself",
            remedy=f"`remote` takes the name of one that `git remote -v` lists, with {_ALLOWED}",
        )
    return address
