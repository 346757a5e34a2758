"""Who follows whom: fallbacks and escalations have to exist, and to end."""

from collections.abc import Callable, Iterator, Mapping

from fleet.config.document import Location
from fleet.config.fleet_entry import FleetEntry
from fleet.config.parse import Parsed
from fleet.config.problems import Problem, nearest
from fleet.config.profile_entry import ProfileEntry

Profiles = Mapping[str, Parsed[ProfileEntry]]
_CRITIC: Location = ("swap", "critic")


def chained(fleet: Parsed[FleetEntry], profiles: Profiles) -> Iterator[Problem]:
    """Find names that lead nowhere or back, and a critic that could never come."""
    for parsed in profiles.values():
        yield from _references(parsed, profiles)
    yield from _cycles(profiles, "fallback", lambda entry: entry.fallback)
    yield from _cycles(profiles, "escalate_to", _stronger)
    yield from _too_late(fleet)
    yield from _target(fleet, profiles)


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


def _too_late(fleet: Parsed[FleetEntry]) -> Iterator[Problem]:
    swap = fleet.entry.swap
    # whoever says nothing of a critic is free to retry less often than it takes
    if "critic" not in swap.model_fields_set:
        return
    after = swap.critic.after_failures
    for project in fleet.entry.projects:
        if after > project.max_retries:
            yield fleet.problem(
                (*_CRITIC, "after_failures"),
                f"after_failures {after} is more than max_retries {project.max_retries} "
                f"of project {project.key}; the critic would never come",
            )


def _target(fleet: Parsed[FleetEntry], profiles: Profiles) -> Iterator[Problem]:
    """Find what is wrong with the profile that takes over where a profile names none itself."""
    target = fleet.entry.swap.critic.escalate_to
    where = (*_CRITIC, "escalate_to")
    if target is None:
        return
    if target not in profiles:
        yield fleet.problem(where, f"unknown profile {target!r}{nearest(target, profiles)}")
        return
    way = _way_up(target, profiles)
    # the last one names nobody, so the critic would send it back to where the way began
    if len(way) > 1 and profiles[way[-1]].entry.escalate_to is None:
        circle = " -> ".join([*way, target])
        text = f"swap.critic.escalate_to goes in a circle: {circle}; name {way[-1]!r} here"
        yield fleet.problem(where, text)


def _way_up(start: str, profiles: Profiles) -> list[str]:
    """Answer the profiles that escalations lead to, the first included, up to a circle's end."""
    way, name = [start], profiles[start].entry.escalate_to
    while name is not None and name in profiles and name not in way:
        way.append(name)
        name = profiles[name].entry.escalate_to
    return way


def _stronger(entry: ProfileEntry) -> tuple[str, ...]:
    return () if entry.escalate_to is None else (entry.escalate_to,)


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
