"""Profiles, accounts and projects: what the user's YAML says, as values."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from enum import StrEnum

from fleet.domain.agent import Credential
from fleet.domain.budget import Price
from fleet.domain.egress import NO_NETWORK, Destination
from fleet.domain.lesson import UNTOUCHED, MemoryRules
from fleet.domain.limits import Limits
from fleet.domain.merge import MergeWay
from fleet.domain.policy import BUILT_IN_ALONE, Policy
from fleet.domain.result import Check
from fleet.domain.schedule import UNSCHEDULED, Schedule
from fleet.domain.task import Priority, Review
from fleet.domain.window import Window


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Which agent, with which model, for which roles, within which limits (times in seconds)."""

    name: str
    agent: str
    roles: tuple[str, ...]
    model: str | None = None
    priority: Priority = Priority.NORMAL
    command: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    instructions: str = ""
    max_turns: int = 100
    max_cost_micros: int = 0
    attempt_timeout: float = 3600.0
    stall_after: float = 600.0
    heartbeat_lost_after: float = 60.0
    limits: Limits = field(default_factory=Limits)
    network: str = NO_NETWORK
    fallback: tuple[str, ...] = ()
    escalate_to: str | None = None
    self_check_rounds: int = 0
    safe_mode: bool = False
    approved_categories: tuple[str, ...] = ()
    teams: bool = False
    price: Price | None = None


# what a target may be called: whatever reads the name takes it for nothing else
TARGET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
TARGET_NAMES = "letters a to z, digits, _ . + and -, parted by /, no part beginning with . + or -"


class OnClose(StrEnum):
    """What becomes of a running attempt when its account's window closes."""

    FINISH = "finish"
    NEXT_TURN = "next_turn"
    NOW = "now"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A credential's place in the pool; the secret itself never enters the domain.

    `base_url` is a gateway's; `env_passthrough` names variables of the coordinator that the agent
    gets as well; `expires` is the credential's last day. Budget and requests are those of a day in
    `timezone`, where it has none in the fleet's.
    """

    name: str
    agent: str
    owner: str = ""
    parallel: int | None = None
    daily_budget_micros: int | None = None
    unmetered: bool = False
    credential: Credential | None = None
    base_url: str | None = None
    env_passthrough: tuple[str, ...] = ()
    expires: date | None = None
    daily_requests: int | None = None
    window: Window | None = None
    on_window_close: OnClose = OnClose.FINISH
    priority: Priority = Priority.NORMAL
    timezone: tzinfo | None = None

    @property
    def secret(self) -> bool:
        """Tell whether the agent's container is given anything secret."""
        return self.credential is not None or bool(self.env_passthrough)

    @property
    def daily_limit(self) -> int | None:
        """Answer the micro-dollars that may be spent in a day, None where nothing bounds them."""
        return None if self.unmetered else self.daily_budget_micros


# serves the agent `command` where fleet.yaml names no account for it
LOCAL = Account(name="local", agent="command", unmetered=True)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A git repository the fleet works on.

    `dockerfile` is a path in the target; what it makes of `image` is what attempts and checks run
    in. Up to `checks_at_once` checks of one commit run side by side. Up to `batch` pull requests
    are merged together and checked once. What lands is pushed to `remote`, a name or an address
    that git knows, where there is one. While `in_review_limit` pull requests wait for a reviewer,
    or are verified for one, no other task of the project is begun.
    """

    key: str
    path: str
    target: str
    checks: tuple[Check, ...]
    check_files: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    image: str = "fleet-agent:small"
    dockerfile: str | None = None
    review: Review = Review.REQUIRED
    max_retries: int = 2
    setup: tuple[tuple[str, ...], ...] = ()
    setup_timeout: float = 600.0
    egress_allow: tuple[Destination, ...] = ()
    daily_budget_micros: int | None = None
    weight: float = 1.0
    checks_at_once: int = 1
    merge: MergeWay = MergeWay.MERGE
    batch: int = 16
    remote: str | None = None
    in_review_limit: int = 10


@dataclass(frozen=True, kw_only=True)
class SwapRules:
    """How often a task may swap, how long its accounts cool (seconds), when the critic comes.

    `critic_after` red attempts call a stronger profile: the profile's own `escalate_to`, else
    `critic_to`. `night` bounds the swaps of a night over all tasks.
    """

    timeouts: int = 2
    errors: int = 4
    cooldown: float = 300.0
    max_cooldown: float = 18000.0
    critic_after: int = 2
    critic_to: str | None = None
    night: int = 50


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Everything the home's YAML says, in domain values.

    `source` is a digest of what the files say, "" where it was not read from files.
    """

    projects: dict[str, Project]
    profiles: dict[str, Profile]
    accounts: dict[str, Account]
    parallel: int = 4
    disk_free_bytes: int = 5 * 1024**3
    memory_free_bytes: int = 1024**3
    load_per_core: float = 4
    worktree_bytes: int = 5 * 1024**3
    swap: SwapRules = SwapRules()
    timezone: tzinfo = UTC
    run_budget_micros: int | None = None
    egress_host_exposed: bool = False
    schedule: Schedule = UNSCHEDULED
    policy: Policy = BUILT_IN_ALONE
    traces_keep_days: int = 30
    memory: MemoryRules = UNTOUCHED
    source: str = field(default="", compare=False)

    def zone_of(self, account: Account) -> tzinfo:
        """Answer the timezone whose days an account's budget is counted by."""
        return account.timezone or self.timezone
