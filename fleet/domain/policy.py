"""Policy as values: what may be noticed of a diff, the rules about it, and what they say."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fleet.domain.pending import PendingAction


class Decision(StrEnum):
    """What a rule says; `rank` orders them."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"

    @property
    def rank(self) -> int:
        """Answer its place among all decisions, the severest last."""
        return list(Decision).index(self)


class Category(StrEnum):
    """What kind of thing was noticed; the order is that in which questions name them."""

    CHECK_FILE = "check_file"
    PROTECTED = "protected"
    SECRET = "secret"  # noqa: S105 - a word
    SUBMODULE = "submodule"
    SYMLINK = "symlink"
    CI = "ci"
    BUILD = "build"
    TESTS_DELETED = "tests_deleted"
    FEWER_TESTS = "fewer_tests"
    UNREAD = "unread"
    LICENCE = "licence"
    LARGE = "large"
    BINARY = "binary"
    ODD_NAME = "odd_name"
    LOCK = "lock"
    MODE = "mode"
    CHANGE = "change"


class Autonomy(StrEnum):
    """How much is done without a human.

    With `manual` every diff waits for a yes, with `semi_auto` those that a rule asks about, with
    `full_auto` only those that nobody but a human may let pass.
    """

    MANUAL = "manual"
    SEMI_AUTO = "semi_auto"
    FULL_AUTO = "full_auto"


# what is asked about even with `full_auto`
GUARDED = frozenset({Category.CHECK_FILE, Category.PROTECTED, Category.SECRET, Category.UNREAD})


@dataclass(frozen=True, kw_only=True)
class Trait:
    """One thing noticed of a diff: its category, the file ("" for the whole), and in words what.

    Every file has the trait `change`.
    """

    category: Category
    file: str = ""
    detail: str = ""

    @property
    def risk(self) -> str:
        """Answer a line about it for people, which begins with its category."""
        return f"{self.category}: {' '.join(filter(None, (self.file, self.detail)))}"


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a rule is about: all that is given must hold of a trait.

    Without `categories` it is about changes alone. `added_over`, `removed_over` and `files_over`
    count over all files of the diff under `paths`.
    """

    paths: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    projects: tuple[str, ...] = ()
    added_over: int | None = None
    removed_over: int | None = None
    files_over: int | None = None
    deleted_tests: bool | None = None
    binary: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is decided of the traits it matches, and why."""

    name: str
    match: Match
    decide: Decision
    reason: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the user's policies.yaml says; `licences` are regular expressions, in any case."""

    autonomy: Autonomy = Autonomy.SEMI_AUTO
    rules: tuple[Rule, ...] = ()
    licences: tuple[str, ...] = ()


BUILT_IN_ALONE: Final = Policy()


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What policy says of a diff: the severest decision, by which rule and why.

    `traits` are those that led to it, none where all is allowed; `files` are theirs. `risks` are
    lines about everything noticed that is not an ordinary change, whatever was decided of it, and
    `categories` are theirs; `changes` is the number of files that change, `size` that of their
    lines.
    """

    decision: Decision
    rule: str = ""
    reason: str = ""
    files: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    traits: tuple[Trait, ...] = ()
    categories: frozenset[Category] = frozenset()
    changes: int = 0
    size: int = 0


def about(action: PendingAction, category: Category) -> bool:
    """Tell whether a question is, among others, about a trait of that category."""
    return any(risk.startswith(f"{category}:") for risk in action.risks)
