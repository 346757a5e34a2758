"""The agent `ollama`: local models behind an OpenAI-compatible address, driven by opencode.

Any such server will do: Ollama, vLLM, llama.cpp. What it serves costs nothing.
"""

from dataclasses import replace

from fleet_agent.clis import opencode
from fleet_agent.clis.credentials import kind_among
from fleet_agent.clis.model import Ask, Heard, Invocation
from fleet_agent.clis.opencode_lines import parse as parse_priced
from fleet_agent.clis.usage import Spent
from fleet_agent.packet import PacketError

_PROVIDER = "ollama"


def invocation(ask: Ask) -> Invocation:
    """Return how to start opencode on a local model; raises BadSecretError and PacketError."""
    agent = ask.packet.agent
    if not agent.base_url:
        # no default: inside of a container neither localhost nor the host's name leads anywhere
        raise PacketError(
            "agent ollama needs base_url: the address its container reaches the models at, "
            "such as http://models:11434/v1 on a network that its profile names"
        )
    if not agent.model:
        raise PacketError("agent ollama needs a model, by the name its server has for it")
    kind_among(ask.secrets, ("api_key",))
    model = agent.model.removeprefix(f"{_PROVIDER}/")
    return opencode.start(ask, opencode.OPENCODE, opencode.Choice(_PROVIDER, model))


def parse(line: bytes) -> tuple[Heard, ...]:
    """Return what a line says; what was used is known to be free."""
    return tuple(_free(event) for event in parse_priced(line))


def _free(event: Heard) -> Heard:
    if isinstance(event, Spent):
        return replace(event, usage=replace(event.usage, cost_micros=0))
    return event


CLI = replace(opencode.CLI, invocation=invocation, parse=parse)
