"""A container is joined to what its profile names; its own network goes when it is cleaned."""

import pytest

from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.domain.attempt import State
from fleet.domain.egress import Destination
from fleet.domain.errors import FleetError, TransientError
from fleet.domain.task import Review
from tests.builders import a_profile, a_project, an_account
from tests.memory_world import Life, World

GATEWAY = "https://gateway.example:8443/v1"
PROXY = "http://10.231.0.2:3128"


def a_world(network: str) -> World:
    project = a_project(egress_allow=(Destination(host="pypi.org"),))
    world = World(
        projects={"APP": project},
        profiles={"local": a_profile(network=network)},
        accounts={"local": an_account(base_url=GATEWAY)},
    )
    pen = Pen(ledger=world.ledger, clock=world.clock, who="ann")
    intake.add(intake.Wish(title="Do it", review=Review.AUTO), world.fleet, pen)
    return world


def started(world):
    (attempt,) = world.ledger.attempts()
    return attempt, world.runtime.specs[attempt.id]


def until_started(world):
    life = Life(world)
    while not world.runtime.specs:
        life.tick()
        life.perform()


def test_egress_is_a_network_of_its_own_with_a_proxy_and_no_names():
    world = a_world("egress")

    until_started(world)

    attempt, spec = started(world)
    assert (spec.network, spec.dns) == (f"fleet-{attempt.id}", "127.0.0.1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        assert spec.environment[name] == PROXY
    assert spec.environment["NO_PROXY"] == spec.environment["no_proxy"] == "localhost,127.0.0.1"
    assert world.networks.allowed[attempt.id] == (
        Destination(host="gateway.example", ports=(8443,)),
        Destination(host="pypi.org"),
    )


@pytest.mark.parametrize("network", ["none", "office"])
def test_without_egress_no_network_is_made_and_no_proxy_named(network):
    world = a_world(network)

    until_started(world)

    _, spec = started(world)
    assert (spec.network, spec.dns) == (network, None)
    assert not any("proxy" in name.lower() for name in spec.environment)
    assert world.networks.allowed == {}


@pytest.mark.parametrize(("network", "told"), [("none", True), ("office", False)])
def test_localhost_is_named_by_a_file_where_no_engine_does_it(network, told):
    world = a_world(network)

    until_started(world)

    attempt, spec = started(world)
    assert ("/etc/hosts" in {mount.target for mount in spec.mounts}) is told
    assert "localhost" in world.packets.folders[attempt.id]["hosts"]


def test_the_network_goes_when_the_attempt_is_cleaned():
    world = a_world("egress")

    Life(world).run()

    assert [attempt.state for attempt in world.ledger.attempts()] == [State.MERGED]
    assert world.networks.allowed == {}


def test_a_network_that_could_not_be_removed_is_removed_later():
    world = a_world("egress")
    world.faults.plan("close_network", FleetError("network has active endpoints"))
    Life(world).run()

    Life(world).run()

    assert world.networks.allowed == {}
    assert all(attempt.cleaned for attempt in world.ledger.attempts())


def test_a_network_that_may_come_later_is_waited_for():
    world = a_world("egress")
    world.faults.plan("open_network", TransientError("no free subnet"))

    Life(world).run()

    assert [attempt.state for attempt in world.ledger.attempts()] == [State.MERGED]


def test_an_attempt_that_may_not_have_egress_says_why():
    world = a_world("egress")
    refused = FleetError("the host could be reached", remedy="run fleet as root")
    world.faults.plan("open_network", *[refused] * 9)

    Life(world).run()

    first = world.ledger.attempts()[0]
    assert first.state is State.FAILED
    assert first.reason == "the host could be reached (run fleet as root)"
    assert world.runtime.starts == {}


def test_the_next_life_removes_networks_of_attempts_that_are_gone():
    world = a_world("egress")
    until_started(world)
    world.networks.open("app-9-1-deadbeef", ())

    Life(world)

    (attempt,) = world.ledger.attempts()
    assert set(world.networks.allowed) == {attempt.id}
