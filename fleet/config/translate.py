"""Models of the user's files turned into the domain's values."""

from collections.abc import Mapping
from datetime import time, tzinfo
from pathlib import Path, PurePosixPath
from typing import TypedDict
from zoneinfo import ZoneInfo

from fleet.config.fleet_entry import (
    DAYS,
    AccountEntry,
    CredentialEntry,
    FleetEntry,
    ScheduleEntry,
    TimeoutSwapEntry,
    WindowEntry,
)
from fleet.config.profile_entry import ContainerLimitsEntry, ProfileEntry
from fleet.config.project_entry import ProjectEntry
from fleet.domain.agent import Credential
from fleet.domain.binding import BINDING
from fleet.domain.budget import Price
from fleet.domain.cron import Cron, cron_of
from fleet.domain.egress import destination
from fleet.domain.lesson import MemoryRules
from fleet.domain.limits import Limits
from fleet.domain.profile import LOCAL, Account, Fleet, Profile, Project, SwapRules
from fleet.domain.result import Check
from fleet.domain.schedule import Schedule, TimedReport, TimedRun
from fleet.domain.window import Window

SCRIPT_ENDINGS = (".sh", ".py", ".mk")


class _Clockwork(TypedDict):
    """What a run and a report of the schedule have alike."""

    name: str
    cron: Cron
    timezone: tzinfo


def fleet_of(entry: FleetEntry, profiles: Mapping[str, ProfileEntry], home: Path) -> Fleet:
    """Put the whole fleet together; relative paths start at the home.

    Who names accounts for the agent `command` wants them to bound it: the built-in one goes.
    """
    accounts = [account_of(each, home) for each in entry.accounts]
    if all(account.agent != LOCAL.agent for account in accounts):
        accounts.insert(0, LOCAL)
    return Fleet(
        projects={
            each.key: project_of(each, home, memory=each.key == entry.memory.project)
            for each in entry.projects
        },
        profiles={
            name: profile_of(each, entry.swap.timeout, home) for name, each in profiles.items()
        },
        accounts={account.name: account for account in accounts},
        parallel=entry.limits.parallel,
        disk_free_bytes=entry.limits.disk_free_gb,
        memory_free_bytes=entry.limits.memory_free_gb,
        load_per_core=entry.limits.load_per_core,
        worktree_bytes=entry.limits.worktree_gb,
        swap=swap_rules(entry),
        timezone=ZoneInfo(entry.timezone),
        run_budget_micros=entry.limits.run_budget_usd,
        egress_host_exposed=entry.egress_host_exposed,
        schedule=schedule_of(entry),
        traces_keep_days=entry.traces.keep_days,
        memory=MemoryRules(**entry.memory.model_dump()),
    )


def schedule_of(entry: FleetEntry) -> Schedule:
    """Gather what is done by the clock, in the order of the file."""
    return Schedule(
        runs=tuple(
            TimedRun(
                **_clockwork(each, entry),
                until=time.fromisoformat(each.run.until),
                parallel=each.run.parallel,
            )
            for each in entry.schedule
            if each.run is not None
        ),
        reports=tuple(
            TimedReport(**_clockwork(each, entry), since=each.report.since, to=each.report.to)
            for each in entry.schedule
            if each.report is not None
        ),
    )


def _clockwork(entry: ScheduleEntry, fleet: FleetEntry) -> _Clockwork:
    zone = ZoneInfo(entry.timezone or fleet.timezone)
    return {"name": entry.name, "cron": cron_of(entry.cron), "timezone": zone}


def swap_rules(entry: FleetEntry) -> SwapRules:
    """Gather what fleet.yaml says about swaps."""
    swap = entry.swap
    return SwapRules(
        timeouts=swap.timeout.max_swaps,
        errors=swap.error.max_swaps,
        cooldown=swap.error.cooldown,
        max_cooldown=swap.error.max_cooldown,
        critic_after=swap.critic.after_failures,
        critic_to=swap.critic.escalate_to,
        night=entry.limits.night_swaps,
    )


def project_of(entry: ProjectEntry, home: Path, *, memory: bool) -> Project:
    """Turn a project's entry into the value; `memory`: its repository holds what binds agents."""
    checks = checks_of(entry)
    files = entry.check_files
    return Project(
        key=entry.key,
        path=str(resolved(entry.path, home)),
        target=entry.target,
        checks=checks,
        check_files=_named_files(checks) if files is None else files,
        protected=_protected(entry, memory=memory),
        image=entry.image,
        dockerfile=entry.dockerfile,
        review=entry.review,
        max_retries=entry.max_retries,
        setup=entry.setup,
        setup_timeout=entry.setup_timeout,
        egress_allow=tuple(map(destination, entry.egress_allow)),
        daily_budget_micros=entry.daily_budget_usd,
        weight=entry.weight,
        checks_at_once=entry.checks_at_once,
        merge=entry.merge,
        batch=entry.batch,
        remote=entry.remote,
        in_review_limit=entry.in_review_limit,
    )


