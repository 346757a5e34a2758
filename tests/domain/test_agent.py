"""The table of agents says the same as the registry of the runner."""

import pytest

from fleet.domain.agent import AGENTS, CredentialKind
from fleet_agent.clis import REGISTRY


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_coordinator_and_runner_agree_on_an_agent(name):
    assert AGENTS[name].meter.value == REGISTRY[name].meter.value


def test_whoever_needs_a_credential_takes_one():
    assert [name for name, agent in AGENTS.items() if not agent.free and not agent.takes] == []


def test_a_token_of_a_subscription_is_claudes_alone():
    takers = [n for n, agent in AGENTS.items() if CredentialKind.OAUTH_TOKEN in agent.takes]

    assert takers == ["claude"]
