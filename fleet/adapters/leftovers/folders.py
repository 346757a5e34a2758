"""What lies in the folders of a home: packets, shelves, clean trees, traces, logs."""

import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fleet.adapters.git.files import remove_trees
from fleet.adapters.git.place import FOR_A_BUILD
from fleet.adapters.git.room import translated
from fleet.adapters.plain_files import folder_below
from fleet.adapters.weight import weights
from fleet.domain.clearing import Leftover, LeftoverKind, attempt_in, task_in
from fleet.ports import Leftovers

LINK = "it is a link, which fleet never makes: look where it leads, then remove it by hand"
_NOBODYS = "fleet gives nothing such a name: look at it, then remove it by hand"


@dataclass(frozen=True, kw_only=True)
class FolderLeftovers(Leftovers):
    """The entries of one folder of a home, by its parts below the home.

    `ending` is how the names of files end, "" where each entry is a folder.
    """

    home: Path
    home8: str
    kind: LeftoverKind
    parts: tuple[str, ...]
    ending: str = ""

    def found(self) -> Sequence[Leftover]:
        with translated(), ExitStack() as held:
            try:
                folder = held.enter_context(folder_below(self.home, self.parts))
            except FileNotFoundError:
                return ()
            except NotADirectoryError:
                return (self._whole_is_odd(),)
            entries = sorted(os.listdir(folder))  # noqa: PTH208 - of what is open
            rows = [row for name in entries if (row := self._entry(folder, name)) is not None]
        return self._weighed(rows)

    def remove(self, leftover: Leftover) -> None:
        with translated(), suppress(FileNotFoundError):
            with folder_below(self.home, self.parts) as folder:
                if self.ending:
                    os.unlink(leftover.name, dir_fd=folder)
                    return
            remove_trees(Path(leftover.where))

    def _entry(self, folder: int, name: str) -> Leftover | None:
        try:
            about = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if self.ending and (stat.S_ISDIR(about.st_mode) or not name.endswith(self.ending)):
            # of another sort, or somebody's own
            return None
        # what a killed writer left has a dot before its name
        plain = name.removeprefix(".")
        row = Leftover(
            kind=self.kind,
            name=name,
            where=str(self._folder / name),
            attempt=attempt_in(plain, self.home8),
            task=task_in(plain),
            bytes=about.st_size if self.ending else None,
            at=datetime.fromtimestamp(about.st_mtime, UTC),
        )
        return replace(row, odd=self._oddity(row, about.st_mode))

    def _oddity(self, row: Leftover, mode: int) -> str:
        if stat.S_ISLNK(mode):
            return LINK
        plain = stat.S_ISREG(mode) if self.ending else stat.S_ISDIR(mode)
        built = self.kind is LeftoverKind.CHECKOUT and row.name.startswith(FOR_A_BUILD)
        mine = row.attempt or built or (self.kind is LeftoverKind.SHELF and row.task == row.name)
        return "" if plain and mine else _NOBODYS

    def _weighed(self, rows: list[Leftover]) -> Sequence[Leftover]:
        if self.ending:
            return rows
        found = weights([Path(row.where) for row in rows])
        return [replace(row, bytes=found.get(Path(row.where))) for row in rows]

    def _whole_is_odd(self) -> Leftover:
        name = "/".join(self.parts)
        return Leftover(kind=self.kind, name=name, where=str(self._folder), odd=LINK)

    @property
    def _folder(self) -> Path:
        return self.home.joinpath(*self.parts)
