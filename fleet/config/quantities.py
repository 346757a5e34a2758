"""Field types of the models: durations, sizes, money, names, repository paths, timezones."""

import re
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import regex
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from fleet.config.problems import nearest
from fleet.domain.budget import micros
from fleet.domain.cron import cron_of
from fleet.domain.egress import destination
from fleet.domain.errors import ConfigError
from fleet.domain.profile import TARGET, TARGET_NAMES

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_DURATION = r"^[1-9][0-9]{0,6}[smhd]$"
_SIZE = r"^[1-9][0-9]{0,6}[kmgt]$"
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OURS = frozenset({"HOME", "PATH"})
_OURS_BY_PREFIX = ("FLEET_", "GIT_", "LD_")
_MAX_DOLLARS = 1_000_000
_MAX_GIB = 1024**2
WEEK = 7 * 86400


def seconds(value: object) -> float:
    """Turn "60s", "10m", "1h", "2d" into seconds; raises ValueError, also beyond a week."""
    if not isinstance(value, str) or not re.fullmatch(_DURATION, value):
        raise ValueError(f"expected a duration such as 60s, 10m or 1h, found {value!r}")
    found = int(value[:-1]) * _SECONDS[value[-1]]
    if found > WEEK:
        raise ValueError(f"expected at most 7d, found {value!r}")
    return float(found)


def size(value: object) -> int:
    """Turn "512m", "4g" into bytes; raises ValueError."""
    if not isinstance(value, str) or not re.fullmatch(_SIZE, value):
        raise ValueError(f"expected a size such as 512m or 4g, found {value!r}")
    return int(value[:-1]) * _BYTES[value[-1]]


def money(value: object) -> int:
    """Turn dollars into micro-dollars; raises ValueError."""
    number = _number(value)
    if number is None or not 0 <= number <= _MAX_DOLLARS:
        raise ValueError(f"expected dollars from 0 to {_MAX_DOLLARS}, found {value!r}")
    try:
        return micros(number)
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _pattern(value: str) -> str:
    """Refuse what is no regular expression; raises ValueError."""
    try:
        regex.compile(value)
    except regex.error as error:
        raise ValueError(f"expected a regular expression, found {value!r}: {error}") from error
    return value


def gigabytes(value: object) -> int:
    """Turn a number of GiB into bytes; raises ValueError."""
    number = _number(value)
    if number is None or not 0 <= number <= _MAX_GIB:
        raise ValueError(f"expected a number of gigabytes, found {value!r}")
    return int(number * 1024**3)


def command(value: object) -> object:
    """Turn a text into `sh -c TEXT`; a list is a command already."""
    if isinstance(value, str):
        return ("sh", "-c", value)
    # what a validator answers is no longer JSON: strict wants the tuple itself
    return tuple(value) if isinstance(value, list) else value


def _number(value: object) -> float | None:
    # for Python a bool is an int; for whoever wrote `true` it is not
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or not path.parts or path.parts[0] == ".git":
        raise ValueError(f"expected a path inside the repository, found {value!r}")
    # `./check.sh` and `check.sh` are the same file; git only ever says the second
    return str(path) + ("/" if value.endswith("/") else "")


def _in_home(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or not path.parts or ".." in path.parts or path.parts[0][0] in ".~":
        raise ValueError(
            f"expected a folder inside the home, such as traces/reports, found {value!r}"
        )
    return str(path)


def _cron(value: str) -> str:
    try:
        cron_of(value)
    except ConfigError as error:
        raise ValueError(error.message) from error
    return value


def _time_of_day(value: str) -> str:
    if not re.fullmatch(_TIME, value):
        raise ValueError(f"expected a time from 00:00 to 23:59, found {value!r}")
    return value


def _zone(value: str) -> str:
    if value.startswith("right/"):
        # those count leap seconds, which no clock here does: every time would be off by them
        raise ValueError(f"expected {value.removeprefix('right/')!r}, found {value!r}")
    if value == "localtime":
        raise ValueError("expected a place such as 'Europe/Berlin': localtime differs by machine")
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        hint = nearest(value, available_timezones())
        raise ValueError(f"unknown timezone {value!r}{hint}") from error
    return value


def _branch(value: str) -> str:
    if not TARGET.fullmatch(value):
        raise ValueError(f"expected a branch of {TARGET_NAMES}, found {value!r}")
    return value


def _gateway(value: str) -> str:
    try:
        parts = urlsplit(value)
        plain = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        plain, parts = False, None
    if not plain or parts is None or any(not c.isprintable() or c.isspace() for c in value):
        raise ValueError("expected an address such as https://gateway.example/v1")
    # it is no secret: it goes into the packet, and thereby into traces
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected an address without a password, a query or a fragment")
    return value.rstrip("/")


def _host(value: str) -> str:
    try:
        destination(value)
    except ConfigError as error:
        raise ValueError(f"{error.message}; expected one {error.remedy}") from error
    return value


def _network(value: str) -> str:
    if value in {"none", "egress", "default", "host"}:
        raise ValueError(f"{value!r} is no network of its own; `docker network ls` shows them")
    return value


def _variable(value: str) -> str:
    # what stands there instead may be the secret itself: it is not repeated
    if not _VARIABLE.fullmatch(value):
        raise ValueError("expected the name of a variable, such as ALICE_KEY, never its value")
    return value


def _passed(value: str) -> str:
    if value in _OURS or value.startswith(_OURS_BY_PREFIX):
        raise ValueError(f"{value} is set by fleet itself in every container")
    return value


def _schema(**keys: object) -> WithJsonSchema:
    return WithJsonSchema(keys)


Seconds = Annotated[float, BeforeValidator(seconds), _schema(type="string", pattern=_DURATION)]
Bytes = Annotated[int, BeforeValidator(size), _schema(type="string", pattern=_SIZE)]
Gigabytes = Annotated[int, BeforeValidator(gigabytes), _schema(type="number", minimum=0)]
Micros = Annotated[int, BeforeValidator(money), _schema(type="number", minimum=0)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]*$")]
Pattern = Annotated[Text, AfterValidator(_pattern)]
RepositoryPath = Annotated[Text, AfterValidator(_inside)]
HomeFolder = Annotated[Text, AfterValidator(_in_home)]
CronText = Annotated[Text, AfterValidator(_cron)]
BaseUrl = Annotated[Text, AfterValidator(_gateway)]
Host = Annotated[Text, AfterValidator(_host)]
NetworkName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"),
    AfterValidator(_network),
]
VariableName = Annotated[
    str, AfterValidator(_variable), _schema(type="string", pattern=f"^{_VARIABLE.pattern}$")
]
PassedName = Annotated[VariableName, AfterValidator(_passed)]
Timezone = Annotated[Text, AfterValidator(_zone)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day), _schema(type="string", pattern=_TIME)]
SwapCount = Annotated[int, Field(ge=0, le=100)]
Branch = Annotated[
    str, AfterValidator(_branch), _schema(type="string", pattern=f"^{TARGET.pattern}$")
]
Command = Annotated[tuple[Text, ...], Field(min_length=1)]
SetupCommand = Annotated[
    Command,
    BeforeValidator(command),
    _schema(anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}]),
]
