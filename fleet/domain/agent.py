"""The agents that can be started: what the coordinator must know of each, and their credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CredentialKind(StrEnum):
    """What a credential is; the last three are environment variables of a cloud."""

    API_KEY = "api_key"
    OAUTH_TOKEN = "oauth_token"  # noqa: S105 - the name of a kind
    AUTH_FILE = "auth_file"
    BEDROCK = "bedrock"
    VERTEX = "vertex"
    FOUNDRY = "foundry"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Where a secret is found, never the secret itself: a variable's name, or a file's path."""

    kind: CredentialKind
    env: str | None = None
    file: str | None = None

    @property
    def place(self) -> str:
        """Answer where it is kept, in words."""
        return f"variable {self.env}" if self.env is not None else f"file {self.file}"


class Meter(StrEnum):
    """When an agent tells what it used: while it works, or only at its end."""

    LIVE = "live"
    END = "end"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent: its meter, the credentials it takes (none: it takes no secret at all).

    `tells_cost` says that it tells in dollars what it used; of others a price makes it known.
    `program` is the CLI that has to be in the image; an agent that is `free` needs no credential,
    one that is `local` has no vendor: it needs an address and a model's name.
    """

    program: str
    meter: Meter = Meter.END
    tells_cost: bool = False
    takes: frozenset[CredentialKind] = frozenset()
    free: bool = False
    local: bool = False


_KEY = frozenset({CredentialKind.API_KEY})
_KEY_OR_FILE = _KEY | {CredentialKind.AUTH_FILE}
_CLOUDS = frozenset({CredentialKind.BEDROCK, CredentialKind.VERTEX, CredentialKind.FOUNDRY})

AGENTS: Mapping[str, Agent] = MappingProxyType(
    {
        "command": Agent(program="command", tells_cost=True, free=True),
        "claude": Agent(
            program="claude",
            meter=Meter.LIVE,
            tells_cost=True,
            takes=_KEY_OR_FILE | _CLOUDS | {CredentialKind.OAUTH_TOKEN},
        ),
        "codex": Agent(program="codex", meter=Meter.LIVE, takes=_KEY_OR_FILE),
        "gemini": Agent(program="gemini", takes=_KEY_OR_FILE | {CredentialKind.VERTEX}),
        "opencode": Agent(program="opencode", meter=Meter.LIVE, takes=_KEY_OR_FILE | _CLOUDS),
        "kilo": Agent(program="kilo", meter=Meter.LIVE, takes=_KEY_OR_FILE | _CLOUDS),
        "qwen": Agent(program="qwen", takes=_KEY),
        "aider": Agent(program="aider", takes=_KEY),
        "mini": Agent(program="mini", takes=_KEY),
        "amp": Agent(program="amp", takes=_KEY),
        # local models by opencode's own provider; a gateway in front of them may want a key
        "ollama": Agent(
            program="opencode",
            meter=Meter.LIVE,
            tells_cost=True,
            takes=_KEY,
            free=True,
            local=True,
        ),
    }
)
