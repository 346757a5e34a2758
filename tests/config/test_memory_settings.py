"""The settings of the memory: each reaches the domain, each wrong one is refused with its line."""

import pytest

from fleet.config import load_fleet
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import Autosave, MemoryRules
from tests.config.homes import PROJECT, a_home

FULL = """\
memory:
  provider: ollama
  model: nomic-embed-text
  base_url: http://models:11434
  dimension: 768
  server: "chroma.local:8000"
  top_k: 2
  floor: 0.4
  autosave: probation
  held_out: 0.05
  project: APP
  map_bytes: 0
"""


def test_every_setting_reaches_the_memory(tmp_path):
    assert load_fleet(a_home(tmp_path, PROJECT + FULL)).memory == MemoryRules(
        provider="ollama",
        model="nomic-embed-text",
        base_url="http://models:11434",
        dimension=768,
        server="chroma.local:8000",
        top_k=2,
        floor=0.4,
        autosave=Autosave.PROBATION,
        held_out=0.05,
        project="APP",
        map_bytes=0,
    )


def test_what_is_left_out_is_what_the_domain_holds_as_well(tmp_path):
    assert load_fleet(a_home(tmp_path)).memory == MemoryRules()


def test_where_the_memory_is_what_binds_every_agent_is_protected_by_fleet_itself(tmp_path):
    (tmp_path / "ops").mkdir()
    ops = "{key: OPS, path: ops, check: ['true'], protected: [docs/**], dockerfile: Dockerfile}"
    both = PROJECT.replace("}]", f"}}, {ops}]")

    named = load_fleet(a_home(tmp_path, f"{both}memory: {{project: OPS}}\n")).projects
    unnamed = load_fleet(a_home(tmp_path, both)).projects

    assert named["OPS"].protected == (
        *("docs/**", "Dockerfile", "memory/constitution.md"),
        *("memory/bible/**", "memory/skills/**"),
    )
    assert named["APP"].protected == ()
    assert unnamed["OPS"].protected == ("docs/**", "Dockerfile")


@pytest.mark.parametrize("server", ["127.0.0.1:8000", "[::1]:8000", "chroma:65535"])
def test_a_server_is_a_host_and_a_port(tmp_path, server):
    home = a_home(tmp_path, f'{PROJECT}memory: {{server: "{server}"}}\n')

    assert load_fleet(home).memory.server == server


MISTAKES = {
    "unknown provider": ("provider: olama", 'memory.provider: found "olama"; did you mean \'oll'),
    "unknown key": ("topk: 3", "memory.topk: unknown key; did you mean 'top_k'?"),
    "a model of its own": ("model: big", "the provider local has its own model; leave out model"),
    "an address of its own": (
        "dimension: 8, base_url: 'http://x:1'",
        "leave out base_url and dimension, or name the provider: openai, ollama or gemini",
    ),
    "no address": ("provider: ollama, base_url: 'models:1'", "expected an address such as"),
    "no dimension": ("provider: ollama, dimension: 0", "memory.dimension: expected greater than"),
    "half a dimension": ("provider: ollama, dimension: 1.5", "expected a valid integer"),
    "a server without a port": ("server: chroma", "expected HOST:PORT of a Chroma server"),
    "an address for a server": ("server: 'http://chroma:8000'", "expected HOST:PORT"),
    "a port beyond the last": ("server: 'chroma:65536'", "expected HOST:PORT"),
    "port 0": ("server: 'chroma:0'", "expected HOST:PORT"),
    "a fourth lesson": ("top_k: 4", "memory.top_k: expected less than or equal to 3"),
    "fewer than none": ("top_k: -1", "memory.top_k: expected greater than or equal to 0"),
    "a floor beneath 0": ("floor: -0.1", "memory.floor: expected greater than or equal to 0"),
    "a floor above 1": ("floor: 1.1", "memory.floor: expected less than or equal to 1"),
    "unknown autosave": ("autosave: on", 'memory.autosave: found "on"; expected one of: off'),
    "most held out": ("held_out: 0.6", "memory.held_out: expected less than or equal to 0.5"),
    "unknown project": ("project: APPS", "memory: unknown project 'APPS'; did you mean 'APP'?"),
    "a huge map": ("map_bytes: 65537", "memory.map_bytes: expected less than or equal to 65536"),
}


@pytest.mark.parametrize(("keys", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_one_line_with_its_place(tmp_path, keys, said):
    home = a_home(tmp_path, f"{PROJECT}memory: {{{keys}}}\n")

    with pytest.raises(ConfigError) as caught:
        load_fleet(home)

    assert said in caught.value.message
    assert caught.value.message.startswith(f"{tmp_path}/fleet.yaml:2: ")
    assert "\n" not in caught.value.message
