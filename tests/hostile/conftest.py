"""One night for all attacks of the suite: the tests only look at what is left of it."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.hostile.night import SECRET, Aftermath, Night, attack_of


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "attack(script, *words): what an agent does before the test")


@pytest.fixture(scope="session")
def night(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Night]:
    """All attacks of the tests that were chosen, in one fleet run."""
    found = [attack_of(item) for item in request.session.items]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALICE_TOKEN", SECRET)
        night = Night(tmp_path_factory.mktemp("night"))
        try:
            night.suffer([attack for attack in found if attack is not None])
            yield night
        finally:
            left = night.home.containers()
            if left:
                subprocess.run(["docker", "rm", "-f", *left], check=True, capture_output=True)


@pytest.fixture
def after(request: pytest.FixtureRequest, night: Night) -> Aftermath:
    """What is left of this test's attack."""
    return night.after(request.node.nodeid)
