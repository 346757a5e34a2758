"""The seal of a folder: what its files held when it was closed, so that no other is opened.

Chroma hands its files to native code as they are: one garbled `data_level0.bin` ends the process
by a segmentation fault, and the coordinator with it.
"""

import hashlib
import json
import stat
from pathlib import Path

SEAL = "fleet-seal.json"


def seal(folder: Path) -> None:
    """Write down what all files of a folder hold; raises OSError."""
    fresh = folder / f"{SEAL}.new"
    fresh.unlink(missing_ok=True)
    content = json.dumps(_content(folder))
    fresh.write_text(content)
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
        return bool(json.loads((folder / SEAL).read_text()) == _content(folder))
    except (OSError, ValueError):
        return False


def unseal(folder: Path) -> None:
    """Take the seal off before anything is changed."""
    (folder / SEAL).unlink(missing_ok=True)


def _content(folder: Path) -> dict[str, str]:
    """Answer the SHA-256 of each file by its path; raises OSError, and ValueError for no file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or path in {folder / SEAL, folder / f"{SEAL}.new"}:
            continue
        if not stat.S_ISREG(mode):
            raise ValueError(f"{path} is no file")
        with path.open("rb") as file:
            name = path.relative_to(folder).as_posix()
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
