"""Where a home lies: one that was moved is followed, a copy of one that stands is refused."""

import logging
import os
from pathlib import Path

from fleet.domain.errors import ConfigError

log = logging.getLogger(__name__)


def follow(home: Path, *, home8: str) -> None:
    """Remember where this home lies; raises ConfigError as `refuse_copy` does.

    Whoever has the same id finds the other's containers, and takes them for its own.
    """
    mark, here = home / ".fleet" / "place", os.fsencode(home.resolve())
    try:
        before = mark.read_bytes()
    except OSError:
        before = b""
    if before == here:
        return
    if before:
        refuse_copy(home, Path(os.fsdecode(before)), home8=home8)
    aside = mark.with_name(f"{mark.name}.{os.getpid()}")
    try:
        aside.write_bytes(here)
        aside.replace(mark)
    except OSError as error:
        aside.unlink(missing_ok=True)
        # on a full disk too it must be possible to stop what runs
        log.warning("place of the home not noted", extra={"reason": str(error)})


def refuse_copy(home: Path, before: Path, *, home8: str) -> None:
    """Raise ConfigError where the home with this id still stands at `before`, and is another."""
    try:
        same = before.samefile(home)
        stands = (before / ".fleet" / "id").read_text().strip() == home8
    except (OSError, ValueError):
        return
    if stands and not same:
        raise ConfigError(
            f"home {home} is a copy of {before}: both would do the same tasks",
            remedy=f"work from {before}, or remove {home / '.fleet'} and `fleet init` anew",
        )
