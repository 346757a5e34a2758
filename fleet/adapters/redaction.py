"""Redaction: secrets out of text that is kept, by detect-secrets' patterns and a few newer ones."""

import logging
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any

# the plugins whose patterns know a token by its shape; those that go by entropy, by the word
# before, or by what is public anyway (addresses) shred ordinary text and take most of the time
_BY_SHAPE = (
    ("aws", "AWSKeyDetector"),
    ("azure_storage_key", "AzureStorageKeyDetector"),
    ("basic_auth", "BasicAuthDetector"),
    ("discord", "DiscordBotTokenDetector"),
    ("github_token", "GitHubTokenDetector"),
    ("gitlab_token", "GitLabTokenDetector"),
    ("jwt", "JwtTokenDetector"),
    ("mailchimp", "MailchimpDetector"),
    ("npm", "NpmDetector"),
    ("openai", "OpenAIDetector"),
    ("pypi_token", "PypiTokenDetector"),
    ("sendgrid", "SendGridDetector"),
    ("slack", "SlackDetector"),
    ("square_oauth", "SquareOAuthDetector"),
    ("stripe", "StripeDetector"),
    ("telegram_token", "TelegramBotTokenDetector"),
    ("twilio", "TwilioKeyDetector"),
)
# what agents' own accounts use and detect-secrets 1.5 does not know, or not to its end
_NEWER = (
    re.compile(
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL
    ),
    # the plugin's own pattern leaves the signature
    re.compile(r"\beyJ[A-Za-z0-9_=-]{8,}\.[A-Za-z0-9_=-]{4,}\.[A-Za-z0-9_=+/-]*"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    re.compile(r"\bya29\.[A-Za-z0-9_-]{20,}"),
    re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/-]{20,}"),
)
# a value given to a name such as `db_password`; the plugin is asked only where a name occurs
_NAMES = re.compile(r"(?i)pass|pwd|secret|_?key\b|credential|token")
# shorter words occur in ordinary text
_SHORTEST = 6
# of a secret that was cut in two, a shorter piece is told by chance and worth nothing
_SHORTEST_PIECE = 8
# how a text ends that was cut: by an agent's runner, by a trace
_CUT = " [cut]"

MARK = "[redacted]"


class Redaction:
    """Takes secrets out of texts; `known` are values to take out wherever they stand.

    Safe to use from many threads.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known: tuple[str, ...] = ()
        self._lock = Lock()
        self.learn(known)

    def learn(self, values: Collection[str]) -> None:
        """Take these values out as well from now on."""
        with self._lock:
            worth = {value for value in values if len(value) >= _SHORTEST}
            if not worth <= set(self._known):
                worth.update(self._known)
                # longest first, so that one that contains another goes whole
                self._known = tuple(sorted(worth, key=lambda value: (-len(value), value)))

    def without_known(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a JSON object without the known values; secrets known by shape alone stay."""
        if not self._known:
            return dict(told)
        return {self._plain(key): self._deep(value) for key, value in told.items()}

    def _deep(self, value: object) -> object:
        match value:
            case str():
                return self._plain(value)
            case Mapping():
                return self.without_known(value)
            case list() | tuple():
                return [self._deep(item) for item in value]
            case _:
                return value

    def _plain(self, text: str) -> str:
        for value in self._known:
            text = _without_ends(text.replace(value, MARK), value)
        return text

    def clean(self, text: str) -> str:
        """Answer the text with every secret replaced by a mark."""
        text = self._plain(text)
        if len(text) < _SHORTEST:
            return text
        for pattern in _shapes():
            text = pattern.sub(MARK, text)
        if _NAMES.search(text):
            for value in _named(text):
                text = text.replace(value, MARK)
        return text


def redact_logs(redaction: Redaction) -> None:
    """Let nothing secret through to where this process logs."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_RedactedLogs(redaction))


class _RedactedLogs(logging.Filter):
    """Takes secrets out of log records, their fields and tracebacks."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction
        self._format = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record; let every one pass."""
        record.msg, record.args = record.getMessage(), None
        if record.exc_info:
            record.exc_text = self._format.formatException(record.exc_info)
        for name, value in vars(record).items():
            if isinstance(value, str):
                setattr(record, name, self._redaction.clean(value))
        return True


def _without_ends(text: str, value: str) -> str:
    """Take out what is left of a value where a text was cut in the midst of it."""
    rest = _end_of(value, text[: len(value)])
    if rest:
        text = MARK + text[rest:]
    whole = text.removesuffix(_CUT)
    begun = _begin_of(value, whole[-len(value) :])
    return whole[: len(whole) - begun] + MARK + text[len(whole) :] if begun else text


def _end_of(value: str, head: str) -> int:
    """Answer how many characters a text begins with that the value ends with."""
    last = value[-_SHORTEST_PIECE:]
    at = head.rfind(last)
    while at >= 0 and not value.endswith(head[: at + len(last)]):
        at = head.rfind(last, 0, at + len(last) - 1)
    return at + len(last) if at >= 0 else 0


def _begin_of(value: str, tail: str) -> int:
    """Answer how many characters a text ends with that the value begins with."""
    first = value[:_SHORTEST_PIECE]
    at = tail.find(first)
    while at >= 0 and not value.startswith(tail[at:]):
        at = tail.find(first, at + 1)
    return len(tail) - at if at >= 0 else 0


@cache
def _shapes() -> tuple[re.Pattern[str], ...]:
    # the patterns themselves, not `analyze_string`: that answers one group of a match, such as
    # the `ghp` of a GitHub token
    plugins = "detect_secrets.plugins"
    found = (getattr(import_module(f"{plugins}.{file}"), name) for file, name in _BY_SHAPE)
    return (*_NEWER, *(pattern for plugin in found for pattern in plugin.denylist))


@cache
def _keyword_plugin() -> object:
    return import_module("detect_secrets.plugins.keyword").KeywordDetector()


def _named(text: str) -> set[str]:
    found = _keyword_plugin().analyze_string(text)  # type: ignore[attr-defined]
    return {value for value in found if len(value) >= _SHORTEST and MARK not in value}
