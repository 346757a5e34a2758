"""Words to whoever started fleet as a service, by the protocol of systemd's sd_notify(3)."""

import logging
import os
import socket
from collections.abc import Mapping

from fleet.ports import Clock, Supervisor

log = logging.getLogger(__name__)

ADDRESS = "NOTIFY_SOCKET"
_OFTEN = 3  # words in the time after which silence is taken for a hang


class SocketSupervisor(Supervisor):
    """Who it is the environment names; where it names nobody, nothing is sent."""

    def __init__(self, variables: Mapping[str, str], clock: Clock) -> None:
        self._address = variables.get(ADDRESS, "")
        self._clock = clock
        self._every = _seconds(variables)
        self._due = clock.monotonic()

    def ready(self) -> None:
        self._tell("READY=1")

    def alive(self) -> None:
        now = self._clock.monotonic()
        if self._every is None or now < self._due:
            return
        self._due = now + self._every
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, word: str) -> None:
        if self._address:
            tell(self._address, word)


def tell(address: str, word: str) -> None:
    """Send one word; a supervisor that is gone costs nothing."""
    # an address that starts with @ is one of the kernel's own names, not of a file
    where = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(0)
            sender.sendto(word.encode(), where)
    except OSError as error:
        log.info("supervisor not told", extra={"word": word, "reason": str(error)})


def _seconds(variables: Mapping[str, str]) -> float | None:
    """Answer how often it wants to hear of this process, None where it does not."""
    usec, pid = variables.get("WATCHDOG_USEC", ""), variables.get("WATCHDOG_PID", "")
    if not usec.isascii() or not usec.isdigit() or pid not in {"", str(os.getpid())}:
        return None
    return int(usec) / 1e6 / _OFTEN
