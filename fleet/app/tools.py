"""The ports a station works with, bundled once by bootstrap."""

from dataclasses import dataclass
from pathlib import PurePath

from fleet.domain.profile import Fleet
from fleet.ports import Clock, ContainerRuntime, Ledger, Packets, Traces, Verifier, Worktrees


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Everything a station may touch; `session` names this life of the coordinator."""

    home: PurePath
    home8: str
    session: str
    fleet: Fleet
    clock: Clock
    ledger: Ledger
    runtime: ContainerRuntime
    worktrees: Worktrees
    verifier: Verifier
    packets: Packets
    traces: Traces
