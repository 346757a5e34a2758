"""Secrets in added lines: found where they stand, never told, in bounded time."""

import time

import pytest

from fleet.adapters.redaction import MARK, Redaction
from fleet.adapters.scanner import SecretScanner
from fleet.domain.traits import Leak
from fleet.ports import Added

OURS = "fleet-read-this-itself"
HEX = "a8f5f167f44f4964e6c998dee827110c"
SECRETS = {
    "AWS": ("key = 'AKIAIOSFODNN7EXAMPLE'", "AWS key"),
    "GitHub": ("ghp_" + "a1B2" * 9, "GitHub token"),
    "private key": ("-----BEGIN RSA PRIVATE KEY-----", "private key"),
    "of this fleet": (f"x = '{OURS}'", "a credential of this fleet"),
    "address": ("url = 'https://me:hunter22@example.com/'", "password in an address"),
    "named and quoted": (f'api_key = "{HEX}"', "value of a secret's name"),
    "named in YAML": (f"  db_password: {HEX}", "value of a secret's name"),
    "named in JSON": (f'"clientSecret": "{HEX}",', "value of a secret's name"),
    "where a long line is broken": ("x" * 990 + " sk-" + "a1" * 15, "API key"),
    "in the middle of a long line": ("x" * 5000 + " sk-" + "a1" * 15, "API key"),
}
ORDINARY = [
    "password = 'changeme'",
    "token = os.environ['TOKEN12345678']",
    "secret: ${DATABASE_SECRET_1}",
    "password = get_password(user1, user2)",
    "the token: required since 2024",
    "key = 'user-settings-2024-panel'",
    f'"integrity": "sha512-{HEX}"',
    f"commit {HEX}",
    "api_key = '123e4567-e89b-12d3-a456-426614174000'",
    "password = '123456789012345'",
]


def scanner():
    return SecretScanner(Redaction([OURS]))


def added(*lines, path="a.py"):
    return Added(lines={path: tuple(enumerate(lines, start=1))})


@pytest.mark.parametrize(("line", "kind"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_found_with_its_line_and_kind_and_without_itself(line, kind):
    found = scanner().found(added("x = 1", "", line))

    assert Leak(path="a.py", line=3, kind=kind) in found
    assert all(leak.line == 3 for leak in found)


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_are_no_secrets(line):
    assert scanner().found(added(line)) == ()


@pytest.mark.parametrize(("line", "kind"), SECRETS.values(), ids=SECRETS)
def test_what_is_shown_of_the_diff_has_no_secret(line, kind):
    told = added(line, *(["MIIEow" + "x" * 40] if "BEGIN" in line else []))
    values = [each.value for each in scanner()._all(told)]
    patch = "diff --git a/a.py b/a.py\n" + "\n".join(f"+{text}" for _, text in told.lines["a.py"])

    shown = scanner().clean(patch, told)

    assert values
    assert MARK in shown
    assert not any(value in shown for value in values)
    assert shown.startswith("diff --git a/a.py b/a.py\n")


def test_a_random_value_of_a_name_is_not_shown_elsewhere_either():
    told = added(f"password: {HEX}")

    assert HEX not in scanner().clean(f"-again {HEX}", told)


def test_of_many_secrets_a_hundred_are_named():
    assert len(scanner().found(added(*(f"key = 'AKIA{n:016}'" for n in range(1000))))) == 100


@pytest.mark.parametrize(
    "text", ["eyJ", "://a", "sk-", "-----BEGIN ", "secret", "password=", "a1.", "secret='"]
)
def test_a_megabyte_that_were_made_to_take_long_take_seconds(text):
    lines = [text * (16_000 // len(text))] * 65
    began = time.process_time()

    scanner().found(added(*lines))
    scanner().clean("\n".join(lines)[:20_000], added(*lines))

    assert time.process_time() - began < 20


@pytest.mark.parametrize("text", ["secret", "password", "password='", "token = "])
def test_a_text_that_repeats_the_name_of_a_secret_is_redacted_in_a_moment(text):
    began = time.process_time()

    Redaction().clean(text * (64_000 // len(text)))

    assert time.process_time() - began < 10
