"""The registry of agent CLIs: everything that is known about a CLI hangs on this table."""

from collections.abc import Mapping
from types import MappingProxyType

from fleet_agent.clis import (
    aider,
    amp,
    claude,
    codex,
    command,
    gemini,
    kilo,
    mini,
    ollama,
    opencode,
    qwen,
)
from fleet_agent.clis.model import Cli

REGISTRY: Mapping[str, Cli] = MappingProxyType(
    {
        "command": command.CLI,
        "claude": claude.CLI,
        "codex": codex.CLI,
        "gemini": gemini.CLI,
        "opencode": opencode.CLI,
        "kilo": kilo.CLI,
        "qwen": qwen.CLI,
        "aider": aider.CLI,
        "mini": mini.CLI,
        "amp": amp.CLI,
        "ollama": ollama.CLI,
    }
)
