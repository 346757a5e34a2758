"""The providers over HTTP: what is tried again, what is refused, and what a failure costs."""

import json
import math
from datetime import timedelta

import pytest

from fleet.adapters.embeddings.remote import Patience
from fleet.adapters.memory import ManualClock
from fleet.adapters.system import SystemClock
from fleet.domain.errors import EmbeddingError
from tests.builders import NOW
from tests.scripted_embeddings import KEY, KEYS, PROVIDERS, SIZE, embedder, of, replying
from tests.scripted_http import Reply, scripted_server


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture
def server(provider):
    with scripted_server(replying(provider)) as running:
        yield running


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
def test_who_is_busy_is_asked_again(provider, server, status):
    server.script += [Reply(status=status), Reply(status=status)]

    assert len(embedder(provider, server).embed(["text"])) == 1
    assert len(server.asked) == 3


def test_who_stays_busy_is_given_up_after_the_last_try(provider, server):
    server.usual = lambda _: Reply(status=503)

    with pytest.raises(EmbeddingError, match=rf"{provider} at {server.url}: it answered 503"):
        embedder(provider, server).embed(["text"])

    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "3600"},
        {
            "Retry-After": "Sat, 21 Nov 2026 21:00:00 GMT",
            "Date": "Sat, 21 Nov 2026 20:00:00 GMT",
        },
    ],
)
def test_a_wish_to_wait_longer_than_a_launch_can_is_not_waited_for(provider, server, headers):
    # the server of the tests says its own date first
    server.script += [Reply(status=429, headers=headers)]
    clock = ManualClock(NOW)
    asking = embedder(provider, server, clock=clock)

    with pytest.raises(EmbeddingError, match="429"):
        asking.embed(["text"])
    clock.advance(timedelta(minutes=5))
    with pytest.raises(EmbeddingError, match="left alone for"):
        asking.embed(["text"])

    assert len(server.asked) == 1


def test_a_short_wish_is_waited_for(provider, server):
    server.script += [Reply(status=429, headers={"Retry-After": "0.2"})]
    clock = SystemClock()
    began = clock.monotonic()

    embedder(provider, server).embed(["text"])

    assert clock.monotonic() - began >= 0.2


@pytest.mark.parametrize("silence", [Reply(silent=True), Reply(body=b"x" * 9_999, drip=0.05)])
def test_who_says_nothing_or_too_slowly_is_not_waited_for(provider, server, silence):
    server.script += [silence]
    patience = Patience(total=1.0, pauses=(), rest=60.0)

    with pytest.raises(EmbeddingError, match="no answer within 1 s"):
        embedder(provider, server, patience=patience).embed(["text"])


def test_who_failed_is_left_alone_and_asked_again_later(provider, server):
    server.script += [Reply(status=500)] * 3
    clock = ManualClock(NOW)
    asking = embedder(provider, server, clock=clock)

    for _ in range(5):
        with pytest.raises(EmbeddingError, match="500"):
            asking.embed(["text"])
    asked = len(server.asked)
    clock.advance(timedelta(seconds=61))

    assert asked == 3
    assert len(asking.embed(["text"])) == 1
    assert len(asking.embed(["text"])) == 1


def test_nobody_listening_is_told_with_the_reason(provider):
    with scripted_server(replying(provider)) as server:
        asking = embedder(provider, server)

    with pytest.raises(EmbeddingError, match="Connection refused"):
        asking.embed(["text"])


KEY_CHECKED = {
    "openai": ", OPENAI_API_KEY,",
    "ollama": "base_url, proxy",
    "gemini": ", GEMINI_API_KEY, GOOGLE_API_KEY,",
}


def test_who_is_told_of_silence_is_told_what_to_check_and_that_a_coordinator_waits(
    provider, server
):
    server.usual = lambda _: Reply(status=503)
    asking = embedder(provider, server)

    for _ in range(2):  # the second time it is left alone
        with pytest.raises(EmbeddingError) as told:
            asking.embed(["text"])

        assert told.value.remedy.startswith("check that it runs, and memory.base_url, ")
        assert KEY_CHECKED[provider] in told.value.remedy
        assert told.value.remedy.endswith("then try again: a coordinator does so by itself")


