"""How commands find and keep lessons: beside the coordinator, by the ledger's vectors alone."""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from fleet.app.memory import Finder, Memory
from fleet.bootstrap.office import Office, secrets
from fleet.domain.errors import CredentialError
from fleet.memory_ports import Embedder
from fleet.ports import Added

if TYPE_CHECKING:
    from fleet.adapters.scanner import SecretScanner


def embedder(office: Office) -> Embedder:
    """Answer the provider of vectors that fleet.yaml names; nothing is loaded or asked yet."""
    from fleet.adapters.embeddings.providers import embedder_for

    return embedder_for(office.fleet.memory, office.settings.variables)


def memory_of(office: Office) -> Memory:
    """Answer what a command finds and keeps lessons with; no file of an index is touched."""
    from fleet.adapters.exact_index import ExactIndex

    provider = embedder(office)
    return Memory(
        rules=office.fleet.memory,
        ledger=office.ledger,
        clock=office.clock,
        embedder=provider,
        finder=Finder(office.ledger, provider, ExactIndex()),
        redact=_Redactor(office).clean,
    )


class _Redactor:
    """Takes secrets out of texts: known ones, and what looks like one; read at the first text."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def clean(self, text: str) -> str:
        """Answer the text with every secret replaced by a mark."""
        lines = tuple(enumerate(text.split("\n"), start=1))
        return self._scanner.clean(text, Added(lines={"": lines}))

    @cached_property
    def _scanner(self) -> "SecretScanner":
        from fleet.adapters.embeddings.gemini import GeminiApi
        from fleet.adapters.embeddings.openai import OpenAiApi
        from fleet.adapters.redaction import Redaction
        from fleet.adapters.scanner import SecretScanner

        variables = self._office.settings.variables
        named = (*OpenAiApi.key_variables, *GeminiApi.key_variables)
        redaction = Redaction([variables[name] for name in named if name in variables])
        places = secrets(self._office, redaction)
        for account in self._office.fleet.accounts.values():
            # one that is missing or malformed stands in no lesson
            with suppress(CredentialError):
                places.check(account)
        return SecretScanner(redaction)
