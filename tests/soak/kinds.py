"""The kinds of tasks in a soak: what comes of each, and the seeded draw of a night's tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random  # noqa: TID251 - a soak is given a seeded one

BAD = 0.4  # of all tasks
_NEVER = r"a^"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How agents of a kind behave: the play of this name in agent.py.

    `size` of them belong together, of which `merged` end on the target; the others end with a
    `status` and a reason that `says` is found in. `retries` are those of their tasks, `share` says
    how often good ones are drawn beside each other.
    """

    name: str
    size: int = 1
    merged: int = 1
    status: str = "failed"
    says: str = _NEVER
    retries: int = 0
    share: int = 1
    profile: str = "plays"

    @property
    def bad(self) -> int:
        """Answer how many of those that belong together must not be merged."""
        return self.size - self.merged


@dataclass(frozen=True, kw_only=True)
class Lot:
    """One task: its kind, the number of its group among those of the kind, its place in it."""

    kind: Kind
    group: int
    place: int

    @property
    def title(self) -> str:
        """Answer the title of its task."""
        return f"{self.kind.name} {self.group}.{self.place}"


def _asked(name: str, reason: str) -> Kind:
    """Answer a kind that waits for a human's yes, which nobody says in a soak."""
    return Kind(name=name, merged=0, status="waiting", says=rf"^approval A-\d+: .*{reason}")


def _failed(name: str, reason: str, *, retries: int = 0, profile: str = "plays") -> Kind:
    return Kind(name=name, merged=0, says=reason, retries=retries, profile=profile)


_RED = r"^{} red attempts?: red: check"
# who comes late enough sees the other one's guest in its own check
_TOGETHER = r"^1 red attempts: (?:green alone, red once merged|red: check)"

GOOD = (
    Kind(name="own_file", share=4),
    Kind(name="code_with_test", share=3),
    Kind(name="lines_of_a_page", share=4),
    Kind(name="right_when_told", share=2, retries=2),
    Kind(name="same_list", size=3, merged=3, share=1, retries=1),
    Kind(name="room_or_another", size=2, merged=2, share=1, retries=2),
    Kind(name="plants_in_git", share=1),
    Kind(name="daemon_left_behind", share=1),
)
FOUL = (
    _asked("check_replaced", "the diff changes what checks it"),
    _asked("check_made_vacuous", "the diff may change what a check runs"),
    _asked("tests_shadowed", "the diff may change what a check runs"),
    _asked("tests_deleted", "the diff deletes tests"),
    _asked("tests_thinned", "the diff leaves fewer tests"),
    _asked("secret", "looks like a secret"),
    _asked("workflow", "the diff changes what CI does"),
    _asked("huge", "the diff is large"),
    _asked("binary", "binary files that nobody can review"),
    _asked("odd_names", "a name that misleads"),
    _failed("red", _RED.format(1)),
    _failed("red_again", _RED.format(2), retries=1),
    _failed("no_test_left", _RED.format(1)),
    _failed("red_with_filters", _RED.format(1)),
    _failed("forged_lines", _RED.format(1)),
    _failed("submodule", "submodule"),
    _failed("link_out", "leads out of the tree"),
    _failed("exits_1", "crash: the command ended with exit code 1"),
    _failed("nothing_changed", "the attempt changed nothing"),
    _failed("late_writer", "timeout: the attempt's time is over", profile="short"),
    Kind(name="one_room", size=2, merged=1, says=_TOGETHER),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*GOOD, *FOUL)}


def drawn(random: Random, n: int) -> list[Lot]:
    """Draw n tasks, two fifths of them bad; the same dice draw the same.

    Those of a group stand side by side, so that they meet. Every bad kind comes before any comes
    again.
    """
    groups = _bad(random, n)
    while rest := n - sum(kind.size for kind in groups):
        fitting = [kind for kind in GOOD if kind.size <= rest]
        groups += random.choices(fitting, [kind.share for kind in fitting])
    random.shuffle(groups)
    return _numbered(groups)


def _bad(random: Random, n: int) -> list[Kind]:
    bad = round(n * BAD)
    turns = -(-bad // len(FOUL))
    return [kind for _ in range(turns) for kind in random.sample(FOUL, len(FOUL))][:bad]


def _numbered(groups: list[Kind]) -> list[Lot]:
    counts = dict.fromkeys(KINDS, 0)
    lots = []
    for kind in groups:
        lots += [Lot(kind=kind, group=counts[kind.name], place=n) for n in range(kind.size)]
        counts[kind.name] += 1
    return lots
