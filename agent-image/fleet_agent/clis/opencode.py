"""The agent `opencode`: headless, on the vendor that the model's name begins with.

An `api_key` reaches it through a pipe that is read once: neither its shell tools, their environment
nor the disk hold it, only the memory of its process. An `auth_file` stays readable to its tools,
for it renews itself in place, and so do the variables of a cloud: its processes inherit them.

A repository's own configuration is not loaded, with one exception that has no switch: programs in
`.opencode/plugin` run inside of it. They can do what its shell tools can.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fleet_agent.clis.credentials import document, kind_among, one_line, variables
from fleet_agent.clis.google import laid_out
from fleet_agent.clis.launch import KEY, KEY_DESCRIPTOR, PROMPT, fed, fed_secretly
from fleet_agent.clis.model import CATEGORIES, Ask, BadSecretError, Cli, Invocation, Meter
from fleet_agent.clis.opencode_lines import overhear, parse
from fleet_agent.clis.reasons import judge
from fleet_agent.packet import AgentChoice, Argv, PacketError

_KINDS = ("api_key", "auth_file", "bedrock", "vertex", "foundry")
_CLOUDS = ("bedrock", "vertex", "foundry")

# They speak their own protocol; any other vendor at a given address speaks chat completions.
_OWN_WIRE = ("anthropic", "openai", "google")
_COMMON_WIRE = "@ai-sdk/openai-compatible"

# With the repository's configuration its AGENTS.md is left out too: it is asked for by itself.
_READS = "/workspace/AGENTS.md"
_MCP_PATIENCE_MILLISECONDS = 30_000
_WITHHELD = {
    "edit": ("edit",),
    "shell": ("bash",),
    "web": ("webfetch", "websearch"),
    "agents": ("task",),
}
_SWITCHES = (
    "DISABLE_AUTOUPDATE",
    "DISABLE_CLAUDE_CODE",
    "DISABLE_DEFAULT_PLUGINS",
    "DISABLE_EXTERNAL_SKILLS",
    "DISABLE_LSP_DOWNLOAD",
    "DISABLE_MODELS_FETCH",
    "DISABLE_PROJECT_CONFIG",
    "DISABLE_SHARE",
    "EXPERIMENTAL_DISABLE_FILEWATCHER",
    "PURE",
)


@dataclass(frozen=True)
class Fork:
    """How opencode or a fork of it calls its things.

    `hides_key` says that it reads its configuration once, so that a key may come through a pipe.
    `withheld` are its tools by category, beside opencode's; `removed` are held back always.
    """

    program: str
    environment: Mapping[str, str]
    hides_key: bool
    withheld: Mapping[str, tuple[str, ...]]
    removed: tuple[str, ...]

    @property
    def config(self) -> str:
        """Return the path of its configuration below the home."""
        return f".config/{self.program}/{self.program}.json"

    @property
    def rules(self) -> str:
        """Return the path of what goes beside its system prompt."""
        return f".config/{self.program}/AGENTS.md"

    @property
    def skills(self) -> str:
        """Return the path of the folder where it looks for skills."""
        return f".config/{self.program}/skills"

    @property
    def login(self) -> str:
        """Return the path of its credentials."""
        return f".local/share/{self.program}/auth.json"

    @property
    def sessions(self) -> tuple[str, ...]:
        """Return the paths of its database."""
        database = f".local/share/{self.program}/{self.program}.db"
        return (database, f"{database}-wal", f"{database}-shm")


@dataclass(frozen=True)
class Choice:
    """A model and whose it is."""

    provider: str
    model: str

    def __str__(self) -> str:
        """Return the name as opencode writes it."""
        return f"{self.provider}/{self.model}"


def switches(prefix: str) -> dict[str, str]:
    """Return the variables that turn off what no attempt wants."""
    return {f"{prefix}_{name}": "1" for name in _SWITCHES}


OPENCODE = Fork(
    program="opencode",
    environment=switches("OPENCODE"),
    hides_key=True,
    withheld={},
    removed=("question",),
)


def invocation(ask: Ask) -> Invocation:
    """Return how to start opencode; raises BadSecretError and PacketError."""
    return start(ask, OPENCODE, choice_of(ask.packet.agent))


def choice_of(agent: AgentChoice) -> Choice | None:
    """Return the model of a packet, None where it leaves the choice; raises PacketError."""
    if agent.model is None:
        return None
    provider, _, model = agent.model.partition("/")
    if not provider or not model:
        raise PacketError(f"packet.context.agent.model must be PROVIDER/MODEL, not {agent.model}")
    return Choice(provider, model)


def start(ask: Ask, fork: Fork, choice: Choice | None) -> Invocation:
    """Return how to start opencode or a fork of it; raises BadSecretError and PacketError."""
    kind = kind_among(ask.secrets, _KINDS)
    hidden = kind == "api_key" and fork.hides_key
    found, files = _credential(ask, fork, kind, choice=choice)
    return Invocation(
        argv=(fed_secretly if hidden else fed)(ask.home, _argv(ask, fork, choice)),
        environment={**fork.environment, **variables(ask.secrets), **found},
        files={
            PROMPT: ask.prompt,
            fork.rules: ask.system,
            fork.config: json.dumps(_config(ask, fork, choice, hidden=hidden)),
            **files,
        },
    )


def _argv(ask: Ask, fork: Fork, choice: Choice | None) -> Argv:
    # The logs alone tell that it waits to try again. Without a title it asks the model for one.
    argv = [fork.program, "run", "--format", "json", "--auto", "--pure", "--title", "fleet"]
    argv += ["--print-logs", "--log-level", "WARN"]
    if choice:
        argv += ["--model", str(choice)]
    if ask.session:
        argv += ["--session", ask.session]
    return tuple(argv)


def _config(ask: Ask, fork: Fork, choice: Choice | None, *, hidden: bool) -> dict[str, object]:
    server = {"type": "local", "command": [*ask.mcp], "environment": ask.reporting, "enabled": True}
    return {
        "autoupdate": False,
        "share": "disabled",
        # the coordinator keeps the work; a second git beside it costs time and memory
        "snapshot": False,
        "lsp": False,
        "formatter": False,
        "instructions": [_READS],
        "permission": dict.fromkeys(_denied(ask, fork), "deny"),
        "mcp": {"fleet": server | {"timeout": _MCP_PATIENCE_MILLISECONDS}},
        **(_models(ask, choice, hidden=hidden) if choice else {}),
    }


def _denied(ask: Ask, fork: Fork) -> list[str]:
    withheld = ask.withheld if ask.packet.agent.teams else ask.withheld | {"agents"}
    tables = (_WITHHELD, fork.withheld)
    tools = (tool for name in sorted(withheld) for table in tables for tool in table.get(name, ()))
    return [*fork.removed, *tools]


def _models(ask: Ask, choice: Choice, *, hidden: bool) -> dict[str, object]:
    return {
        "model": str(choice),
        "small_model": str(choice),
        "enabled_providers": [choice.provider],
        "provider": {choice.provider: _provider(ask, choice, hidden=hidden)},
    }


def _provider(ask: Ask, choice: Choice, *, hidden: bool) -> dict[str, object]:
    agent, milliseconds = ask.packet.agent, round(ask.packet.limits.quiet * 1000)
    # silence is judged by the runner
    options: dict[str, object] = {"headerTimeout": milliseconds, "chunkTimeout": milliseconds}
    if agent.base_url:
        options["baseURL"] = agent.base_url
    if hidden:
        options["apiKey"] = f"{{file:/dev/fd/{KEY_DESCRIPTOR}}}"
    common = agent.base_url and choice.provider not in _OWN_WIRE
    # named here, a model that it does not know is asked for all the same: its vendor knows better
    models = {choice.model: _prices(agent)}
    return {"options": options, "models": models, **({"npm": _COMMON_WIRE} if common else {})}


def _prices(agent: AgentChoice) -> dict[str, object]:
    if agent.prices is None:
        return {}
    fresh, cached, output = (price / 1_000_000 for price in agent.prices)
    return {"cost": {"input": fresh, "cache_read": cached, "output": output}}


def _credential(
    ask: Ask, fork: Fork, kind: str | None, *, choice: Choice | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables and the files of the credential."""
    if kind == "api_key":
        if choice is None:
            raise BadSecretError(
                "credential api_key needs a model: PROVIDER/MODEL says whose it is"
            )
        key = one_line(ask.secrets, kind)
        login = json.dumps({choice.provider: {"type": "api", "key": key}})
        return {}, ({KEY: key} if fork.hides_key else {fork.login: login})
    if kind == "auth_file":
        return {}, {fork.login: _login(ask.secrets)}
    return laid_out(variables(ask.secrets, kind), ask.home) if kind in _CLOUDS else ({}, {})


def _login(secrets: Mapping[str, str]) -> str:
    for provider, login in document(secrets, "auth_file").items():
        if not isinstance(login, dict) or not isinstance(login.get("type"), str):
            raise BadSecretError(f"credential auth_file: {provider[:80]} has no type")
    return secrets["auth_file"]


CLI = Cli(
    invocation=invocation,
    parse=parse,
    overhear=overhear,
    classify=judge,
    meter=Meter.LIVE,
    resumes=True,
    withholds=frozenset(CATEGORIES),
    version=("opencode", "--version"),
    kept=OPENCODE.sessions,
    skills=OPENCODE.skills,
)
