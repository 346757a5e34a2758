"""The scripted models by themselves: the real CLIs are kept out of it."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.model_server.plays import DONE, REPAIRED
from tests.model_server.server import Conversation
from tests.model_server.troubles import LONG_WAIT

Body = dict[str, Any]


@dataclass(frozen=True)
class Vendor:
    """How a vendor is asked: path, and a body whose history holds some turns of the model."""

    path: str
    body: Callable[[int], Body]


def _alternating(said: int, *, model: str = "assistant") -> list[Body]:
    one = [{"role": "user", "content": "go"}, {"role": model, "content": "done"}]
    return [*(one * said), {"role": "user", "content": "go"}]


VENDORS = {
    "anthropic": Vendor(
        "/v1/messages",
        lambda said: {
            "model": "m",
            "stream": True,
            "messages": _alternating(said),
            "tools": [{"name": "Write"}],
        },
    ),
    "responses": Vendor(
        "/v1/responses",
        lambda said: {
            "model": "m",
            "stream": True,
            "input": _alternating(said),
            "tools": [{"type": "custom", "name": "apply_patch"}],
        },
    ),
    "chat": Vendor(
        "/v1/chat/completions",
        lambda said: {
            "model": "m",
            "stream": True,
            "messages": _alternating(said),
            "tools": [{"type": "function", "function": {"name": "write"}}],
        },
    ),
    "gemini": Vendor(
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        lambda said: {
            "contents": _alternating(said, model="model"),
            "tools": [{"functionDeclarations": [{"name": "write_file"}]}],
        },
    ),
}
vendors = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)

Ask = Callable[[str, Vendor, int], tuple[int, dict[str, str], str]]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Ask a server of this test alone; the answer is status, headers and text."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def asked(case: str, vendor: Vendor, said: int = 0) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        headers = {"authorization": "Bearer top-secret", "content-type": "application/json"}
        body = json.dumps(vendor.body(said))
        try:
            connection.request("POST", f"/{case}{vendor.path}", body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


@vendors
def test_the_history_shown_decides_which_turn_is_due(ask: Ask, vendor: Vendor) -> None:
    turns = [ask("two-rounds", vendor, said)[2] for said in range(6)]

    assert "greeting.txt" in turns[0]
    assert DONE in turns[3]
    assert "reply.txt" in turns[4]
    assert REPAIRED in turns[5]


@vendors
def test_a_refusal_has_the_status_of_its_vendor(ask: Ask, vendor: Vendor) -> None:
    found = {case: ask(case, vendor, 0)[0] for case in ("401", "404-model", "429-plain", "503")}

    assert found == {"401": 401, "404-model": 404, "429-plain": 429, "503": 503}


@vendors
def test_a_long_wait_is_told_in_the_vendor_s_place(ask: Ask, vendor: Vendor) -> None:
    _, headers, text = ask("429-long", vendor, 0)

    assert headers.get("retry-after") == str(LONG_WAIT) or f'"{LONG_WAIT}s"' in text


@vendors
def test_faults_break_the_same_good_answer(ask: Ask, vendor: Vendor) -> None:
    whole, cut = ask("ok", vendor, 0)[2], ask("truncated", vendor, 0)[2]

    assert whole != cut
    assert cut
    assert ask("empty", vendor, 0)[2] == ""
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask("dropped", vendor, 0)


@vendors
def test_a_question_without_tools_is_beside_the_script(ask: Ask, vendor: Vendor) -> None:
    bare = Vendor(vendor.path, lambda said: {**vendor.body(said), "tools": []})

    _, _, text = ask("two-rounds", bare, 0)

    assert "greeting.txt" not in text


def test_the_log_names_the_kind_of_key_and_never_the_key(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("ok", VENDORS["chat"], 0)

    log = capsys.readouterr().out
    assert json.loads(log)["keys"] == ["bearer"]
    assert "top-secret" not in log
