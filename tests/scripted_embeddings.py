"""Scripted servers of each provider of vectors, and an embedder that asks them."""

import json
import struct

from fleet.adapters.embeddings.providers import api_of
from fleet.adapters.embeddings.remote import Patience, RemoteEmbedder
from fleet.adapters.system import SystemClock
from fleet.domain.lesson import MemoryRules
from tests.scripted_http import Reply

KEY = "sk-proj-SECRET-0123456789"
KEYS = {"OPENAI_API_KEY": KEY, "GEMINI_API_KEY": KEY}
PROVIDERS = ("openai", "ollama", "gemini")
QUICK = Patience(total=20.0, pauses=(0.01, 0.01), rest=60.0)
SIZE = 4


def openai(rows):
    # in another order than asked for: the index counts
    items = [{"index": i, "embedding": row, "object": "embedding"} for i, row in enumerate(rows)]
    return {"object": "list", "data": items[::-1], "usage": {"total_tokens": 8}}


def ollama(rows):
    return {"model": "m", "embeddings": rows, "total_duration": 14}


def gemini(rows):
    return {"embeddings": [{"values": row} for row in rows]}


SAID = {"openai": openai, "ollama": ollama, "gemini": gemini}


def texts_of(asked):
    if "requests" in asked.body:
        return [request["content"]["parts"][0]["text"] for request in asked.body["requests"]]
    return asked.body["input"]


def row_of(text, size=SIZE):
    return [float(len(text)), 3.0, *[0] * (size - 2)]


def replying(provider, *, size=SIZE):
    """Answer a server's way to answer: for each text its own row."""

    def reply(asked):
        return of(provider, [row_of(text, size) for text in texts_of(asked)])

    return reply


def of(provider, rows):
    return Reply(body=json.dumps(SAID[provider](rows)).encode())


def embedder(provider, server, *, patience=QUICK, clock=None, variables=KEYS, **rules):
    given = {"model": "some-model", "dimension": SIZE, **rules}
    api = api_of(MemoryRules(provider=provider, base_url=server.url, **given))
    return RemoteEmbedder(api, variables, clock or SystemClock(), patience)


def numbers(vector):
    return struct.unpack(f"<{len(vector) // 4}f", vector)
