"""The agent `gemini`: Gemini CLI, headless, told by its settings and heard by JSON lines.

An `api_key` reaches it through a pipe that is read once: neither its shell tools, their environment
nor the disk hold it, only the memory of its process. An `auth_file` stays readable to its tools,
for it renews itself in place. The variables of `vertex` and of the account stand in the environment
of its process; those whose names hold KEY, TOKEN, SECRET and the like are kept from its shell
tools, which find them there only if they look for them.
"""

import json
import re
from collections.abc import Mapping

from fleet_agent.clis.credentials import document, kind_among, one_line, variables
from fleet_agent.clis.gemini_lines import DENIABLE, classify, overhear, parse
from fleet_agent.clis.google import laid_out
from fleet_agent.clis.launch import KEY, KEY_DESCRIPTOR, PROMPT, fed, fed_secretly
from fleet_agent.clis.model import CATEGORIES, Ask, BadSecretError, Cli, Invocation
from fleet_agent.packet import Argv

_SETTINGS = ".gemini/settings.json"
_MEMORY = ".gemini/GEMINI.md"
_LOGIN = ".gemini/oauth_creds.json"
# the only file it looks for a key in that is not the repository's
_VARIABLES = ".env"

_KINDS = ("api_key", "auth_file", "vertex")
_METHODS = {"api_key": "gemini-api-key", "auth_file": "oauth-personal", "vertex": "vertex-ai"}

_LINKED = f'ln -sf /dev/fd/{KEY_DESCRIPTOR} "$0" && exec "$@"'

# It trusts the folder or it edits nothing, and then reads the variables that the repository's
# .gemini/.env sets; none that is set here. So these name every address a key or a login is sent to.
_ENVIRONMENT = {
    "GOOGLE_GEMINI_BASE_URL": "",
    "GOOGLE_VERTEX_BASE_URL": "",
    "CODE_ASSIST_ENDPOINT": "https://cloudcode-pa.googleapis.com",
    "NODE_TLS_REJECT_UNAUTHORIZED": "",
    "GEMINI_SYSTEM_MD": "",
    # else a second process stands between it and every signal
    "GEMINI_CLI_NO_RELAUNCH": "true",
}

# what makes no sense without a human, or tells it to work otherwise than it is asked
_REMOVED = (
    "activate_skill",
    "ask_user",
    "enter_plan_mode",
    "exit_plan_mode",
    "list_background_processes",
    "read_background_output",
)
_USUAL_SILENCE_SECONDS = 300
_MCP_PATIENCE_MILLISECONDS = 30_000

# In its memory files a word after @ is a file to be read in, but not between backticks.
_IMPORT = re.compile(r"(?<!\S)@[^\s`]+")


def invocation(ask: Ask) -> Invocation:
    """Return how to start Gemini CLI; raises BadSecretError."""
    kind = kind_among(ask.secrets, _KINDS)
    found, files = _credential(ask, kind)
    return Invocation(
        argv=_argv(ask, secretly=kind == "api_key"),
        environment={
            **_ENVIRONMENT,
            **_address(ask.packet.agent.base_url),
            **variables(ask.secrets),
            **found,
        },
        files={
            PROMPT: ask.prompt,
            _MEMORY: _IMPORT.sub(r"`\g<0>`", ask.system),
            _SETTINGS: json.dumps(_settings(ask, kind)),
            **files,
        },
    )


def _argv(ask: Ask, *, secretly: bool) -> Argv:
    # --skip-trust, not a variable: that would load the repository's own settings too
    argv = ["gemini", "--output-format", "stream-json", "--approval-mode", "yolo", "--skip-trust"]
    if ask.packet.agent.model:
        argv += ["--model", ask.packet.agent.model]
    if ask.session:
        argv += ["--resume", ask.session]
    if not secretly:
        return fed(ask.home, tuple(argv))
    linked = ("sh", "-c", _LINKED, str(ask.home / _VARIABLES), *argv)
    return fed_secretly(ask.home, linked)


def _address(base_url: str | None) -> dict[str, str]:
    names = ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL")
    return dict.fromkeys(names, base_url.rstrip("/")) if base_url else {}


def _settings(ask: Ask, kind: str | None) -> dict[str, object]:
    command, *rest = ask.mcp
    server = {"command": command, "args": rest, "env": ask.reporting, "trust": True}
    turns, quiet = ask.packet.limits.turns, ask.packet.limits.quiet
    # silence is judged by the runner alone, so a command may not be silent for as long
    silence = round(min(_USUAL_SILENCE_SECONDS, quiet * 0.8))
    return {
        "security": {
            "auth": {"selectedType": _METHODS[kind or "api_key"]},
            "environmentVariableRedaction": {"enabled": True},
        },
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {
            "enableAutoUpdate": False,
            "enableAutoUpdateNotification": False,
            # about five seconds of trying again instead of four minutes
            "maxAttempts": 2,
            "retryFetchErrors": False,
        },
        "advanced": {"ignoreLocalEnv": True, "autoConfigureMemory": False},
        "model": {"maxSessionTurns": turns} if turns is not None else {},
        # a name that merely resembles one after @ in the prompt is no file to be read in
        "context": {
            "fileName": ["AGENTS.md", "GEMINI.md"],
            "fileFiltering": {"enableRecursiveFileSearch": False},
        },
        "tools": {"exclude": _removed(ask), "shell": {"inactivityTimeout": silence}},
        "hooksConfig": {"enabled": False},
        # with its own it would load the repository's: it is told of ours like of other files
        "skills": {"enabled": False},
        "experimental": {"enableAgents": ask.packet.agent.teams},
        "mcpServers": {"fleet": server | {"timeout": _MCP_PATIENCE_MILLISECONDS}},
    }


def _removed(ask: Ask) -> list[str]:
    withheld = ask.withheld if ask.packet.agent.teams else ask.withheld | {"agents"}
    return [*_REMOVED, *(tool for name in sorted(withheld) for tool in DENIABLE.get(name, ()))]


def _credential(ask: Ask, kind: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables and the files of the credential."""
    if kind == "api_key":
        return {}, {KEY: f"GEMINI_API_KEY={one_line(ask.secrets, kind)}\n"}
    if kind == "auth_file":
        return {}, {_LOGIN: _login(ask.secrets)}
    if kind != "vertex":
        return {}, {}
    found, files = laid_out(variables(ask.secrets, kind), ask.home)
    return {**found, "GOOGLE_GENAI_USE_VERTEXAI": "true"}, files


def _login(secrets: Mapping[str, str]) -> str:
    login = document(secrets, "auth_file")
    if not any(isinstance(login.get(name), str) for name in ("refresh_token", "access_token")):
        raise BadSecretError("credential auth_file lacks refresh_token and access_token")
    return secrets["auth_file"]


CLI = Cli(
    invocation=invocation,
    parse=parse,
    overhear=overhear,
    classify=classify,
    resumes=True,
    withholds=frozenset(CATEGORIES),
    version=("gemini", "--version"),
    kept=(".gemini/tmp", ".gemini/projects.json"),
)
