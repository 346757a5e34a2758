"""Reads the skills that the coordinator mounted: folders with a SKILL.md each."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from fleet_agent.files import UnfitFileError, read_plain_file
from fleet_agent.packet import PacketError

_MOST_FILES = 200
_LARGEST = 64 * 1024  # bytes, all files together
_DEEPEST = 6


def read_skills(folder: Path) -> Mapping[str, str]:
    """Return the texts of all files by their path below the folder; empty where there is none.

    Raises PacketError where one is no plain text file or all of them are too large: people
    reviewed each of them, so none is left out in silence.
    """
    texts: dict[str, str] = {}
    left = _LARGEST
    for path in _files(folder):
        text = _text(path, left)
        left -= len(text.encode())
        texts[path.relative_to(folder).as_posix()] = text
        if len(texts) > _MOST_FILES:
            raise PacketError(f"{folder} holds more than {_MOST_FILES} files")
    return texts


def _files(folder: Path, depth: int = 1) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise PacketError(f"{folder} cannot be read: {error.strerror}") from error
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink() and depth < _DEEPEST:
            yield from _files(entry, depth + 1)
        else:
            yield entry


def _text(path: Path, limit: int) -> str:
    try:
        return read_plain_file(path, limit).decode()
    except UnfitFileError as error:
        raise PacketError(f"{path} {error}") from error
    except UnicodeDecodeError as error:
        raise PacketError(f"{path} is not UTF-8") from error
    except OSError as error:
        raise PacketError(f"{path} cannot be read: {error.strerror}") from error