def _protected(entry: ProjectEntry, *, memory: bool) -> tuple[str, ...]:
    # what runs while an image is built has the network: a human looks at it first
    dockerfile = () if entry.dockerfile is None else (entry.dockerfile,)
    # what every agent goes by is no agent's to change, whatever the user's own list says
    return (*entry.protected, *dockerfile, *(BINDING if memory else ()))


def checks_of(entry: ProjectEntry) -> tuple[Check, ...]:
    """Answer the checks; `check: [...]` is one named "check"."""
    if entry.check is not None:
        return (Check(name="check", command=entry.check),)
    return tuple(
        Check(
            name=each.name,
            command=each.command,
            timeout_seconds=each.timeout,
            limits=None if each.limits is None else _limits(each.limits),
            no_tests=each.no_tests_pattern,
            repeat_red=each.repeat_red,
        )
        for each in entry.checks
    )


def _limits(entry: ContainerLimitsEntry) -> Limits:
    return Limits(cpus=entry.cpus, memory_bytes=entry.memory, pids=entry.pids)


def profile_of(entry: ProfileEntry, times: TimeoutSwapEntry, home: Path) -> Profile:
    """Turn a profile's entry into the value; times it leaves out are the fleet's."""
    return Profile(
        name=entry.name,
        agent=entry.agent,
        roles=entry.roles,
        model=entry.model,
        priority=entry.priority,
        command=entry.command or (),
        files=tuple(mounted(each, home) for each in entry.files),
        instructions=entry.instructions,
        max_turns=entry.max_turns,
        max_cost_micros=entry.max_cost_usd,
        attempt_timeout=entry.attempt_timeout or times.attempt_timeout,
        stall_after=entry.stall_after or times.stall_after,
        heartbeat_lost_after=entry.heartbeat_lost_after or times.heartbeat_lost_after,
        limits=_limits(entry.limits),
        network=entry.network,
        fallback=entry.fallback,
        escalate_to=entry.escalate_to,
        self_check_rounds=entry.self_check_rounds,
        safe_mode=entry.safe_mode,
        approved_categories=entry.approved_categories,
        teams=entry.teams,
        price=_price(entry),
    )


def account_of(entry: AccountEntry, home: Path) -> Account:
    """Turn an account's entry into the value; a credential's relative path starts at the home."""
    return Account(
        name=entry.name,
        agent=entry.agent,
        owner=entry.owner,
        parallel=entry.parallel,
        daily_budget_micros=entry.daily_budget_usd,
        unmetered=entry.unmetered,
        credential=_credential(entry.credential, home),
        base_url=entry.base_url,
        env_passthrough=entry.env_passthrough,
        expires=entry.expires,
        daily_requests=entry.daily_requests,
        window=_window(entry.window),
        on_window_close=entry.on_window_close,
        priority=entry.priority,
        timezone=None if entry.timezone is None else ZoneInfo(entry.timezone),
    )


def _window(entry: WindowEntry | None) -> Window | None:
    if entry is None:
        return None
    return Window(
        opens=time.fromisoformat(entry.opens),
        closes=time.fromisoformat(entry.to),
        timezone=ZoneInfo(entry.timezone),
        days=frozenset(DAYS.index(day) for day in entry.days),
    )


def _credential(entry: CredentialEntry | None, home: Path) -> Credential | None:
    if entry is None:
        return None
    # not resolved: a link may be set to another file while fleet runs, as a rotation does
    file = None if entry.file is None else str(home / Path(entry.file).expanduser())
    return Credential(kind=entry.kind, env=entry.env, file=file)


def mounted(text: str, home: Path) -> tuple[str, str]:
    """Split `HOST[:CONTAINER]`; without the second the file is seen where it is on the host."""
    host, _, inside = text.partition(":")
    path = str(resolved(host, home))
    return path, inside or path


def resolved(text: str, home: Path) -> Path:
    """Answer an absolute path; a relative one starts at the home, `~` is the user's."""
    return (home / Path(text).expanduser()).resolve()


def _named_files(checks: tuple[Check, ...]) -> tuple[str, ...]:
    # safe side: what the command names as a script decides, so the target's copy has to be taken
    words = {word.removeprefix("./") for check in checks for word in check.command}
    return tuple(sorted(word for word in words if _is_script(word)))


def _is_script(word: str) -> bool:
    path = PurePosixPath(word)
    inside = not path.is_absolute() and ".." not in path.parts and not word.startswith("-")
    return inside and word.endswith(SCRIPT_ENDINGS) and not any(c.isspace() for c in word)


def _price(entry: ProfileEntry) -> Price | None:
    if entry.price is None:
        return None
    price = entry.price
    return Price(input=price.input, cached_input=price.cached_input, output=price.output)
