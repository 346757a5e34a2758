"""Which CLIs `fleet image build --agents` asks for, and how an unknown one is refused."""

import pytest

from fleet.cli.image import chosen_agents
from fleet.domain.errors import ConfigError


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("command", ("command",)),
        ("codex,claude", ("claude", "codex")),
        (" claude , command ,", ("claude",)),
        ("ollama,opencode", ("opencode",)),
    ],
)
def test_an_agent_asks_for_its_program_and_command_for_nothing(asked, chosen):
    assert chosen_agents(asked) == chosen


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("claud", "no agent 'claud'; did you mean 'claude'"),
        ("crush", "crush cannot be put into the image: its npm package"),
        (",", "names no agent"),
    ],
)
def test_what_cannot_be_installed_is_refused_with_the_reason(asked, said):
    with pytest.raises(ConfigError, match=said):
        chosen_agents(asked)
