"""The folder of one round: the agent's packet, result and socket, safe against its tricks.

The agent has the runner's uid, so it may replace anything in here by a link, for example to one of
the runner's own descriptors: files are opened from the folder's descriptor, never through a link.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from fleet_agent.clis.model import RoundPlaces
from fleet_agent.files import UnfitFileError, read_plain_file, remove_folder
from fleet_agent.system import environment

_LARGEST_RESULT = 64 * 1024
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ScratchError(Exception):
    """The folder or a file in it cannot be used; the message says why."""


class Scratch:
    """A new folder, removed on leaving the `with` block."""

    def __init__(self, packet: Mapping[str, object]) -> None:
        """Make the folder and write the packet into it; raises ScratchError."""
        try:
            # a folder named outright: left to itself, tempfile would resort to the worktree; and
            # to import it takes longer than all that is done here
            parent = environment().get("TMPDIR", "/tmp")  # noqa: S108
            self._folder = Path(parent, f"fleet-{os.urandom(8).hex()}")
            self._folder.mkdir(mode=0o700)
            self._descriptor = os.open(self._folder, os.O_DIRECTORY | os.O_CLOEXEC)
            self._write("packet.json", json.dumps(packet).encode())
        except OSError as error:
            raise ScratchError(f"no room for the packet of the round: {error}") from error

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        remove_folder(self._folder)

    @property
    def places(self) -> RoundPlaces:
        """The paths that the agent is told."""
        folder = self._folder
        return RoundPlaces(folder / "packet.json", folder / "result.json", folder / "socket")

    def result(self) -> bytes | None:
        """Return what the agent left, None when there is nothing; raises ScratchError."""
        try:
            return read_plain_file("result.json", _LARGEST_RESULT, folder=self._descriptor)
        except FileNotFoundError:
            return None
        except UnfitFileError as error:
            raise ScratchError(f"FLEET_RESULT {error}") from error
        except OSError as error:
            raise ScratchError(f"FLEET_RESULT cannot be read: {error.strerror}") from error

    def _write(self, name: str, data: bytes) -> None:
        descriptor = os.open(name, _WRITE, mode=0o600, dir_fd=self._descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
