"""What no single file can know: names that point at each other, paths that have to exist."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from fleet.config.document import Location
from fleet.config.fleet_entry import AccountEntry, FleetEntry
from fleet.config.parse import Parsed
from fleet.config.problems import Problem, nearest
from fleet.config.profile_entry import ProfileEntry
from fleet.config.translate import mounted, resolved
from fleet.domain.agent import AGENTS, Agent, Meter

Profiles = Mapping[str, Parsed[ProfileEntry]]
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
    yield from _critic(fleet, profiles)
    for stem, parsed in profiles.items():
        yield from _profile(stem, parsed, fleet.entry)
        yield from _references(parsed, profiles)
        yield from _mounts(parsed, home)
    yield from _cycles(profiles, "fallback", lambda entry: entry.fallback)
    yield from _cycles(profiles, "escalate_to", lambda e: (e.escalate_to,) if e.escalate_to else ())


def _twice(fleet: Parsed[FleetEntry], home: Path) -> Iterator[Problem]:
    entry = fleet.entry
    named: list[tuple[Location, str]] = [
        *((("projects", n, "key"), each.key) for n, each in enumerate(entry.projects)),
        *((("accounts", n, "name"), each.name) for n, each in enumerate(entry.accounts)),
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
    if entry.hard_limit and agent.meter is Meter.END:
        live = ", ".join(sorted(key for key, each in AGENTS.items() if each.meter is Meter.LIVE))
        yield (
            "hard_limit",
            f"{name} tells only at its end what it used, so no limit can hold; "
            f"leave hard_limit out, or use one of {live}",
        )


def _critic(fleet: Parsed[FleetEntry], profiles: Profiles) -> Iterator[Problem]:
    critic = fleet.entry.swap.critic
    if critic is None:
        return
    where: Location = ("swap", "critic", "after_failures")
    for project in fleet.entry.projects:
        if critic.after_failures > project.max_retries:
            yield fleet.problem(
                where,
                f"after_failures {critic.after_failures} is more than max_retries "
                f"{project.max_retries} of project {project.key}; the critic would never come",
            )
    target = critic.escalate_to
    if target is not None and target not in profiles:
        text = f"unknown profile {target!r}{nearest(target, profiles)}"
        yield fleet.problem(("swap", "critic", "escalate_to"), text)


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


def _references(parsed: Parsed[ProfileEntry], profiles: Profiles) -> Iterator[Problem]:
    entry = parsed.entry
    names: list[tuple[Location, str]] = [
        (("fallback", number), name) for number, name in enumerate(entry.fallback)
    ]
    if entry.escalate_to is not None:
        names.append((("escalate_to",), entry.escalate_to))
    for where, name in names:
        if name not in profiles:
            yield parsed.problem(where, f"unknown profile {name!r}{nearest(name, profiles)}")


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


def _cycles(
    profiles: Profiles, key: str, following: Callable[[ProfileEntry], tuple[str, ...]]
) -> Iterator[Problem]:
    done: set[str] = set()
    for start in sorted(profiles):
        path = _cycle(start, profiles, following)
        if path and not done & set(path):
            done |= set(path)
            text = f"{key} goes in a circle: {' -> '.join([*path, start])}"
            yield profiles[start].problem((key,), text)


def _cycle(
    start: str, profiles: Profiles, following: Callable[[ProfileEntry], tuple[str, ...]]
) -> list[str]:
    """Answer the shortest way from a profile back to itself, [] when there is none."""
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for name in following(profiles[path[-1]].entry):
            if name == start:
                return path
            if name in profiles and name not in seen:
                seen.add(name)
                paths.append([*path, name])
    return []
