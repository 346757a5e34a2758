"""The actions of a merge queue: batches are tried, and what was green lands."""

from dataclasses import dataclass

from fleet.domain.merge import PullRequest
from fleet.domain.queue import Batches


@dataclass(frozen=True, kw_only=True)
class Try:
    """Merge batches of pull requests aside, each on top of the one before, and check the last.

    All but the last batch are tried by others or were; none of them has landed.
    """

    project: str
    target: str
    batches: tuple[tuple[PullRequest, ...], ...]

    @property
    def numbers(self) -> Batches:
        """Answer the numbers of its pull requests, batch by batch."""
        return tuple(tuple(pull.number for pull in batch) for batch in self.batches)

    @property
    def key(self) -> str:
        """Answer what the action is about."""
        batches = "|".join("-".join(map(str, batch)) for batch in self.numbers)
        return f"try {self.project}/{self.target} {batches}"


@dataclass(frozen=True, kw_only=True)
class Land:
    """Move the target to the checked candidate that these pull requests share."""

    pulls: tuple[PullRequest, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Answer the numbers of its pull requests."""
        return tuple(pull.number for pull in self.pulls)

    @property
    def key(self) -> str:
        """Answer what the action is about."""
        return f"land {self.pulls[0].project}/{self.pulls[0].target}"
