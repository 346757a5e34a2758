"""Which provider of vectors `memory:` of fleet.yaml names."""

from collections.abc import Mapping

from fleet.adapters.embeddings.api import Api
from fleet.adapters.embeddings.gemini import GeminiApi
from fleet.adapters.embeddings.local import LocalEmbedder, shipped_model
from fleet.adapters.embeddings.ollama import OllamaApi
from fleet.adapters.embeddings.openai import OpenAiApi
from fleet.adapters.embeddings.remote import RemoteEmbedder
from fleet.adapters.system import SystemClock
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import MemoryRules
from fleet.memory_ports import Embedder


def embedder_for(rules: MemoryRules, variables: Mapping[str, str]) -> Embedder:
    """Answer the provider of the rules; `variables` is the environment that holds its key.

    Nothing is loaded, asked or checked yet. Raises ConfigError for a provider of another name.
    """
    if rules.provider == "local":
        return LocalEmbedder(shipped_model())
    return RemoteEmbedder(api_of(rules), variables, SystemClock())


def api_of(rules: MemoryRules) -> Api:
    """Answer the API that the rules name, with what they leave out; raises ConfigError."""
    for kind in (OpenAiApi, OllamaApi, GeminiApi):
        if kind.provider == rules.provider:
            return kind(
                model=rules.model or kind.usual_model,
                base_url=(rules.base_url or kind.usual_url).rstrip("/"),
                asked=rules.dimension,
            )
    raise ConfigError(
        f"memory.provider {rules.provider!r} is not known",
        remedy="name local, openai, ollama or gemini",
    )
