"""The file `STOP` in the home, looked at without trust in what it is."""

import stat
from pathlib import Path

from fleet.adapters.plain_files import NotPlainError, first_bytes
from fleet.domain.errors import FleetError
from fleet.domain.hold import reason_of
from fleet.ports import Brake

NAME = "STOP"
_READ = 4096  # bytes


class FileBrake(Brake):
    """Nothing is followed or waited for: a link, a folder or a pipe of that name stops as well."""

    def __init__(self, home: Path) -> None:
        self._path = home / NAME

    def pulled(self) -> str:
        try:
            line = first_bytes(self._path, _READ).partition(b"\n")[0]
            return _said(line.decode(errors="replace"))
        except FileNotFoundError:
            return ""
        except NotPlainError:
            return _said("it is no plain file")
        except OSError as error:
            return _said(f"it cannot be read: {error.strerror}")

    def pull(self) -> None:
        try:
            # empty, for it takes no room; a link is not followed
            self._path.touch(exist_ok=False)
        except FileExistsError:
            return
        except OSError as error:
            what = f"{self._path} cannot be made: {error.strerror}"
            raise FleetError(what, remedy="stop the agents' containers yourself") from error

    def release(self) -> None:
        try:
            if stat.S_ISDIR(self._path.lstat().st_mode):
                self._path.rmdir()
            else:
                self._path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            what = f"{self._path} cannot be removed: {error.strerror}"
            raise FleetError(what, remedy="everything stays stopped; remove it yourself") from error


def _said(reason: str) -> str:
    shown = reason_of(reason)
    return f"stopped by the file {NAME} in the home" + (f": {shown}" if shown else "")
