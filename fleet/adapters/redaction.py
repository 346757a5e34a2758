"""Redaction: secrets out of text that is kept, by detect-secrets' patterns and a few newer ones."""

import re
from collections.abc import Collection
from functools import cache
from importlib import import_module

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

MARK = "[redacted]"


class Redaction:
    """Takes secrets out of texts; `known` are values to take out wherever they stand."""

    def __init__(self, known: Collection[str] = ()) -> None:
        # longest first, so that one that contains another goes whole
        worth = {value for value in known if len(value) >= _SHORTEST}
        self._known = tuple(sorted(worth, key=lambda value: (-len(value), value)))

    def clean(self, text: str) -> str:
        """Answer the text with every secret replaced by a mark."""
        for value in self._known:
            text = text.replace(value, MARK)
        if len(text) < _SHORTEST:
            return text
        for pattern in _shapes():
            text = pattern.sub(MARK, text)
        if _NAMES.search(text):
            for value in _named(text):
                text = text.replace(value, MARK)
        return text


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
