"""How commands find and keep lessons: beside the coordinator, by the ledger's vectors alone."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.app.memory import Finder, Memory, wanted
from fleet.bootstrap.office import Office, secrets
from fleet.domain.errors import CredentialError, IndexDamagedError
from fleet.memory_ports import Embedder, Told

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


def provider_keys(office: Office) -> list[str]:
    """Answer the keys of providers of vectors that this process was started with."""
    from fleet.adapters.embeddings.gemini import GeminiApi
    from fleet.adapters.embeddings.openai import OpenAiApi

    variables = office.settings.variables
    named = (*OpenAiApi.key_variables, *GeminiApi.key_variables)
    return [variables[name] for name in named if name in variables]


class _Redactor:
    """Takes secrets out of texts: known ones, and what looks like one; read at the first text."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def clean(self, text: str) -> str:
        """Answer the text with every secret replaced by a mark."""
        return self._scanner.without_secrets(text)

    @cached_property
    def _scanner(self) -> "SecretScanner":
        from fleet.adapters.redaction import Redaction
        from fleet.adapters.scanner import SecretScanner

        redaction = Redaction(provider_keys(self._office))
        places = secrets(self._office, redaction)
        for account in self._office.fleet.accounts.values():
            # one that is missing or malformed stands in no lesson
            with suppress(CredentialError):
                places.check(account)
        return SecretScanner(redaction)


def index_rebuilt(office: Office, told: Told) -> int:
    """Make the index of this home anew and answer how many lessons it holds; `told` hears of it.

    Raises BusyError where a coordinator owns it: that one keeps it right by itself.
    """
    from fleet.adapters.chroma.index import opened

    index = opened(_folder(office), office.fleet.memory.server, home8=office.home8)
    finder = Finder(office.ledger, embedder(office), index)
    try:
        return finder.rebuild(told)
    finally:
        finder.close()


def index_trouble(office: Office) -> str:
    """Answer what is wrong with the index while nobody owns it, "" where nothing is.

    A folder is looked at and not opened. Raises ConfigError where none can stand, EmbeddingError,
    and IndexDownError where a server does not answer.
    """
    from fleet.adapters.chroma.index import opened
    from fleet.adapters.chroma.seal import sealed
    from fleet.adapters.chroma.stores import check_place

    server, folder = office.fleet.memory.server, _folder(office)
    if server is None:
        check_place(folder)
        return "" if sealed(folder) else f"{folder} was changed, or its owner was killed"
    space = embedder(office).space()
    entries = wanted(office.ledger, space)
    index = opened(folder, server, home8=office.home8)
    try:
        return index.check(space, entries).words
    except IndexDamagedError as error:
        return error.message
    finally:
        index.close()


def _folder(office: Office) -> Path:
    return office.home / "memory" / "chroma"
