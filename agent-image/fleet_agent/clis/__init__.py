"""The registry of agent CLIs: everything that is known about a CLI hangs on this table."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

from fleet_agent.clis.model import Cli

_NAMES = (
    "command",
    "claude",
    "codex",
    "gemini",
    "opencode",
    "kilo",
    "qwen",
    "aider",
    "mini",
    "amp",
    "ollama",
)


class _Registry(Mapping[str, Cli]):
    """Imports a CLI's module when it is asked for: an attempt needs one, and starts sooner."""

    def __getitem__(self, name: str) -> Cli:
        if name not in _NAMES:
            raise KeyError(name)
        return cast("Cli", import_module(f"{__name__}.{name}").CLI)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


REGISTRY: Mapping[str, Cli] = _Registry()
