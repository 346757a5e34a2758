"""What the CLIs that stand on the library litellm share: variables, addresses, its errors."""

import re
from collections.abc import Mapping
from dataclasses import replace

from fleet_agent.clis.credentials import kind_among, one_line, variables
from fleet_agent.clis.hints import told_wait
from fleet_agent.clis.model import Ask, Failure
from fleet_agent.clis.reasons import failure

# A model is named PROVIDER/NAME, and each provider has its variables PROVIDER_API_KEY and _BASE.
_PROVIDER = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,40})/")
_USUAL = "OPENAI"
_ALIASES = {"OLLAMA_CHAT": "OLLAMA"}
# how models are named without their provider
_FAMILIES = {
    "claude": "ANTHROPIC",
    "sonnet": "ANTHROPIC",
    "opus": "ANTHROPIC",
    "haiku": "ANTHROPIC",
    "gemini": "GEMINI",
    "deepseek": "DEEPSEEK",
}
# named although they are the library's own: a file .env in the repository must not turn a key away
_ADDRESSES = {"OPENAI": "https://api.openai.com/v1", "ANTHROPIC": "https://api.anthropic.com"}

ENVIRONMENT = {
    # its table of prices comes with it; without this it is fetched at every start
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    # no file .env of a folder it happens to lie in
    "LITELLM_MODE": "PRODUCTION",
    # an error's text is not broken into lines
    "COLUMNS": "4000",
}

ERROR = re.compile(rb"litellm\.(?:exceptions\.)?([A-Z]\w{0,60}(?:Error|Timeout)|Timeout): (.*)")
_STATUS = {
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "Timeout": 408,
    "ContextWindowExceededError": 413,
    "RateLimitError": 429,
    "InternalServerError": 500,
    "BadGatewayError": 502,
    "ServiceUnavailableError": 503,
}
_LONGEST_TEXT = 4000


def provider(model: str | None) -> str:
    """Return the provider of a model as its variables spell it."""
    name = model or ""
    found = _PROVIDER.match(name)
    if not found:
        known = (owner for family, owner in _FAMILIES.items() if name.startswith(family))
        return next(known, _USUAL)
    owner = found[1].upper()
    return _ALIASES.get(owner, owner)


def key_variable(model: str | None) -> str:
    """Return the name of the variable that holds the key."""
    return f"{provider(model)}_API_KEY"


def environment(ask: Ask) -> Mapping[str, str]:
    """Return what the library needs: passed on, key and address; raises BadSecretError."""
    kind = kind_among(ask.secrets, ("api_key",))
    model = ask.packet.agent.model
    key = {key_variable(model): one_line(ask.secrets, kind)} if kind else {}
    return {**ENVIRONMENT, **variables(ask.secrets), **address(ask), **key}


def address(ask: Ask) -> dict[str, str]:
    """Return the variable that says where the API is; raises BadSecretError."""
    owner = provider(ask.packet.agent.model)
    name = f"{owner}_API_BASE"
    passed = variables(ask.secrets).get(name)
    where = ask.packet.agent.base_url or passed or _ADDRESSES.get(owner)
    return {name: where} if where else {}


def error_in(line: bytes) -> Failure | None:
    """Return the failure that a line tells of, None where it tells of none."""
    found = ERROR.search(line[:_LONGEST_TEXT])
    if not found:
        return None
    name = found[1].decode("ascii")
    words = f"{name}: {found[2].decode('utf-8', errors='replace')}"
    return replace(failure(_STATUS.get(name), words), retry_after_seconds=told_wait(words))
