"""Folders of secrets that lie in memory though nobody is to read them any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.adapters.secrets import TmpfsSecrets
from fleet.domain.clearing import Leftover, LeftoverKind, attempt_in, task_in
from fleet.ports import Leftovers


@dataclass(frozen=True, kw_only=True)
class SecretLeftovers(Leftovers):
    """The secrets of one home; their size is nobody's business."""

    secrets: TmpfsSecrets
    home8: str

    def found(self) -> Sequence[Leftover]:
        return [
            Leftover(
                kind=LeftoverKind.SECRET,
                name=path.name,
                where=str(path),
                attempt=attempt_in(path.name.removeprefix("."), self.home8),
                task=task_in(path.name.removeprefix(".")),
            )
            for path in self.secrets.standing()
        ]

    def remove(self, leftover: Leftover) -> None:
        self.secrets.drop(leftover.name.removeprefix("."))
