"""What a secret looks like: detect-secrets' patterns, and a few for what it does not know."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

# the plugins whose patterns know a token by its shape; those that go by entropy, by the word
# before, or by what is public anyway (addresses) shred ordinary text and take most of the time
_BY_SHAPE = (
    ("AWS key", "aws", "AWSKeyDetector"),
    ("Azure storage key", "azure_storage_key", "AzureStorageKeyDetector"),
    ("password in an address", "basic_auth", "BasicAuthDetector"),
    ("Discord token", "discord", "DiscordBotTokenDetector"),
    ("GitHub token", "github_token", "GitHubTokenDetector"),
    ("GitLab token", "gitlab_token", "GitLabTokenDetector"),
    ("Mailchimp key", "mailchimp", "MailchimpDetector"),
    ("PyPI token", "pypi_token", "PypiTokenDetector"),
    ("SendGrid key", "sendgrid", "SendGridDetector"),
    ("Slack token", "slack", "SlackDetector"),
    ("Square token", "square_oauth", "SquareOAuthDetector"),
    ("Stripe key", "stripe", "StripeDetector"),
    ("Telegram token", "telegram_token", "TelegramBotTokenDetector"),
    ("Twilio key", "twilio", "TwilioKeyDetector"),
)
# what agents' own accounts use and detect-secrets 1.5 does not know, or not to its end, or not soon
_NEWER = (
    (
        "private key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)",
            re.DOTALL,
        ),
    ),
    # the plugins' own patterns of these two try each beginning with each end (of 64 KiB, seconds),
    # leave a token's signature, and take `keyJournal.entry` for one
    (
        "JSON web token",
        re.compile(
            r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_=-]{8,1024}\.[A-Za-z0-9_=-]{4,}"
            r"(?:\.[A-Za-z0-9_=+/-]*)?"
        ),
    ),
    ("API key", re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}")),
    ("GitHub token", re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,}")),
    # the plugin's own pattern tries each pair of slashes with each end: of 64 KiB, ten seconds
    ("npm token", re.compile(r":_authToken=\s{0,4}(?:npm_\S+|[A-Fa-f0-9-]{36})")),
    ("Google key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("Google token", re.compile(r"\bya29\.[A-Za-z0-9_-]{20,}")),
    ("bearer token", re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/-]{20,}")),
)
# a value given to a name such as `db_password`. Not detect-secrets' own patterns for that: for a
# text such as `secretsecret...` of 12 KiB they take half a minute, and an agent may write that
_ASSIGNED = re.compile(
    r"(?:pass(?:word|wd|phrase)|[_-]pass|pwd|secret|credential|token"
    r"|(?:api|auth|access|service|account|db|database|priv|private|client|signing)[_-]?key)"
    r"\w{0,30}[\"'\])]{0,3}\s{0,4}(?:=>|!=|[:=]{1,3})\s{0,4}[@rbuf]?"
    r"(?:\"([^\"\n]{6,200})\"|'([^'\n]{6,200})'|`([^`\n]{6,200})`|([^\s\"'`,;]{6,200}))",
    re.IGNORECASE,
)


@cache
def shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Answer patterns of secrets, each with the kind it finds."""
    # the patterns themselves, not `analyze_string`: that answers one group of a match, such as
    # the `ghp` of a GitHub token
    plugins = "detect_secrets.plugins"
    found = (
        (kind, getattr(import_module(f"{plugins}.{file}"), name)) for kind, file, name in _BY_SHAPE
    )
    return (*_NEWER, *((kind, pattern) for kind, each in found for pattern in each.denylist))


@dataclass(frozen=True)
class Assigned:
    """A value that is given to a name such as `db_password`, and where it begins."""

    at: int
    value: str
    quoted: bool


def assigned(text: str) -> Iterator[Assigned]:
    """Yield values that are given to names of secrets."""
    for match in _ASSIGNED.finditer(text):
        *quoted, bare = match.groups()
        value = next((each for each in quoted if each), bare)
        yield Assigned(match.start(match.lastindex or 0), value, quoted=bare is None)
