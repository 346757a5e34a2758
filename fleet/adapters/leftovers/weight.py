"""How many bytes lie at a path."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

# one after another, so that a thousand folders are no thousand processes
_AT_ONCE = 200
_PATIENCE = 120.0  # seconds: agents make millions of files
# of one file system; it follows no link and falls over no tree that an agent made deep
_DU = ("du", "-skx", "--")
_KB = 1024


def weights(paths: Sequence[Path]) -> dict[Path, int]:
    """Answer the bytes below each path, by path; one that cannot be added up is left out."""
    found: dict[Path, int] = {}
    for start in range(0, len(paths), _AT_ONCE):
        found |= _added_up([str(path) for path in paths[start : start + _AT_ONCE]])
    return found


def _added_up(paths: list[str]) -> dict[Path, int]:
    try:
        # it complains of files that go while it looks, and adds up the rest
        done = subprocess.run(
            [*_DU, *paths],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    rows = (line.partition(b"\t") for line in done.stdout.splitlines())
    told = {Path(path.decode(errors="surrogateescape")): kb for kb, _, path in rows}
    return {path: int(kb) * _KB for path, kb in told.items() if kb.isdigit()}
