"""What no single file can know: names that point at each other, paths that have to exist."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path, PurePosixPath

from fleet.config.chains import Profiles, chained
from fleet.config.document import Location
from fleet.config.fleet_entry import AccountEntry, FleetEntry
from fleet.config.parse import Parsed
from fleet.config.problems import Problem, nearest
from fleet.config.profile_entry import ProfileEntry
from fleet.config.translate import mounted, resolved
from fleet.domain.agent import AGENTS, Agent, Meter
from fleet.domain.cron import cron_of

# what the coordinator, the image or the kernel puts there must not be hidden by a user's file
TAKEN = (
    *("/workspace", "/fleet", "/opt/fleet", "/home/agent", "/usr", "/bin", "/lib", "/etc"),
    *("/proc", "/sys", "/dev", "/tmp"),  # noqa: S108 - a path in the container
)


def crossed(fleet: Parsed[FleetEntry], profiles: Profiles, home: Path) -> Iterator[Problem]:
    """Find what is wrong between the files of a home."""
    yield from _twice(fleet, home)
    yield from _projects(fleet, home)
    yield from _accounts(fleet)
    yield from _cooldowns(fleet)
    yield from _schedule(fleet)
    yield from _memory(fleet)
    for stem, parsed in profiles.items():
        yield from _profile(stem, parsed, fleet.entry)
        yield from _mounts(parsed, home)
    yield from chained(fleet, profiles)


def _twice(fleet: Parsed[FleetEntry], home: Path) -> Iterator[Problem]:
    entry = fleet.entry
    named: list[tuple[Location, str]] = [
        *((("projects", n, "key"), each.key) for n, each in enumerate(entry.projects)),
        *((("accounts", n, "name"), each.name) for n, each in enumerate(entry.accounts)),
        *((("schedule", n, "name"), each.name) for n, each in enumerate(entry.schedule)),
        *(
            (("projects", n, "path"), f"{resolved(each.path, home)} on {each.target}")
            for n, each in enumerate(entry.projects)
        ),
    ]
    first: dict[tuple[str, str], Location] = {}
    for where, value in named:
        before = first.setdefault((str(where[0]) + str(where[-1]), value), where)
        if before != where:
            line = fleet.document.line(before)
            yield fleet.problem(where, f"{value!r} stands twice, first in line {line}")


def _projects(fleet: Parsed[FleetEntry], home: Path) -> Iterator[Problem]:
    for number, each in enumerate(fleet.entry.projects):
        path = resolved(each.path, home)
        if not path.is_dir():
            text = f"project {each.key}: {path} is no folder; expected a git repository"
            yield fleet.problem(("projects", number, "path"), text)


def _accounts(fleet: Parsed[FleetEntry]) -> Iterator[Problem]:
    for number, each in enumerate(fleet.entry.accounts):
        if each.agent not in AGENTS:
            text = f"account {each.name}: unknown agent {each.agent!r}"
            hint = nearest(each.agent, AGENTS)
            yield fleet.problem(("accounts", number, "agent"), text + hint)
            continue
        for key, text in _account(each, AGENTS[each.agent]):
            yield fleet.problem(("accounts", number, key), f"account {each.name}: {text}")


def _account(entry: AccountEntry, agent: Agent) -> Iterator[tuple[str, str]]:
    """Yield the key and what is wrong between an account and its agent."""
    name = entry.agent
    if entry.credential is not None and entry.credential.kind not in agent.takes:
        takes = ", ".join(sorted(agent.takes)) or "none"
        kind = entry.credential.kind
        yield "credential", f"{name} takes no credential of kind {kind}; it takes {takes}"
    if entry.env_passthrough and not agent.takes:
        yield "env_passthrough", f"{name} is given no secret; leave the key out"
    if entry.credential is None and not entry.env_passthrough and not agent.free:
        yield "agent", f"{name} needs a key 'credential', such as {{env: NAME, kind: api_key}}"
    if agent.local and entry.base_url is None:
        # no default: inside of a container neither localhost nor the host's name leads anywhere
        yield "agent", f"{name} needs a key 'base_url', such as http://models:11434/v1"
    if entry.unmetered and entry.daily_budget_usd is not None:
        # a limit that is written down but does not hold is worse than none
        text = "an unmetered account has no budget; leave out daily_budget_usd or unmetered"
        yield "daily_budget_usd", text
    if entry.hard_limit and agent.meter is Meter.END:
        live = ", ".join(sorted(key for key, each in AGENTS.items() if each.meter is Meter.LIVE))
        yield (
            "hard_limit",
            f"{name} tells only at its end what it used, so no limit can hold; "
            f"leave hard_limit out, or use one of {live}",
        )


def _cooldowns(fleet: Parsed[FleetEntry]) -> Iterator[Problem]:
    error = fleet.entry.swap.error
    if error.cooldown <= error.max_cooldown:
        return
    # the key that the user wrote: the other one is the default
    key = "max_cooldown" if "max_cooldown" in error.model_fields_set else "cooldown"
    yield fleet.problem(
        ("swap", "error", key),
        f"cooldown ({error.cooldown:g} s) is more than max_cooldown ({error.max_cooldown:g} s); "
        "raise max_cooldown or lower cooldown",
    )


def _schedule(fleet: Parsed[FleetEntry]) -> Iterator[Problem]:
    for number, each in enumerate(fleet.entry.schedule):
        if each.run is not None and time.fromisoformat(each.run.until) in cron_of(each.cron).times:
            text = f"schedule {each.name}: it begins at {each.run.until}, so it cannot end then"
            yield fleet.problem(("schedule", number, "run", "until"), text)


def _memory(fleet: Parsed[FleetEntry]) -> Iterator[Problem]:
    project, keys = fleet.entry.memory.project, [each.key for each in fleet.entry.projects]
    if project is not None and project not in keys:
        text = f"memory: unknown project {project!r}{nearest(project, keys)}"
        yield fleet.problem(("memory", "project"), text)


def _profile(stem: str, parsed: Parsed[ProfileEntry], fleet: FleetEntry) -> Iterator[Problem]:
    entry = parsed.entry
    if entry.name != stem:
        yield parsed.problem(("name",), f"expected the file's own name {stem!r}")
    if entry.agent not in AGENTS:
        text = f"unknown agent {entry.agent!r}{nearest(entry.agent, AGENTS)}"
        yield parsed.problem(("agent",), text)
    networks = ("none", "egress", *fleet.networks)
    if entry.network not in networks:
        text = f"unknown network {entry.network!r}{nearest(entry.network, networks)}"
        yield parsed.problem(("network",), text)


def _mounts(parsed: Parsed[ProfileEntry], home: Path) -> Iterator[Problem]:
    for number, text in enumerate(parsed.entry.files):
        host, inside = mounted(text, home)
        where: Location = ("files", number)
        if not (Path(host).is_file() or Path(host).is_dir()):
            yield parsed.problem(where, f"{host} does not exist, or is no file or folder")
        if not _free(inside):
            yield parsed.problem(
                where, f"{inside!r} cannot be mounted there; use HOST:/opt/NAME in files"
            )


def _free(inside: str) -> bool:
    path = PurePosixPath(inside)
    plain = path.is_absolute() and ".." not in path.parts and ":" not in inside
    return plain and not any(_overlap(path, PurePosixPath(each)) for each in TAKEN)


def _overlap(one: PurePosixPath, other: PurePosixPath) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
