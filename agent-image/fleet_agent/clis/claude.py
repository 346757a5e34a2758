"""The agent `claude`: Claude Code, headless, told and heard by JSON lines.

An `api_key` and an `oauth_token` reach it through a pipe that is read once: neither its shell
tools, their environment nor the disk hold them, only the memory of its process. An `auth_file`
stays readable to its tools, for it renews itself in place, and so do the variables of a cloud: its
processes inherit them.
"""

import json
from collections.abc import Mapping

from fleet_agent.clis.claude_lines import parse
from fleet_agent.clis.claude_tools import DENIABLE, REMOVED, TEAM
from fleet_agent.clis.credentials import document, kind_among, one_line, variables
from fleet_agent.clis.google import laid_out
from fleet_agent.clis.launch import KEY, KEY_DESCRIPTOR, PROMPT, fed, fed_secretly
from fleet_agent.clis.model import CATEGORIES, Ask, BadSecretError, Cli, Invocation, Meter
from fleet_agent.clis.reasons import judge
from fleet_agent.packet import Argv

_SYSTEM = ".fleet/system.md"
_MCP = ".fleet/mcp.json"
_MEMORY = ".claude/CLAUDE.md"
_AUTH = ".claude/.credentials.json"
_SESSIONS = ".claude/projects"

_KINDS = ("api_key", "oauth_token", "auth_file", "bedrock", "vertex", "foundry")
_DESCRIPTORS = {
    "api_key": "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "oauth_token": "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
}
_CLOUDS = ("bedrock", "vertex", "foundry")

# The settings of a repository are not loaded: they could start programs and turn away the API's
# address. What it says to agents comes in by the user's own memory file instead; AGENTS.md is not
# read by itself at all. A file that is not there is passed over.
_READS = "@/workspace/AGENTS.md\n@/workspace/CLAUDE.md\n"

_ENVIRONMENT = {
    # without it uid 0 is refused what follows from --dangerously-skip-permissions
    "IS_SANDBOX": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # about two seconds of trying again instead of three minutes
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
    # on a busy machine the runner's tools may be longer in coming than the usual five seconds
    "MCP_CONNECT_TIMEOUT_MS": "30000",
    # nothing outlives the attempt
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    # where there are skills of ours, its own would be offered beside them
    "CLAUDE_CODE_DISABLE_BUNDLED_SKILLS": "1",
}
_LONGEST_COMMAND_SECONDS = 600
_USUAL_COMMAND_SECONDS = 120


def invocation(ask: Ask) -> Invocation:
    """Return how to start Claude Code; raises BadSecretError."""
    kind = kind_among(ask.secrets, _KINDS)
    start = fed_secretly if kind in _DESCRIPTORS else fed
    return Invocation(
        argv=start(ask.home, _argv(ask)),
        environment={
            **_ENVIRONMENT,
            **_address(ask.packet.agent.base_url, kind),
            **_times(ask.packet.limits.quiet),
            **variables(ask.secrets),
            **_credential_variables(ask, kind),
        },
        files=_files(ask) | _credential_files(ask, kind),
    )


def _argv(ask: Ask) -> Argv:
    limits, agent = ask.packet.limits, ask.packet.agent
    argv = ["claude", "--print", "--verbose", "--output-format", "stream-json"]
    # every call's usage while it works, and a sign of life from long thinking
    argv += ["--include-partial-messages", "--dangerously-skip-permissions"]
    argv += ["--setting-sources", "user", "--settings", _settings(ask.withheld)]
    argv += [] if ask.skills else ["--disable-slash-commands"]
    argv += ["--append-system-prompt-file", str(ask.home / _SYSTEM)]
    argv += ["--strict-mcp-config", "--mcp-config", str(ask.home / _MCP)]
    argv += ["--disallowedTools", *(REMOVED if agent.teams else (*REMOVED, *TEAM))]
    if agent.model:
        argv += ["--model", agent.model]
    if limits.turns is not None:
        argv += ["--max-turns", str(limits.turns)]
    if limits.cost_micros is not None:
        argv += ["--max-budget-usd", f"{limits.cost_micros / 1_000_000:.6f}"]
    if ask.session:
        argv += ["--resume", ask.session]
    return tuple(argv)


def _settings(withheld: frozenset[str]) -> str:
    # A tool that must be asked for is denied where nobody can answer, and the denial is told.
    # On the command line, where no tool can change it.
    asked = [tool for category in sorted(withheld) for tool in DENIABLE.get(category, ())]
    return json.dumps({"permissions": {"ask": asked}})


def _files(ask: Ask) -> dict[str, str]:
    command, *rest = ask.mcp
    server = {"type": "stdio", "command": command, "args": rest, "env": ask.reporting}
    # always: else its first turn may begin before it is connected
    servers = {"fleet": {**server, "alwaysLoad": True}}
    return {
        PROMPT: ask.prompt,
        _SYSTEM: ask.system,
        _MEMORY: _READS,
        _MCP: json.dumps({"mcpServers": servers}),
    }


def _address(base_url: str | None, kind: str | None) -> dict[str, str]:
    if base_url is None:
        return {}
    cloud = f"{kind.upper()}_" if kind in _CLOUDS else ""
    return {f"ANTHROPIC_{cloud}BASE_URL": base_url}


def _times(quiet: float) -> dict[str, str]:
    # Silence is judged by the runner alone, so a command may not be silent for as long.
    longest = min(_LONGEST_COMMAND_SECONDS, quiet * 0.8)
    return {
        "API_TIMEOUT_MS": str(round(quiet * 2 * 1000)),
        "BASH_MAX_TIMEOUT_MS": str(round(longest * 1000)),
        "BASH_DEFAULT_TIMEOUT_MS": str(round(min(_USUAL_COMMAND_SECONDS, longest) * 1000)),
    }


def _credential_variables(ask: Ask, kind: str | None) -> dict[str, str]:
    if kind in _DESCRIPTORS:
        return {_DESCRIPTORS[kind]: KEY_DESCRIPTOR}
    if kind not in _CLOUDS:
        return {}
    found, _ = laid_out(variables(ask.secrets, kind), ask.home)
    return found | {f"CLAUDE_CODE_USE_{kind.upper()}": "1"}


def _credential_files(ask: Ask, kind: str | None) -> dict[str, str]:
    if kind in _DESCRIPTORS:
        return {KEY: one_line(ask.secrets, kind)}
    if kind == "auth_file":
        return {_AUTH: _login(ask.secrets)}
    return laid_out(variables(ask.secrets, kind), ask.home)[1] if kind in _CLOUDS else {}


def _login(secrets: Mapping[str, str]) -> str:
    login = document(secrets, "auth_file").get("claudeAiOauth")
    if not isinstance(login, dict) or not isinstance(login.get("accessToken"), str):
        raise BadSecretError("credential auth_file lacks claudeAiOauth.accessToken")
    return secrets["auth_file"]


CLI = Cli(
    invocation=invocation,
    parse=parse,
    classify=judge,
    meter=Meter.LIVE,
    resumes=True,
    withholds=frozenset(CATEGORIES),
    version=("claude", "--version"),
    kept=(_SESSIONS,),
    skills=".claude/skills",
)
