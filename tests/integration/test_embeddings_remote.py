"""The providers over HTTP: what they are asked, by which way, and what comes of it."""

import math

import pytest

from fleet.adapters.embeddings import embedder_for
from fleet.adapters.embeddings.local import LocalEmbedder
from fleet.adapters.embeddings.providers import api_of
from fleet.adapters.embeddings.remote import RemoteEmbedder
from fleet.adapters.system import SystemClock
from fleet.domain.errors import ConfigError, EmbeddingError
from fleet.domain.lesson import MemoryRules
from tests.scripted_embeddings import (
    KEY,
    KEYS,
    PROVIDERS,
    QUICK,
    SIZE,
    embedder,
    numbers,
    replying,
    texts_of,
)
from tests.scripted_http import scripted_server


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture
def server(provider):
    with scripted_server(replying(provider)) as running:
        yield running


def test_each_text_gets_its_own_vector_of_length_one(provider, server):
    vectors = embedder(provider, server).embed(["four", "sixsix"])

    assert [round(numbers(v)[0] / numbers(v)[1], 5) for v in vectors] == [
        round(4 / 3, 5),
        round(6 / 3, 5),
    ]
    assert all(math.isclose(sum(n * n for n in numbers(v)), 1, abs_tol=1e-6) for v in vectors)


def test_many_texts_go_in_batches_and_come_back_in_order(provider, server):
    texts = ["x" * (1 + n % 50) for n in range(150)]

    vectors = embedder(provider, server).embed(texts)

    sizes = [len(texts_of(asked)) for asked in server.asked]
    assert len(sizes) > 1
    assert max(sizes) <= 100
    assert [text for asked in server.asked for text in texts_of(asked)] == texts
    assert [round(3 * numbers(v)[0] / numbers(v)[1]) for v in vectors] == list(map(len, texts))


def test_no_text_asks_nobody(provider, server):
    assert embedder(provider, server).embed([]) == ()
    assert server.asked == []


@pytest.mark.parametrize("text", ["", " \n", "\ud800", "x" * 100_000])
def test_every_text_is_sent_as_one_the_provider_takes(provider, server, text):
    embedder(provider, server).embed([text])

    (sent,) = texts_of(server.asked[0])
    assert 0 < len(sent) <= 8_000
    assert sent.strip()


def test_each_api_is_asked_in_its_own_words():
    asked = {}
    for provider in PROVIDERS:
        with scripted_server(replying(provider)) as server:
            embedder(provider, server).embed(["text"])
            (asked[provider],) = server.asked

    assert asked["openai"].path == "/embeddings"
    assert asked["openai"].headers["authorization"] == f"Bearer {KEY}"
    assert asked["openai"].body == {
        "model": "some-model",
        "input": ["text"],
        "encoding_format": "float",
        "dimensions": SIZE,
    }
    assert asked["ollama"].path == "/api/embed"
    assert "authorization" not in asked["ollama"].headers
    assert asked["ollama"].body["dimensions"] == SIZE
    assert asked["gemini"].path == "/models/some-model:batchEmbedContents"
    assert asked["gemini"].headers["x-goog-api-key"] == KEY
    (request,) = asked["gemini"].body["requests"]
    assert (request["model"], request["outputDimensionality"]) == ("models/some-model", SIZE)


@pytest.mark.parametrize("provider", ["gemini"])
@pytest.mark.parametrize(("model", "task"), [(None, "SEMANTIC_SIMILARITY"), ("gemini-next", None)])
def test_the_kind_of_task_is_told_to_those_models_that_take_it(server, model, task):
    embedder("gemini", server, model=model).embed(["text"])

    assert server.asked[0].body["requests"][0].get("taskType") == task


def test_a_space_names_provider_model_and_dimension(provider, server):
    assert embedder(provider, server).space() == f"{provider}-some-model-{SIZE}"
    assert embedder(provider, server, dimension=8).space().endswith("-8")
    assert server.asked == []


def test_models_of_nearly_the_same_name_have_spaces_of_their_own(provider, server):
    spaces = {embedder(provider, server, model=name).space() for name in ("a/b", "a:b", "a_b")}

    assert len(spaces) == 3
    assert all(set(space) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") for space in spaces)


def test_a_dimension_that_only_the_provider_knows_is_asked_once(provider, server):
    asking = embedder(provider, server, dimension=None)

    assert [asking.space(), asking.space()] == [f"{provider}-some-model-{SIZE}"] * 2
    assert len(server.asked) == 1


def test_the_proxy_of_the_environment_is_used_and_no_proxy_spares_it(provider, server):
    far = {**KEYS, "HTTP_PROXY": server.url.removeprefix("http://")}
    rules = MemoryRules(provider=provider, base_url="http://127.0.0.2:9/v1", dimension=SIZE)
    api, spared = api_of(rules), {**far, "no_proxy": "example.org, 127.0.0.2"}

    RemoteEmbedder(api, far, SystemClock(), QUICK).embed(["text"])
    with pytest.raises(EmbeddingError, match="Connection refused"):
        RemoteEmbedder(api, spared, SystemClock(), QUICK).embed(["text"])

    (asked,) = server.asked
    assert asked.path.startswith("http://127.0.0.2:9/v1/")


@pytest.mark.parametrize("proxy", ["socks5://u:hidden@h:1", "http://u:hidden@[", "http://h:hidden"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(provider, proxy):
    rules = MemoryRules(provider=provider, base_url="http://models.invalid", dimension=SIZE)

    asking = RemoteEmbedder(api_of(rules), {**KEYS, "http_proxy": proxy}, SystemClock(), QUICK)

    with pytest.raises(EmbeddingError, match="is no address of an http proxy") as told:
        asking.embed(["text"])

    assert "hidden" not in repr(told.value)


def test_certificates_that_cannot_be_read_are_told(provider, server, tmp_path):
    variables = {**KEYS, "SSL_CERT_FILE": str(tmp_path / "gone.pem")}

    with pytest.raises(EmbeddingError, match="SSL_CERT_FILE"):
        embedder(provider, server, variables=variables).embed(["text"])


def test_each_provider_is_chosen_by_its_name():
    spaces = [embedder_for(MemoryRules(provider=name), KEYS).space() for name in PROVIDERS]

    assert isinstance(embedder_for(MemoryRules(), {}), LocalEmbedder)
    assert spaces == [
        "openai-text-embedding-3-small-1536",
        "ollama-nomic-embed-text-768",
        "gemini-gemini-embedding-001-768",
    ]
    with pytest.raises(ConfigError, match="'another'"):
        embedder_for(MemoryRules(provider="another"), {})
