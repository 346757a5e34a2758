"""The seal of a folder: what its files held when it was closed, so that no other is opened.

Chroma hands its files to native code as they are: one garbled `data_level0.bin` ends the process
by a segmentation fault, and the coordinator with it.
"""

import hashlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path

from fleet.adapters.plain_files import first_bytes

SEAL = "fleet-seal.json"
_LONGEST = 1024 * 1024  # bytes of a seal


def seal(folder: Path) -> None:
    """Write down what all files of a folder hold; raises OSError."""
    fresh = folder / f"{SEAL}.new"
    fresh.unlink(missing_ok=True)
    fresh.write_text(json.dumps({"sizes": _sizes(folder), "hashes": _hashes(folder)}))
    fresh.replace(folder / SEAL)


def sealed(folder: Path) -> bool:
    """Tell whether all files of a folder hold what they held when it was sealed.

    So it is of one that is missing or empty; not of a link, nor of one whose owner was killed.
    """
    try:
        if folder.is_symlink():
            return False
        if not folder.exists() or not any(folder.iterdir()):
            return True
        told = json.loads(_read(folder / SEAL))
        # a file that grew to gigabytes is not read to find that out
        return bool(told["sizes"] == _sizes(folder) and told["hashes"] == _hashes(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def unseal(folder: Path) -> None:
    """Take the seal off before anything is changed."""
    (folder / SEAL).unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    """Read a plain file that is not too long; raises OSError, and ValueError for a longer one."""
    text = first_bytes(path, _LONGEST + 1)
    if len(text) > _LONGEST:
        raise ValueError(f"{path} is too long")
    return text


def _sizes(folder: Path) -> dict[str, int]:
    """Answer the bytes of each file by its path; raises OSError, and ValueError for no file."""
    return {path.relative_to(folder).as_posix(): path.lstat().st_size for path in _files(folder)}


def _hashes(folder: Path) -> dict[str, str]:
    """Answer the SHA-256 of each file by its path."""
    found = {}
    for path in _files(folder):
        with path.open("rb") as file:
            name = path.relative_to(folder).as_posix()
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or path in {folder / SEAL, folder / f"{SEAL}.new"}:
            continue
        if not stat.S_ISREG(mode):
            raise ValueError(f"{path} is no file")
        yield path
