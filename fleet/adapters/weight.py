"""How much of a disk lies at a path: the one place that asks `du`."""

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fleet.domain.errors import FleetError, TooSlowError
from fleet.domain.guarding import LEAST_FILE

PATIENCE = 120.0  # seconds: millions of files take that long
CALM, PLAIN = 19, 0  # how nice it is to others

# one after another, so that a thousand folders are no thousand processes
_AT_ONCE = 200
_KB = 1024
# kilobytes of one file system; `du` follows no link, counts what has several names once, loads
# nothing into memory, and falls over no tree that an agent made deep
_DU = ("du", "-skx")


def weights(paths: Sequence[Path], *, patience: float = PATIENCE) -> dict[Path, int]:
    """Answer the bytes below each path, by path; one that cannot be added up is left out."""
    found: dict[Path, int] = {}
    for start in range(0, len(paths), _AT_ONCE):
        with suppress(FleetError):
            some = paths[start : start + _AT_ONCE]
            kilobytes = _added_up(_DU, some, nice=PLAIN, patience=patience)
            found |= {path: number * _KB for path, number in kilobytes.items()}
    return found


def taken(paths: Sequence[Path], *, patience: float = PATIENCE) -> int:
    """Answer the bytes that paths take together, where an empty file takes room too.

    Takes seconds for a million files, and nobody else's time. Raises TooSlowError where it is not
    done in `patience` seconds, for bytes and files each; FleetError where nobody can be asked.
    """
    there = [path for path in paths if path.exists()]
    if not there:
        return 0
    size = sum(_added_up(_DU, there, nice=CALM, patience=patience).values()) * _KB
    files = _added_up((*_DU, "--inodes"), there, nice=CALM, patience=patience)
    return max(size, sum(files.values()) * LEAST_FILE)


def _added_up(
    command: Sequence[str], paths: Sequence[Path], *, nice: int, patience: float
) -> dict[Path, int]:
    """Answer the number that it says of each path."""
    asked = ["nice", "-n", str(nice), *command, "--", *map(str, paths)]
    try:
        # it complains of files that go while it looks, and adds up the rest
        done = subprocess.run(
            asked,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=patience,
        )
    except subprocess.TimeoutExpired as error:
        said = f"the files at {paths[0]} are not added up within {patience:.0f} s"
        raise TooSlowError(said, remedy="see what fills that folder") from error
    except OSError as error:
        said = f"the files at {paths[0]} cannot be added up: {error.strerror}"
        raise FleetError(said, remedy="see whether the machine has `nice` and `du`") from error
    rows = (line.partition(b"\t") for line in done.stdout.splitlines())
    told = {Path(path.decode(errors="surrogateescape")): number for number, _, path in rows}
    return {path: int(number) for path, number in told.items() if number.isdigit()}
