"""How much of the disk an attempt takes: its worktree and what else of the host it may write."""

from pathlib import Path

from fleet.adapters.git.place import attempt_place
from fleet.adapters.weight import taken
from fleet.ports import Scales


class FolderScales(Scales):
    """Weighs what lies in the home for an attempt."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()

    def weigh(self, attempt: str, task: str) -> int:
        place = attempt_place(self._home, attempt)
        return taken([place.tree, place.beside, self._home / ".fleet" / "shelves" / task])
