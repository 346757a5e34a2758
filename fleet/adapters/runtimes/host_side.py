"""This host as seen from a container's network: its addresses, and whether they are closed."""

import ipaddress
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

# every interface of an attempt's network begins so: one rule closes them all, for every home
PREFIX = "fleet-"

_RULE = ("INPUT", "-i", f"{PREFIX}+", "-j", "DROP")
_PROGRAMS = ("iptables", "ip6tables")
_PATIENCE = 20  # seconds for one call; another firewall program may hold the lock


def host_closed() -> bool:
    """Drop what attempts' networks send to this host; tell whether that is so.

    Only root may, where iptables is installed. The rule stays: it matches nothing else.
    """
    if os.geteuid() != 0 or shutil.which(_PROGRAMS[0]) is None:
        return False
    closed = _dropped(_PROGRAMS[0])
    # attempts' networks have no IPv6; a host without it has no table to write to
    _dropped(_PROGRAMS[1])
    return closed


def has_interface(name: str) -> bool:
    """Tell whether the engine made that interface on this host, and not on another."""
    return Path("/sys/class/net", name).exists()


def own_addresses() -> tuple[str, ...]:
    """Answer this host's addresses as single-address ranges; none where the kernel tells none."""
    return tuple(sorted({*_version_4(), *_version_6()}))


def _dropped(program: str) -> bool:
    return _ran(program, "-C") or _ran(program, "-I")


def _ran(program: str, verb: str) -> bool:
    try:
        return (
            subprocess.run(
                [program, "-w", "5", verb, *_RULE],
                check=False,
                capture_output=True,
                timeout=_PATIENCE,
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _version_4() -> Iterator[str]:
    # of each address the line after it says what it is
    found = re.finditer(r"\|-- (\S+)\n\s+/32 host LOCAL", _kernel("fib_trie"))
    yield from (f"{each[1]}/32" for each in found)


def _version_6() -> Iterator[str]:
    for line in _kernel("if_inet6").splitlines():
        address = ipaddress.IPv6Address(int(line.split()[0], 16))
        yield f"{address}/128"


def _kernel(name: str) -> str:
    try:
        return Path("/proc/net", name).read_text(encoding="ascii")
    except OSError:
        return ""
