"""The contract of attempts' networks: in memory, and on a real engine."""

import secrets

import pytest

from fleet.adapters.runtimes.networks import DockerNetworks
from fleet.domain.egress import destination
from fleet.ports import Networks
from tests.memory_world import Faults, MemoryNetworks

ALLOW = (destination("api.example.com"),)


@pytest.fixture(params=["memory", pytest.param("docker", marks=pytest.mark.docker)])
def networks(request, tmp_path):
    if request.param == "memory":
        yield MemoryNetworks(Faults())
        return
    real = DockerNetworks(tmp_path, secrets.token_hex(4), host_exposed=True)
    yield real
    real.sweep(set())


def test_it_says_that_egress_can_be_given(networks):
    assert isinstance(networks, Networks)
    assert isinstance(networks.examine(), str)


def test_opening_again_finds_what_was_opened(networks):
    attempt = f"app-1-1-{secrets.token_hex(4)}"

    first = networks.open(attempt, ALLOW)

    assert first.network == f"fleet-{attempt}"
    assert first.proxy.startswith("http://10.231.")
    assert networks.open(attempt, ALLOW) == first


def test_what_is_closed_is_closed_without_a_fuss(networks):
    attempt = f"app-1-1-{secrets.token_hex(4)}"
    networks.open(attempt, ALLOW)

    networks.close(attempt)
    networks.close(attempt)
    networks.close("app-9-9-never")
    networks.sweep({"app-9-9-never"})
    networks.sweep(set())
