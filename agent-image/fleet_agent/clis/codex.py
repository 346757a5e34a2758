"""The agent `codex`: OpenAI's Codex, headless, told by its configuration and heard by JSON lines.

An `api_key` reaches it through a file that is read once and removed: neither its shell tools, their
environment nor the disk hold it, only the memory of its process. An `auth_file` stays readable to
its tools, for it renews itself in place. Variables of the account whose names hold KEY, SECRET or
TOKEN are kept from its shell tools; those find them in the environment of its process if they look
there.

Its tools cannot all be held back: patches are applied whatever is set, and its sandbox does not
work in a container. It reads by its shell, so without one it sees little.
"""

from collections.abc import Mapping

from fleet_agent.clis.codex_lines import parse
from fleet_agent.clis.credentials import document, kind_among, one_line, variables
from fleet_agent.clis.launch import KEY, PROMPT, fed
from fleet_agent.clis.model import Ask, BadSecretError, Cli, Invocation, Meter
from fleet_agent.clis.reasons import judge
from fleet_agent.clis.toml import Table, toml
from fleet_agent.packet import Argv

_CONFIG = ".codex/config.toml"
_AUTH = ".codex/auth.json"
_SESSIONS = ".codex/sessions"
_VENDOR = "https://api.openai.com/v1"
_KINDS = ("api_key", "auth_file")
# the quickest that still forgives a lost connection: about four seconds in all
_RETRIES = 2
_MCP_SECONDS = 20
# Asked a second time after a 401: what it says then is what codex ends with.
_READ_ONCE = """\
if [ -e "$0" ]; then cat "$0" && rm "$0"; exit; fi
echo "the API refused the api_key (401 Unauthorized)" >&2
exit 1"""

# what makes no sense without a human, asks other servers, or waits for the network for ever
_OFF = (
    "apps",
    "plugins",
    "remote_plugin",
    "goals",
    "image_generation",
    "memories",
    "unbounded_connection_retries",
)


def invocation(ask: Ask) -> Invocation:
    """Return how to start Codex; raises BadSecretError."""
    kind = kind_among(ask.secrets, _KINDS)
    return Invocation(
        argv=fed(ask.home, _argv(ask)),
        environment=variables(ask.secrets),
        files={
            PROMPT: ask.prompt,
            _CONFIG: toml(_config(ask, kind)),
            **_credential_files(ask.secrets, kind),
        },
        tail=f"{_SESSIONS}/**/rollout-*.jsonl",
    )


def _argv(ask: Ask) -> Argv:
    argv = ["codex", "exec", "--json", "--skip-git-repo-check"]
    argv += ["--dangerously-bypass-approvals-and-sandbox"]
    if ask.packet.agent.model:
        argv += ["--model", ask.packet.agent.model]
    if ask.session:
        argv += ["resume", ask.session]
    return (*argv, "-")


def _config(ask: Ask, kind: str | None) -> Table:
    # No word on whether /workspace is trusted: then its AGENTS.md is read, but not its settings,
    # which could start programs and turn away the API's address.
    withheld = ask.withheld | (frozenset() if ask.packet.agent.teams else {"agents"})
    search: Table = {"web_search": "disabled"} if "web" in withheld else {}
    return search | {
        "developer_instructions": ask.system,
        "model_provider": "fleet",
        "model_providers": {"fleet": _provider(ask, kind)},
        "mcp_servers": {"fleet": _server(ask)},
        "features": _features(withheld),
        "agents": {"enabled": "agents" not in withheld},
        # a login shell forgets the paths of the project's image
        "allow_login_shell": False,
        "shell_environment_policy": {"ignore_default_excludes": False},
        "check_for_update_on_startup": False,
        "analytics": {"enabled": False},
        "feedback": {"enabled": False},
        "history": {"persistence": "none"},
    }


def _provider(ask: Ask, kind: str | None) -> Table:
    base_url = ask.packet.agent.base_url
    common: Table = {
        "name": "fleet",
        "wire_api": "responses",
        "request_max_retries": _RETRIES,
        "stream_max_retries": _RETRIES,
        # silence is judged by the runner alone
        "stream_idle_timeout_ms": round(ask.packet.limits.quiet * 2 * 1000),
    }
    if kind == "auth_file":
        # the address follows from what it is: of a plan or of a key
        return (
            common | {"requires_openai_auth": True} | ({"base_url": base_url} if base_url else {})
        )
    common["base_url"] = base_url or _VENDOR
    if kind is None:
        return common
    reading: Table = {"command": "sh", "args": ["-c", _READ_ONCE, str(ask.home / KEY)]}
    return common | {"auth": reading | {"refresh_interval_ms": 0}}


def _server(ask: Ask) -> Table:
    command, *rest = ask.mcp
    server: Table = {"command": command, "args": rest, "env": ask.reporting}
    # required: else the first turn begins before it is connected
    return server | {"required": True, "startup_timeout_sec": _MCP_SECONDS}


def _features(withheld: frozenset[str]) -> Table:
    off: Table = dict.fromkeys(_OFF, False)
    if "agents" in withheld:
        off["multi_agent"] = False
    if "shell" in withheld:
        off["shell_tool"] = False
    return off


def _credential_files(secrets: Mapping[str, str], kind: str | None) -> dict[str, str]:
    if kind == "api_key":
        return {KEY: one_line(secrets, kind)}
    return {_AUTH: _login(secrets)} if kind == "auth_file" else {}


def _login(secrets: Mapping[str, str]) -> str:
    login = document(secrets, "auth_file")
    tokens = login.get("tokens")
    if not login.get("OPENAI_API_KEY") and not (isinstance(tokens, dict) and tokens):
        raise BadSecretError("credential auth_file lacks tokens and OPENAI_API_KEY")
    return secrets["auth_file"]


CLI = Cli(
    invocation=invocation,
    parse=parse,
    classify=judge,
    meter=Meter.LIVE,
    resumes=True,
    withholds=frozenset({"shell", "web", "agents"}),
    version=("codex", "--version"),
    kept=(_SESSIONS,),
    skills=".codex/skills",
)
