"""A supervisor hears the words of sd_notify(3), as often as it asks for; nobody costs nothing."""

import os
import socket
from datetime import timedelta

import pytest

from fleet.adapters.memory import ManualClock
from fleet.adapters.supervisor import SocketSupervisor
from tests.builders import NOW


@pytest.fixture(params=["file", "name"])
def listening(request, tmp_path):
    """Answer a socket, of a file or of a name of the kernel, and its address."""
    path = str(tmp_path / "notify")
    bound, address = (path, path) if request.param == "file" else (f"\0{path}", f"@{path}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(bound)
        found.setblocking(False)
        yield found, address


def heard(found):
    words = []
    while True:
        try:
            words.append(found.recv(100).decode())
        except BlockingIOError:
            return words


def a_supervisor(clock=None, **variables):
    return SocketSupervisor(variables, clock or ManualClock(NOW))


def test_it_hears_that_fleet_is_ready_and_that_it_ends(listening):
    found, address = listening
    supervisor = a_supervisor(NOTIFY_SOCKET=address)

    supervisor.ready()
    supervisor.alive()
    supervisor.stopping()

    assert heard(found) == ["READY=1", "STOPPING=1"]


@pytest.mark.parametrize("pid", [{}, {"WATCHDOG_PID": str(os.getpid())}])
def test_it_hears_three_times_in_its_patience_that_the_decider_goes_on(listening, pid):
    found, address = listening
    clock = ManualClock(NOW)
    supervisor = a_supervisor(clock, NOTIFY_SOCKET=address, WATCHDOG_USEC="30000000", **pid)

    for _ in range(21):
        supervisor.alive()
        clock.advance(timedelta(seconds=1))

    assert heard(found) == ["WATCHDOG=1"] * 3


@pytest.mark.parametrize(
    "variables", [{"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}]
)
def test_a_watchdog_that_is_not_meant_is_not_fed(listening, variables):
    found, address = listening

    a_supervisor(NOTIFY_SOCKET=address, **variables).alive()

    assert heard(found) == []


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here", "x" * 500])
def test_a_supervisor_that_is_not_there_costs_nothing(address):
    supervisor = a_supervisor(NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000")

    supervisor.ready()
    supervisor.alive()
    supervisor.stopping()


def test_one_that_does_not_read_is_not_waited_for(tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(path)
        supervisor = a_supervisor(NOTIFY_SOCKET=path)

        for _ in range(3000):
            supervisor.ready()
