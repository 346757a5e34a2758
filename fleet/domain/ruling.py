"""Rule on a diff: each trait by the first rule that matches it, the severest decision over all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from fleet.domain.change import Change, under
from fleet.domain.policy import (
    GUARDED,
    Autonomy,
    Category,
    Decision,
    Match,
    Policy,
    Rule,
    Ruling,
    Trait,
)
from fleet.domain.profile import Project
from fleet.domain.rules import BUILT_IN
from fleet.domain.suites import holds_tests
from fleet.domain.traits import Facts, traits_of

_MANUAL = Rule(
    name="manual",
    match=Match(),
    decide=Decision.ASK,
    reason="autonomy is manual: every diff waits for a yes",
)
# a hundred thousand files are not listed one by one
_RISKS = 50
_REASONS = 5


def judge(facts: Facts, project: Project, policy: Policy) -> Ruling:
    """Rule on a diff by the user's rules, then by those that are built in."""
    traits = traits_of(facts, project)
    changes = {path: change for change in facts.diff for path in change.paths}
    rules = tuple(_Applied(rule, changes, project.key) for rule in (*policy.rules, *BUILT_IN))
    ruled = [(trait, _decided(trait, rules, policy.autonomy)) for trait in traits]
    decisions = (rule.decide for _, rule in ruled)
    decision = max(decisions, key=lambda each: each.rank, default=Decision.ALLOW)
    special = [trait for trait in traits if trait.category is not Category.CHANGE]
    allowed = Ruling(
        decision=decision,
        risks=_risks(special),
        categories=frozenset(trait.category for trait in special),
        changes=len(facts.diff),
        size=sum(change.added + change.removed for change in facts.diff),
    )
    return allowed if decision is Decision.ALLOW else _because(allowed, ruled)


def _risks(special: Sequence[Trait]) -> tuple[str, ...]:
    """Word the traits; where there are too many, of each category the first ones.

    Nobody hides a secret, or tests that go, behind fifty files that are asked about anyway.
    """
    met: Counter[Category] = Counter()
    ranks: list[tuple[int, int]] = []
    for place, trait in enumerate(special):
        met[trait.category] += 1
        ranks.append((met[trait.category], place))
    told = sorted(place for _, place in sorted(ranks)[:_RISKS])
    more = len(special) - len(told)
    return (*(special[place].risk for place in told), *([f"and {more} more"] if more else []))


def _because(ruling: Ruling, ruled: Sequence[tuple[Trait, Rule]]) -> Ruling:
    """Say what led to a decision that does not allow: rules, reasons and files."""
    led = [(trait, rule) for trait, rule in ruled if rule.decide is ruling.decision]
    reasons = tuple(dict.fromkeys(rule.reason for _, rule in led))
    return replace(
        ruling,
        rule=led[0][1].name,
        reason=" and ".join(_shortened(reasons)),
        files=tuple(sorted({trait.file for trait, _ in led if trait.file})),
        traits=tuple(trait for trait, _ in led),
    )


def unseen(ruling: Ruling, seen: Ruling) -> tuple[str, ...]:
    """Answer what of a ruling that does not allow nobody has ruled on, as lines for people.

    A merge may change what neither side did: git follows a rename into a guarded folder.
    """
    known = {(trait.category, trait.file) for trait in seen.traits}
    fresh = (t for t in ruling.traits if (t.category, t.file) not in known)
    return tuple(dict.fromkeys(trait.risk for trait in fresh))


@dataclass(frozen=True)
class _Applied:
    """A rule and what it counts over the changes of a diff, by path."""

    rule: Rule
    changes: Mapping[str, Change]
    project: str

    def matches(self, trait: Trait) -> bool:
        match = self.rule.match
        if trait.category not in (match.categories or (Category.CHANGE,)):
            return False
        # what is said of the whole falls under paths where all of it does
        files = (trait.file,) if trait.file else self.changes
        placed = not match.paths or all(under(path, match.paths) for path in files)
        change = self.changes.get(trait.file)
        return placed and self._counts and _formed(trait.file, change, match)

    @cached_property
    def _counts(self) -> bool:
        """Tell whether the project is meant and the diff is large enough."""
        match = self.rule.match
        if match.projects and self.project not in match.projects:
            return False
        paths = self.changes.items()
        met = {change for path, change in paths if not match.paths or under(path, match.paths)}
        counted = (
            (match.added_over, sum(change.added for change in met)),
            (match.removed_over, sum(change.removed for change in met)),
            (match.files_over, len(met)),
        )
        return all(over is None or number > over for over, number in counted)


def _formed(file: str, change: Change | None, match: Match) -> bool:
    """Tell whether a file is binary, or a test that is deleted, as far as the rule cares."""
    if match.binary is None and match.deleted_tests is None:
        return True
    if change is None:
        return False
    gone = change.deleted or file == change.old_path
    deleted_tests = gone and holds_tests(file)
    return match.binary in {None, change.binary} and match.deleted_tests in {None, deleted_tests}


def _decided(trait: Trait, rules: Sequence[_Applied], autonomy: Autonomy) -> Rule:
    """Answer the first rule that matches, as far as the autonomy leaves its decision."""
    # the last of those built in matches whatever is left
    rule = next(each.rule for each in rules if each.matches(trait))
    match autonomy:
        case Autonomy.SEMI_AUTO:
            return rule
        case Autonomy.MANUAL:
            return _MANUAL if rule.decide is Decision.ALLOW else rule
        case Autonomy.FULL_AUTO:
            asks = rule.decide is Decision.ASK and trait.category not in GUARDED
            return replace(rule, decide=Decision.ALLOW) if asks else rule


def _shortened(reasons: Sequence[str]) -> Sequence[str]:
    if len(reasons) <= _REASONS:
        return reasons
    return (*reasons[:_REASONS], f"{len(reasons) - _REASONS} more")
