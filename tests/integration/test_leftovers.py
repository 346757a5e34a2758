"""What bears a home's label on the engine is found with whose it is, and goes alone."""

import io
import os
import threading

import pytest
from docker.types import IPAMConfig

from fleet.adapters.leftovers.engine import ContainerLeftovers, ImageLeftovers, NetworkLeftovers
from fleet.adapters.runtimes.engine import Connection
from fleet.domain.clearing import LeftoverKind
from fleet.domain.errors import EngineDownError, FleetError
from fleet.domain.profile import Project
from tests.containers import IMAGE

pytestmark = pytest.mark.docker


@pytest.fixture
def home8(engine):
    made = os.urandom(4).hex()
    yield made
    for label in (f"fleet.home={made}", f"fleet.proxy={made}"):
        for row in engine.containers(all=True, filters={"label": label}):
            engine.remove_container(row["Id"], force=True)
    for row in engine.networks(filters={"label": f"fleet.home={made}"}):
        engine.remove_network(row["Id"])
    for row in engine.images(filters={"label": f"fleet.home={made}"}):
        engine.remove_image(row["Id"], force=True)


def a_container(engine, name, **labels):
    """Create a container that need not run."""
    told = {label.replace("_", "."): value for label, value in labels.items()}
    made = engine.create_container(IMAGE, "true", name=name, labels=told, entrypoint="")
    return made["Id"]


def a_network(engine, name, **labels):
    told = {label.replace("_", "."): value for label, value in labels.items()}
    return engine.create_network(name, labels=told, internal=True, ipam=IPAMConfig())["Id"]


def an_image(engine, home8, tag, key, *, line):
    """Build an image of a project of that home."""
    labels = {"fleet.home": home8, "fleet.project": key}
    dockerfile = io.BytesIO(f"FROM {IMAGE}\nLABEL test={line}\n".encode())
    for _ in engine.build(fileobj=dockerfile, tag=tag, labels=labels, rm=True):
        pass


def names(rows, kind):
    return [row.name for row in rows if row.kind is kind]


def test_containers_are_found_by_what_they_are_for_and_removed_by_their_id(engine, home8):
    attempt = f"app-1-1-{home8}"
    mine = {"fleet_home": home8, "fleet_attempt": attempt}
    a_container(engine, f"fleet-{attempt}", **mine, fleet_purpose="agent")
    a_container(engine, f"fleet-check-{attempt}", **mine, fleet_purpose="check")
    a_container(engine, f"fleet-proxy-{home8}", fleet_proxy=home8)
    store = ContainerLeftovers(engine=Connection(), home8=home8)

    found = store.found()
    assert names(found, LeftoverKind.CONTAINER) == [f"fleet-{attempt}"]
    assert names(found, LeftoverKind.CHECK) == [f"fleet-check-{attempt}"]
    assert names(found, LeftoverKind.PROXY) == [f"fleet-proxy-{home8}"]
    assert {row.attempt for row in found} == {attempt, ""}

    seen = next(row for row in found if row.kind is LeftoverKind.CONTAINER)
    engine.remove_container(seen.where)
    again = a_container(engine, seen.name, **mine, fleet_purpose="agent")
    for row in (*found, seen):
        store.remove(row)

    assert [row.where for row in store.found()] == [again]


def test_a_network_goes_though_containers_are_still_in_it(engine, home8, tmp_path):
    attempt = f"app-1-1-{home8}"
    network = a_network(
        engine,
        f"fleet-{attempt}",
        fleet_home=home8,
        fleet_attempt=attempt,
        fleet_purpose="egress",
    )
    a_network(engine, f"fleet-outward-{home8}", fleet_home=home8, fleet_purpose="outward")
    proxy = engine.create_container(
        IMAGE,
        ["sleep", "999"],
        name=f"fleet-proxy-{home8}",
        labels={"fleet.proxy": home8},
        entrypoint="",
    )["Id"]
    engine.start(proxy)
    engine.connect_container_to_network(proxy, network)
    (tmp_path / f"{attempt}.conf").write_text("http_access deny all\n")
    store = NetworkLeftovers(engine=Connection(), home8=home8, folder=tmp_path)

    found = store.found()
    assert names(found, LeftoverKind.NETWORK) == [f"fleet-{attempt}"]
    assert names(found, LeftoverKind.PROXY) == [f"fleet-outward-{home8}"]
    for row in (*found, *found):
        store.remove(row)

    assert store.found() == []
    assert list(tmp_path.iterdir()) == []


def test_the_newest_image_of_a_project_is_needed_and_older_ones_go(engine, home8):
    tags = [f"fleet-project-{home8}:{line}" for line in ("one", "two", "gone")]
    keys = (f"T{home8.upper()}", f"T{home8.upper()}", "GONE")
    for tag, key in zip(tags, keys, strict=True):
        an_image(engine, home8, tag, key, line=tag[-3:])
        # an engine dates images by whole seconds
        threading.Event().wait(1.1)
    made = Project(key=keys[0], path="/srv", target="main", checks=(), dockerfile="Dockerfile")
    store = ImageLeftovers(engine=Connection(), home8=home8, projects={keys[0]: made})

    needed = {row.name: row.holder for row in store.found()}
    assert needed == {tags[0]: "", tags[1]: f"project {keys[0]}", tags[2]: ""}

    engine.create_container(tags[0], "true", labels={"fleet.home": home8}, entrypoint="")
    rows = {row.name: row for row in store.found()}
    with pytest.raises(FleetError, match="uses it"):
        store.remove(rows[tags[0]])
    store.remove(rows[tags[2]])
    store.remove(rows[tags[2]])
    assert {row.name for row in store.found()} == set(tags[:2])


def test_an_engine_that_does_not_answer_is_said_to_be_down(tmp_path):
    store = ContainerLeftovers(engine=Connection(f"unix://{tmp_path}/none.sock"), home8="0badcafe")

    with pytest.raises(EngineDownError):
        store.found()
