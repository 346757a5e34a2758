"""PID 1 of the proxy's container: one squid for each configuration, each with its own allow-list.

`keep` starts and ends squids as files come and go in /fleet/proxy, which is looked at on SIGHUP and
once a second; one that died is started again. `await NAME HOST PORT` asks for a look and returns 0
once the squid of NAME listens. No squid is ever told to read a configuration anew, so that no
change of one attempt is felt by another. Standard library only.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event

FOLDER = Path("/fleet/proxy")
LOOK = 1.0  # seconds
PATIENCE = 10.0  # seconds until a squid has to listen
STEP = 0.01

# a file and its inode: another file of the same name is another configuration
Key = tuple[Path, int]


def main() -> int:
    """Do what the arguments say; answer the exit code."""
    match sys.argv[1:]:
        case ["keep"]:
            return keep()
        case ["await", name, host, port]:
            return await_squid(FOLDER / f"{name}.conf", (host, int(port)))
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


def keep() -> int:
    """Keep the squids running until SIGTERM."""
    # PID 1 has no default actions; whatever ends it ends its container with all that is in it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # taken by sigtimedwait, so that none is lost between two looks
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    running: dict[Key, subprocess.Popen[bytes]] = {}
    while True:
        settle(running)
        signal.sigtimedwait({signal.SIGHUP}, LOOK)


def settle(running: dict[Key, "subprocess.Popen[bytes]"]) -> None:
    """End what is no longer wanted, then start what is: two squids may share an address."""
    wanted = configurations()
    for key in list(running):
        if key not in wanted or running[key].poll() is not None:
            running[key].kill()
            running.pop(key).wait()
    for key in wanted - running.keys():
        running[key] = subprocess.Popen(["squid", "-N", "-f", str(key[0])])


def configurations() -> set[Key]:
    """Answer the configurations that lie there; one may go while it is looked at."""
    found = set()
    for path in FOLDER.glob("*.conf"):
        try:
            found.add((path, path.stat().st_ino))
        except FileNotFoundError:
            continue
    return found


def await_squid(path: Path, address: tuple[str, int]) -> int:
    """Wait until the squid of that very configuration listens; 1 when it does not in time."""
    os.kill(1, signal.SIGHUP)
    pause = Event()
    for _ in range(int(PATIENCE / STEP)):
        if has_squid(path) and listens(address):
            return 0
        pause.wait(STEP)
    sys.stderr.write(f"no squid of {path.name} listens at {address[0]} after {PATIENCE:g} s\n")
    return 1


def has_squid(path: Path) -> bool:
    """Tell whether a process runs with that configuration."""
    wanted = b"\0".join([b"squid", b"-N", b"-f", os.fsencode(path), b""])
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes() == wanted:
                return True
        except OSError:
            continue
    return False


def listens(address: tuple[str, int]) -> bool:
    """Tell whether somebody accepts connections there."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
