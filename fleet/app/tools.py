"""The ports a station works with, bundled once by bootstrap."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from fleet.app.memory import Memory
from fleet.domain.errors import ConfigError, CredentialError, FleetError
from fleet.domain.profile import Fleet, Project
from fleet.memory_ports import RepoMaps, Reviewed
from fleet.ports import (
    Alarm,
    Brake,
    Clock,
    ContainerRuntime,
    Ledger,
    Networks,
    Packets,
    Reports,
    Scales,
    Scanner,
    Secrets,
    Supervisor,
    Traces,
    Verifier,
    Worktrees,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """By what rows are written; `run` names the order that is being carried out."""

    home8: str
    run: str
    fleet: Fleet


@dataclass(frozen=True, kw_only=True)
class Tools(Terms):
    """Everything a station may touch; `session` names this life of the coordinator."""

    home: PurePath
    session: str
    clock: Clock
    alarm: Alarm
    brake: Brake
    supervisor: Supervisor
    ledger: Ledger
    runtime: ContainerRuntime
    networks: Networks
    worktrees: Worktrees
    memory: Memory
    scales: Scales
    verifier: Verifier
    packets: Packets
    secrets: Secrets
    scanner: Scanner
    traces: Traces
    reports: Reports
    reviewed: Reviewed
    maps: RepoMaps

    def project(self, key: str) -> Project:
        """Answer a project; raises ConfigError where fleet.yaml does not name it any more."""
        project = self.fleet.projects.get(key)
        if project is None:
            remedy = "name it there again, or cancel its tasks"
            raise ConfigError(f"project {key} is not in fleet.yaml", remedy=remedy)
        return project

    def trace(self, attempt: str, *entries: Mapping[str, Any]) -> None:
        """Write to the attempt's trace; a full disk costs the trace, never the attempt."""
        at = self.clock.now().isoformat()
        try:
            self.traces.write(attempt, [{"at": at, **entry} for entry in entries])
        except FleetError as error:
            log.warning("trace lost", extra={"attempt": attempt, "reason": str(error)})

    def unfit(self) -> dict[str, str]:
        """Answer why accounts cannot be used now; a credential may come and go as fleet runs."""
        faults: dict[str, str] = {}
        for account in self.fleet.accounts.values():
            try:
                self.secrets.check(account)
            except CredentialError as error:
                faults[account.name] = str(error)
        return faults

    def hide(self, attempt: str) -> None:
        """Delete the attempt's secret as soon as it is read; where that fails, clean asks again."""
        try:
            self.secrets.drop(attempt)
        except FleetError as error:
            log.warning("secret not deleted", extra={"attempt": attempt, "reason": str(error)})
