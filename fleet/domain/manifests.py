"""Changes of a manifest that cannot change what a check runs: versions and dependencies.

A manifest also names test commands, options of test runners and plugins. Only what is surely
none of them passes: every changed line has to look like a version or a dependency.
"""

import re
from collections.abc import Iterable

_LONGEST = 300
_NUMBER = r"v?\d+(?:\.[0-9A-Za-z*]+){0,4}(?:[-+][0-9A-Za-z.+-]{1,40})?"
_VERSION = r"[\^~<>=! ]{0,4}v?\d+(?:\.[0-9A-Za-z*]+){1,4}(?:[-+][0-9A-Za-z.+-]{1,40})?"
_HARMLESS = re.compile(
    "|".join(
        (
            r"\s*",
            r"\s*[\[\]{}(),]{1,4}\s*",
            # "name[extra]>=1.2,<2", in a list of dependencies
            rf"""\s*["'][A-Za-z0-9._-]{{1,60}}(?:\[[\w, -]{{0,60}}\])?\s?"""
            rf"""(?:[<>=!~]=?={{0,2}}\s?{_NUMBER}(?:,\s?)?){{1,4}}["'],?\s*""",
            # "name": "^1.2.3", and version = "1.2.3"
            rf"""\s*["']?@?[\w./-]{{1,80}}["']?\s?[:=]\s?["']{_VERSION}["'],?\s*""",
            # require example.com/module v1.2.3
            rf"""\s*(?:require\s+)?[\w./~-]{{1,120}}\s+{_VERSION}(?:\s*// indirect)?\s*""",
        )
    )
)
# a number there is a setting
_SETTINGS = re.compile(r"fail|cov|test|opts|script|min|thresh", re.IGNORECASE)


def only_versions(lines: Iterable[str]) -> bool:
    """Tell whether these changed lines of a manifest surely change versions and nothing else."""
    return all(_is_version(line) for line in lines)


def _is_version(line: str) -> bool:
    if len(line) > _LONGEST or not _HARMLESS.fullmatch(line):
        return False
    key = re.split(r"[:=]", line, maxsplit=1)[0]
    return not _SETTINGS.search(key)
