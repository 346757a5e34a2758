"""Local models: where they are found, and that they cost nothing."""

import json

import pytest

from fleet_agent.clis.model import BadSecretError
from fleet_agent.clis.ollama import CLI
from fleet_agent.clis.usage import Spent
from fleet_agent.packet import PacketError
from tests.agent.asking import an_ask, heard, of

ADDRESS = "http://models:11434/v1"


def config(**changes):
    asked = {"model": "qwen3:8b", "base_url": ADDRESS, "secrets": {}, **changes}
    invocation = CLI.invocation(an_ask("ollama", **asked))
    return json.loads(invocation.files[".config/opencode/opencode.json"])


def test_a_local_model_is_asked_at_its_own_address_without_a_credential():
    found = config()

    provider = found["provider"]["ollama"]
    assert found["model"] == "ollama/qwen3:8b"
    assert provider["npm"] == "@ai-sdk/openai-compatible"
    assert provider["options"]["baseURL"] == ADDRESS
    assert "apiKey" not in provider["options"]


def test_the_vendor_may_be_named_or_left_out():
    assert config(model="ollama/qwen3:8b")["model"] == config()["model"]


def test_a_gateway_before_it_may_want_a_key():
    found = config(secrets={"api_key": "sk-secret"})

    assert found["provider"]["ollama"]["options"]["apiKey"] == "{file:/dev/fd/3}"


def test_without_an_address_it_says_which_is_needed():
    with pytest.raises(PacketError, match="base_url"):
        config(base_url=None)


def test_without_a_model_it_says_so():
    with pytest.raises(PacketError, match="needs a model"):
        config(model=None)


def test_another_credential_does_not_fit():
    with pytest.raises(BadSecretError, match="does not fit"):
        config(secrets={"auth_file": "{}"})


def test_what_it_uses_is_free():
    events = heard(CLI.parse, "opencode_denied.jsonl")

    assert {spent.usage.cost_micros for spent in of(Spent, events)} == {0}
