"""One HTTP request: by the proxies and certificates of the environment, bounded in time and size.

The request is made on a thread of its own. A timeout of a socket bounds a single read, and none at
all the look-up of a name: a server that sends a byte a second, or a resolver that is gone, would
hold a launch up for minutes.
"""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fleet.adapters.embeddings.api import Question
from fleet.adapters.libraries import library
from fleet.domain.errors import EmbeddingError, TransientError
from fleet.domain.quoting import one_line

if TYPE_CHECKING:
    import httpx

_CONNECT = 5.0
# 64 rows of 3,072 numbers of 22 letters are 4 MiB
_MOST_BYTES = 16 * 1024 * 1024
_LONGEST_REASON = 200
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A reply of any status; the names of its headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """Asks servers as the environment says: `*_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `_DIR`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def post(self, question: Question, seconds: float) -> Answer:
        """Ask once.

        Raises TransientError where no whole answer came in time, EmbeddingError for one too large.
        """
        client = self._client(question.url, seconds)
        heard: SimpleQueue[Answer | TransientError | EmbeddingError] = SimpleQueue()
        Thread(target=_ask, args=(client, question, heard), daemon=True, name="embedding").start()
        try:
            said = heard.get(timeout=seconds)
        except Empty:
            raise TransientError(f"no answer within {seconds:.0f} s") from None
        finally:
            # whoever still reads is thereby ended
            client.close()
        if isinstance(said, Answer):
            return said
        raise said

    def _client(self, url: str, seconds: float) -> "httpx.Client":
        with library("httpx"):
            import httpx

        try:
            return httpx.Client(
                verify=self._certificates,
                proxy=self._proxy(url),
                trust_env=False,
                # who asked gives up first and says after how long
                timeout=httpx.Timeout(2 * seconds, connect=_CONNECT),
                # what is packed small may be large
                headers={"Accept-Encoding": "identity"},
            )
        except (httpx.InvalidURL, ValueError):
            # without its cause, which quotes the address: it may hold a password
            raise _bad_proxy(url) from None

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        import httpx

        file, folder = (self._variables.get(f"SSL_CERT_{kind}") for kind in ("FILE", "DIR"))
        if not file and not folder:
            return httpx.create_ssl_context(trust_env=False)
        try:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        except OSError as error:
            raise EmbeddingError(
                f"the certificates of SSL_CERT_FILE and SSL_CERT_DIR cannot be read: {error}",
                remedy="correct the variable, or unset it",
            ) from error

    def _proxy(self, url: str) -> str | None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in _HERE or _named(host, self._variable("no_proxy")):
            return None
        proxy = self._variable(f"{parts.scheme}_proxy") or self._variable("all_proxy")
        if not proxy:
            return None
        whole = proxy if "://" in proxy else f"http://{proxy}"
        if urlsplit(whole).scheme not in {"http", "https"}:
            raise _bad_proxy(url)
        return whole

    def _variable(self, name: str) -> str:
        return self._variables.get(name) or self._variables.get(name.upper()) or ""


def _ask(
    client: "httpx.Client",
    question: Question,
    heard: "SimpleQueue[Answer | TransientError | EmbeddingError]",
) -> None:
    import httpx

    try:
        with client.stream(
            "POST", question.url, json=question.body, headers=question.headers
        ) as reply:
            body = b"".join(_bounded(reply.iter_raw()))
            headers = {name.lower(): value for name, value in reply.headers.items()}
            heard.put(Answer(status=reply.status_code, headers=headers, body=body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        heard.put(_failure(error))
    except EmbeddingError as error:
        heard.put(error)


def _named(host: str, no_proxy: str) -> bool:
    """Tell whether `no_proxy` names the host, a domain above it, or every host by `*`."""
    names = {name.strip().lower().lstrip(".") for name in no_proxy.split(",")} - {""}
    return "*" in names or any(f".{host}".endswith(f".{name}") for name in names)


def _bad_proxy(url: str) -> EmbeddingError:
    parts = urlsplit(url)
    return EmbeddingError(
        f"the proxy for {parts.scheme}://{parts.hostname} is no address of an http proxy",
        remedy=f"correct {parts.scheme}_proxy or all_proxy, or add the host to no_proxy",
    )


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > _MOST_BYTES:
            raise EmbeddingError(
                f"its answer is larger than {_MOST_BYTES} bytes",
                remedy="check memory.base_url in fleet.yaml",
            )
        yield piece


def _failure(error: "httpx.HTTPError | httpx.InvalidURL") -> TransientError:
    import httpx

    # of all others the text may quote what was sent
    shown = one_line(str(error), _LONGEST_REASON) if isinstance(error, httpx.ConnectError) else ""
    failure = TransientError(": ".join(filter(None, (type(error).__name__, shown))))
    failure.__cause__ = error
    return failure
