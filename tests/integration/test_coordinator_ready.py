"""What a coordinator holds: taken after its images stand, given back once nothing of it acts."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from fleet import bootstrap
from fleet.adapters.home import holder, home_held, place
from fleet.app.coordinator import Order
from fleet.app.remembering import keep
from fleet.config import read_settings
from fleet.domain.errors import BusyError, FleetError
from fleet.domain.lesson import Draft, LessonStatus, Origin, Provenance, Scope
from fleet.ports import Save
from tests.builders import a_term
from tests.cli.conftest import home
from tests.conftest import ROOT
from tests.lessons import served
from tests.memory_world import MemoryRuntime, World

__all__ = ["home"]

_ACTING = """
import sys
from pathlib import Path
from fleet.app.coordinator import Order
from fleet.bootstrap import coordinator_ready, office_open
from fleet.config import read_settings

def act():
    sys.stdin.readline()
    print("acted", flush=True)

with office_open(read_settings(Path(sys.argv[1]))) as office:
    with coordinator_ready(office, Order(), what="test", seen=print, told=print) as coordinator:
        if sys.argv[2] == "acts":
            coordinator._crew.hand("start", "launch 1", act)
            coordinator._crew.close()
        print("done", flush=True)
    print("left", flush=True)
    sys.stdin.readline()
"""


class Counted(MemoryRuntime):
    """Counts how often it was asked whether it is there."""

    pings = 0

    def ping(self):
        self.pings += 1
        return super().ping()


@pytest.fixture
def office(home):
    with bootstrap.office_open(read_settings(home.folder)) as opened:
        yield opened


def ready(office):
    def seen(_snapshot, _plan):
        return None

    return bootstrap.coordinator_ready(office, Order(), what="fleet up", seen=seen, told=print)


def test_who_holds_a_home_without_a_note_of_it_is_known_by_the_term(office):
    with home_held(office.home, since=office.clock.now(), what="fleet up"):
        (office.home / ".fleet" / "coordinator.lock").write_text("")
        unknown = bootstrap.held_by(office)
        term = a_term(1, host=place(office.home), pid=77, beat=office.clock.now(), version=0)
        office.ledger.commit([Save(row=term)])
        known = bootstrap.held_by(office)

    assert unknown is not None
    assert unknown["pid"] == 0
    assert known is not None
    assert (known["pid"], known["holder"]) == (77, term.what)
    assert bootstrap.held_by(office) is None


@contextmanager
def another(home, how):
    """Let a process hold the home inside the block, up to where it is done."""
    command = [sys.executable, "-c", _ACTING, str(home.folder), how]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        yield process


@pytest.mark.docker
def test_a_home_is_given_back_at_once_where_no_thread_acts(home, office):
    with another(home, "rests") as process:
        assert process.stdout.readline() == "left\n"
        held, ended = holder(home.folder) is not None, office.ledger.term().ended
        process.communicate("go on\n", timeout=60)

    assert (held, ended) == (False, True)


@pytest.mark.docker
def test_a_home_is_held_and_its_term_beaten_until_no_thread_acts_any_more(home, office):
    pause = Event()
    with another(home, "acts") as process:
        beat = office.ledger.term().beat
        while office.ledger.term().beat == beat:
            pause.wait(0.2)
        held, ended = holder(home.folder) is not None, office.ledger.term().ended
        said, _ = process.communicate("go on\n" * 2, timeout=60)

    assert (held, ended) == (True, False)
    assert said.splitlines() == ["waiting for what is still being carried out", "acted", "left"]
    assert process.returncode == 0
    assert holder(home.folder) is None
    assert office.ledger.term().ended


def test_images_are_built_before_the_term_is_taken_that_would_lapse_meanwhile(office, monkeypatch):
    found = []

    def build(_office, _told):
        found.append((holder(office.home) is not None, office.ledger.term()))
        raise FleetError("no image today")

    monkeypatch.setattr("fleet.bootstrap.coordinating._with_images", build)

    with pytest.raises(FleetError, match="no image today"), ready(office):
        pass

    assert found == [(True, None)]


def test_nothing_is_built_where_another_machine_coordinates(office, monkeypatch):
    beat = office.clock.now() - timedelta(seconds=1)
    office.ledger.commit([Save(row=a_term(1, host="other:/srv", beat=beat, version=0))])
    found: list[str] = []
    monkeypatch.setattr(
        "fleet.bootstrap.coordinating._with_images", lambda _office, _told: found.append("built")
    )

    with pytest.raises(BusyError, match="on other:/srv"), ready(office):
        pass

    assert found == []


@pytest.mark.docker
def test_the_engine_is_asked_once_at_a_start_whether_it_is_there(office, monkeypatch):
    world = World()
    engine = Counted(world.worktrees, world.packets, world.faults)
    monkeypatch.setattr("fleet.bootstrap.coordinating.runtime", lambda _office: engine)

    with ready(office) as coordinator:
        coordinator.run()

    assert engine.pings == 1


@pytest.mark.docker
@pytest.mark.parametrize("command", [("status",), ("pool", "status", "--explain")])
def test_who_reads_is_told_that_files_changed_since_the_coordinator_began(home, office, command):
    with ready(office):
        before = home.ask(*command)
        home.configure(limits={"parallel": 2})
        changed = home.ask(*command)
        home.configure(limits={"parallel": office.fleet.parallel})
        as_before = home.ask(*command)
    home.configure(limits={"parallel": 2})
    alone = home.ask(*command)

    told = f"changed since process {os.getpid()} began"
    said = [told in each.out + each.err for each in (before, changed, as_before, alone)]
    assert said == [False, True, False, False]


def test_the_keys_of_providers_of_vectors_stand_in_no_lesson(office):
    variables = {**office.settings.variables, "OPENAI_API_KEY": "key-of-ann-0123456789"}
    keyed = replace(office, settings=replace(office.settings, variables=variables))

    memory = bootstrap.tools(keyed, run="1").memory

    assert memory.redact("it ends with key-of-ann-0123456789") == "it ends with [redacted]"


@pytest.mark.timeout(300)
def test_a_coordinator_and_commands_look_at_the_same_lessons_on_a_server(home, tmp_path):
    with served(tmp_path / "db") as (address, _):
        home.configure(memory={"server": address})
        with bootstrap.office_open(read_settings(home.folder)) as office:
            commands = bootstrap.memory_of(office)
            coordinators = bootstrap.tools(office, run="1").memory
            keep(
                Draft(title="database is locked"),
                Provenance(origin=Origin.PERSON, author="ann"),
                scope=Scope(),
                status=LessonStatus.ACTIVE,
                memory=commands,
            )
            before = bootstrap.index_trouble(office)
            coordinators.finder.catch_up()
            after = bootstrap.index_trouble(office)
            coordinators.finder.close()

    assert (before != "", after) == (True, "")


@pytest.mark.parametrize(
    "value",
    [
        "DB_PASSWORD=Sup3rSecretValue9x",
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "api_key=9f8a7b6c5d4e3f2a1b0c",
    ],
)
def test_what_an_agent_gives_to_a_secrets_name_stands_in_no_lesson_of_a_coordinator(office, value):
    name, _, secret = value.partition("=")
    coordinators, commands = bootstrap.tools(office, run="1").memory, bootstrap.memory_of(office)

    for memory in (coordinators, commands):
        told = memory.redact(f"run it with\nexport {value}\nand it is green")
        assert name in told
        assert secret not in told
