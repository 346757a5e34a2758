"""How commands find and keep lessons: beside the coordinator, by the ledger's vectors alone."""

from collections.abc import Callable
from contextlib import suppress

from fleet.app.memory import Finder, Memory
from fleet.bootstrap.office import Office, secrets
from fleet.domain.errors import CredentialError
from fleet.memory_ports import Embedder


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
        redact=redactor(office),
    )


def redactor(office: Office) -> Callable[[str], str]:
    """Answer what takes secrets out of a text: known ones, and what looks like one."""
    from fleet.adapters.embeddings.gemini import GeminiApi
    from fleet.adapters.embeddings.openai import OpenAiApi
    from fleet.adapters.redaction import Redaction
    from fleet.adapters.scanner import SecretScanner
    from fleet.ports import Added

    variables = office.settings.variables

    @cache
    def scanner() -> SecretScanner:
        # read once, and only where something is written down
    named = (*OpenAiApi.key_variables, *GeminiApi.key_variables)
    redaction = Redaction([variables[name] for name in named if name in variables])
    places = secrets(office, redaction)
    for account in office.fleet.accounts.values():
        with suppress(CredentialError):
            places.check(account)
    scanner = SecretScanner(redaction)

    def redact(text: str) -> str:
        lines = tuple(enumerate(text.split("\n"), start=1))
        return scanner.clean(text, Added(lines={"": lines}))

    return redact
