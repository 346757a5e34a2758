"""The model of policies.yaml, and the policy it stands for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from fleet.config.entry import Entry
from fleet.config.fleet_entry import FleetEntry
from fleet.config.parse import Parsed, parse
from fleet.config.problems import Problem, nearest
from fleet.config.quantities import Name, Pattern, RepositoryPath, Text
from fleet.config.translate import resolved
from fleet.domain.policy import Autonomy, Category, Decision, Match, Policy, Rule
from fleet.domain.rules import BUILT_IN

POLICIES_FILE = "policies.yaml"
Over = Annotated[int, Field(ge=0, le=10_000_000)]


def categories(value: object) -> tuple[Category, ...]:
    """Turn one category, or a list of them, into values; raises ValueError."""
    words = value if isinstance(value, list) else [value]
    if not words:
        raise ValueError("expected at least one category")
    known = [each.value for each in Category]
    for word in words:
        if word not in known:
            raise ValueError(f"unknown category {word!r}{nearest(str(word), known)}")
    return tuple(map(Category, words))


_NAMES = {"type": "string", "enum": [each.value for each in Category]}
Categories = Annotated[
    tuple[Category, ...],
    BeforeValidator(categories),
    WithJsonSchema({"anyOf": [_NAMES, {"type": "array", "items": _NAMES, "minItems": 1}]}),
]


class MatchEntry(Entry):
    """What a rule is about: all that is given must hold; without `category`, of plain changes."""

    # a condition that names nothing would hold for everything
    paths: Annotated[tuple[RepositoryPath, ...], Field(min_length=1)] = ()
    category: Categories = ()
    projects: Annotated[tuple[Text, ...], Field(min_length=1)] = ()
    added_over: Over | None = None
    removed_over: Over | None = None
    files_over: Over | None = None
    deleted_tests: bool | None = None
    binary: bool | None = None

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError('expected at least one condition; paths: ["**"] means every file')
        for name in sorted(self.model_fields_set):
            if getattr(self, name) is None:
                raise ValueError(f"{name}: expected a value, or leave it out")
        return self


class RuleEntry(Entry):
    """What is decided of that, and why."""

    name: Name
    match: MatchEntry
    decide: Decision
    reason: Text


class PolicyEntry(Entry):
    """The whole of policies.yaml; of the rules the first that matches decides."""

    autonomy: Autonomy = Autonomy.SEMI_AUTO
    rules: tuple[RuleEntry, ...] = ()
    licences: tuple[Pattern, ...] = ()


def read_policy(
    fleet: Parsed[FleetEntry], home: Path, problems: list[Problem]
) -> Parsed[PolicyEntry] | None:
    """Read the policies of a home; None where there are none, or after adding what is wrong.

    Where fleet.yaml names no file, `policies.yaml` beside it is meant if it is there.
    """
    named = fleet.entry.policies
    path = home / POLICIES_FILE if named is None else resolved(named, home)
    if not path.exists() and not path.is_symlink():
        if named is not None:
            problems.append(fleet.problem(("policies",), f"{path} does not exist"))
        return None
    parsed = parse(path, PolicyEntry, problems)
    if parsed is not None:
        problems.extend(_crossed(parsed, fleet.entry))
    return parsed


def policy_of(entry: PolicyEntry) -> Policy:
    """Turn the file's entry into the value."""
    return Policy(
        autonomy=entry.autonomy,
        rules=tuple(map(_rule_of, entry.rules)),
        licences=entry.licences,
    )


def _rule_of(entry: RuleEntry) -> Rule:
    match = entry.match
    return Rule(
        name=entry.name,
        match=Match(
            paths=match.paths,
            categories=match.category,
            projects=match.projects,
            added_over=match.added_over,
            removed_over=match.removed_over,
            files_over=match.files_over,
            deleted_tests=match.deleted_tests,
            binary=match.binary,
        ),
        decide=entry.decide,
        reason=entry.reason,
    )


def _crossed(parsed: Parsed[PolicyEntry], fleet: FleetEntry) -> Iterator[Problem]:
    """Find names that stand twice, and projects that there are not."""
    first: dict[str, int] = {}
    built_in = {rule.name for rule in BUILT_IN}
    keys = [project.key for project in fleet.projects]
    for number, rule in enumerate(parsed.entry.rules):
        where = ("rules", number, "name")
        line = parsed.document.line(("rules", first.setdefault(rule.name, number), "name"))
        if first[rule.name] != number:
            yield parsed.problem(where, f"{rule.name!r} stands twice, first in line {line}")
        if rule.name in built_in:
            text = f"{rule.name!r} is the name of a built-in rule; give this one another"
            yield parsed.problem(where, text)
        for at, key in enumerate(rule.match.projects):
            if key not in keys:
                text = f"rule {rule.name}: unknown project {key!r}{nearest(key, keys)}"
                yield parsed.problem(("rules", number, "match", "projects", at), text)
