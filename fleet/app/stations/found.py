"""What is found of a merge queue: values that tries and landings hand to the ledger."""

from dataclasses import dataclass

from fleet.domain.queue import Batches
from fleet.domain.result import Verdict, VerdictStatus, verdict_of
from fleet.ports import MergedTip


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What the checks said of the last of some batches, merged on top of the others.

    `base` is what it stands on, `built` its pull requests with their own merge commits: fewer than
    were asked for where the next one does not merge after them. Without `candidate` it could not
    be checked on this ground. Where it is one alone that is red on the tip, `others` are the tasks
    it is red together with, `diagnosis` what the next attempt is told.
    """

    project: str
    target: str
    batches: Batches
    base: str
    candidate: MergedTip | None = None
    built: tuple[tuple[int, str], ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    others: tuple[str, ...] = ()
    diagnosis: str = ""

    @property
    def tried(self) -> Batches:
        """Answer the batches as they were built."""
        last = tuple(number for number, _ in self.built)
        return (*self.batches[:-1], last)

    @property
    def status(self) -> VerdictStatus | None:
        """Answer what the checks said, None where nothing was checked."""
        return verdict_of(self.verdicts) if self.candidate else None


@dataclass(frozen=True, kw_only=True)
class InConflict:
    """A pull request does not merge into the target as it is now.

    `others` are the tasks it is in conflict with, `diagnosis` what the next attempt is told.
    """

    project: str
    target: str
    pull: int
    reason: str
    diagnosis: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Voided:
    """The branch is not at the commit any more that was verified and approved."""

    project: str
    target: str
    pull: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """The whole queue waits; `red_tip` where the target itself is not green.

    `verdicts` are those that say so; with `moved_on` it is tried anew on another tip.
    """

    project: str
    target: str
    reason: str
    verdicts: tuple[Verdict, ...] = ()
    red_tip: bool = False
    moved_on: bool = False


@dataclass(frozen=True, kw_only=True)
class Landed:
    """The target holds the candidate of these pull requests."""

    project: str
    target: str
    pulls: tuple[int, ...]
    candidate: str


@dataclass(frozen=True, kw_only=True)
class Unmoved:
    """The target does not hold the candidate for sure: it is forgotten, and they are tried anew.

    `moved_on` where the target is at another tip than the candidate was built on.
    """

    project: str
    target: str
    pulls: tuple[int, ...]
    candidate: str
    reason: str
    moved_on: bool = False


@dataclass(frozen=True, kw_only=True)
class Unsure:
    """Nobody can tell now whether the candidate landed; the same move is made again."""

    pulls: tuple[int, ...]
    candidate: str
    reason: str
