"""A unit of systemd for the service of a home."""

import os
from collections.abc import Sequence
from pathlib import Path

from fleet.domain.errors import ConfigError

_UNIT = """\
# fleet as a service of {kind}. Put it where `systemctl` finds it, then start it:
#   fleet --home {home} up --unit > {place}
#   {control} daemon-reload && {control} enable --now {name}
[Unit]
Description=fleet in {home}
After=docker.service network-online.target
Wants=docker.service network-online.target
# an engine, a database or another coordinator may be waited for all night
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
# credentials that accounts name as variables: NAME=value, a line each, readable by you alone
EnvironmentFile=-{home}/.fleet/service.env
# agents are told to stop, their work is committed: an end in order is 130
KillMode=mixed
SuccessExitStatus=130
TimeoutStopSec=3min
# a project's image may be built first
TimeoutStartSec=30min
WatchdogSec=2min
Restart=on-failure
RestartSec=10s
RestartPreventExitStatus=2

[Install]
WantedBy={wanted}
"""


def unit(home: Path, program: Sequence[str]) -> str:
    """Answer the unit for this user; raises ConfigError for a home that no unit can name."""
    if not str(home).isprintable():
        raise ConfigError(f"{str(home)!r} cannot be written into a unit", remedy="move the home")
    name, system = "fleet.service", os.geteuid() == 0
    place = "/etc/systemd/system" if system else "~/.config/systemd/user"
    return _UNIT.format(
        kind="the system" if system else "a user",
        home=_percent(str(home)),
        place=f"{place}/{name}",
        control="systemctl" if system else "systemctl --user",
        name=name,
        command=" ".join(map(_quoted, [*program, "--home", str(home), "up"])),
        wanted="multi-user.target" if system else "default.target",
    )


def _percent(text: str) -> str:
    """Answer text with the sign doubled that systemd would replace."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """Answer one word of a command line as systemd reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_percent(escaped)}"'