BAD = {
    "one too few": (of, [[1.0] * SIZE], "answered 1 vectors for 2 texts"),
    "one too many": (of, [[1.0] * SIZE] * 3, "answered 3 vectors for 2 texts"),
    "too short": (of, [[1.0] * SIZE, [1.0] * 3], "3 numbers instead of 4"),
    "too long": (of, [[1.0] * 5] * 2, "5 numbers instead of 4"),
    "no number": (of, [[1.0] * SIZE, [1.0, "2", 3, 4]], "not what its API answers"),
    "a truth": (of, [[1.0] * SIZE, [1.0, True, 3, 4]], "not what its API answers"),
    "not finite": (of, [[math.nan] * SIZE] * 2, "not what its API answers"),
    "infinite": (of, [[math.inf] * SIZE] * 2, "not what its API answers"),
    "no direction": (of, [[0.0] * SIZE] * 2, "without a direction"),
    "too far": (of, [[1e300] * SIZE] * 2, "without a direction"),
}


@pytest.mark.parametrize("case", BAD)
def test_nonsense_is_refused_and_not_asked_for_again(provider, server, case):
    said, rows, words = BAD[case]
    server.script += [said(provider, rows)]

    with pytest.raises(EmbeddingError, match=words):
        embedder(provider, server).embed(["one", "other"])

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[]", b"null", b"<html>", b"[" * 100_000, b'{"data":1,"embeddings":2}'],
)
def test_what_is_no_reply_of_the_api_is_refused(provider, server, body):
    server.script += [Reply(body=body)]

    with pytest.raises(EmbeddingError, match="not what its API answers"):
        embedder(provider, server).embed(["text"])


def test_a_huge_reply_is_not_read_to_its_end(provider, server):
    server.script += [Reply(body=b" " * (17 * 1024 * 1024))]

    with pytest.raises(EmbeddingError, match="larger than"):
        embedder(provider, server).embed(["text"])


def test_a_redirect_is_not_followed(provider, server):
    server.script += [Reply(status=307, headers={"Location": "http://127.0.0.1:9/other"})]

    with pytest.raises(EmbeddingError, match="answered 307"):
        embedder(provider, server).embed(["text"])


def test_an_unknown_model_is_told_with_what_to_do(provider, server):
    server.script += [Reply(status=404)]
    remedy = "ollama pull some-model" if provider == "ollama" else "memory.model"

    with pytest.raises(EmbeddingError, match=remedy):
        embedder(provider, server).embed(["text"])


@pytest.mark.parametrize("provider", ["openai", "gemini"])
@pytest.mark.parametrize("given", [{}, {"OPENAI_API_KEY": " ", "GEMINI_API_KEY": ""}])
def test_a_missing_key_is_named_and_nobody_is_asked(server, provider, given):
    with pytest.raises(EmbeddingError, match=rf"there is no {provider.upper()}_API_KEY"):
        embedder(provider, server, variables=given).embed(["text"])

    assert server.asked == []


@pytest.mark.parametrize("provider", ["gemini"])
def test_google_api_key_serves_where_the_other_is_not_set(server, provider):
    embedder(provider, server, variables={"GOOGLE_API_KEY": KEY}).embed(["text"])

    assert server.asked[0].headers["x-goog-api-key"] == KEY


REPEATING = json.dumps(
    {"error": {"message": f"Incorrect API key provided: {KEY}", "code": KEY, "status": KEY}}
).encode()


@pytest.mark.parametrize("provider", ["openai", "gemini"])
@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_the_key_is_never_shown_even_where_the_provider_repeats_it(
    server, provider, status, caplog
):
    caplog.set_level(0)
    server.usual = lambda _: Reply(status=status, body=REPEATING)

    with pytest.raises(EmbeddingError) as told:
        embedder(provider, server).embed(["text"])

    assert str(status) in str(told.value)
    assert KEY not in f"{told.value!r} {told.value} {told.value.remedy} {caplog.text}"


@pytest.mark.parametrize("provider", ["openai", "gemini"])
@pytest.mark.parametrize("odd", ["line\nfeed", "kéy", "two words", "bell\a"])
def test_a_key_that_no_header_can_carry_is_not_shown(server, provider, odd):
    variables = dict.fromkeys(KEYS, f"{KEY}{odd}")

    with pytest.raises(EmbeddingError, match="is no key") as told:
        embedder(provider, server, variables=variables).embed(["text"])

    assert KEY not in repr(told.value)
    assert server.asked == []


def test_the_word_beside_a_status_is_told(provider, server):
    error = {"error": {"message": "You exceeded", "code": "insufficient_quota"}}
    server.usual = lambda _: Reply(status=429, body=json.dumps(error).encode())

    with pytest.raises(EmbeddingError, match=r"429 \(insufficient_quota\)"):
        embedder(provider, server).embed(["text"])
