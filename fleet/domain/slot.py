"""A slot: what an attempt is given to run in."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A profile and an account that may start an attempt now."""

    profile: str
    account: str
