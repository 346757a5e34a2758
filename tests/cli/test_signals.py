"""Who is told to end stops once; a terminal that is closed tells it too, more than once."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from fleet.cli.running import signals_stop


class Stopped:
    """Counts how often it was asked to stop, as a coordinator is."""

    def __init__(self):
        self.times = 0

    def stop(self):
        self.times += 1


def told(coordinator, *numbers):
    """Send these to who coordinates; the shell of a closed terminal adds its own."""
    with signals_stop(coordinator):
        for number in numbers:
            os.kill(os.getpid(), number)


@pytest.fixture
def hangup():
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_for_a_clean_stop_and_ends_as_interrupted(hangup, number):
    coordinator = Stopped()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

    with pytest.raises(KeyboardInterrupt):
        told(coordinator, number, signal.SIGHUP)

    assert coordinator.times == 1
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


def test_who_is_to_outlive_its_terminal_does(hangup):
    coordinator = Stopped()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    told(coordinator, signal.SIGHUP)

    assert coordinator.times == 0


@pytest.fixture
def interruptible():
    """Let what is started hear Ctrl-C: in the background of a shell it would be deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_a_service_whose_start_is_interrupted_does_not_go_on_unseen(home, monkeypatch):
    # it takes its time, or it would be there before the signal is
    steps = ("runtime.ping", "runtime.containers", "supervisor.ready")
    monkeypatch.setenv("FLEET_FAILPOINTS", ";".join(f"{step}:before=slow" for step in steps))
    starting = home.start("up", "--detach")
    children = Path(f"/proc/{starting.pid}/task/{starting.pid}/children")
    awaited(lambda: any(commanded(child, "up") for child in children.read_text().split()))

    starting.send_signal(signal.SIGINT)
    _, err = starting.communicate()

    assert starting.returncode == 130
    (begun,) = re.findall(r"process (\d+) is told to end; see ", err)
    awaited(lambda: not commanded(begun, "up"))


@pytest.mark.usefixtures("interruptible")
def test_who_is_interrupted_while_it_loads_ends_without_a_word():
    # tells each module as it is loaded, and waits where nobody hears it: the pipe holds the words
    # of some fifty modules, and hundreds come after the one it is interrupted at
    loading = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-P", "-m", "fleet", "status"],
        stderr=subprocess.PIPE,
        pipesize=4096,
        text=True,
    )
    assert loading.stderr
    while "fleet.domain" not in loading.stderr.readline():
        assert loading.poll() is None

    loading.send_signal(signal.SIGINT)
    _, err = loading.communicate()

    assert loading.returncode == -signal.SIGINT
    assert [line for line in err.splitlines() if not line.startswith("import time:")] == []


def commanded(process, word):
    """Tell whether a process lives whose command line ends with that word."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[-2:] == [word.encode(), b""]


def awaited(true):
    """Wait until it is so."""
    pause = Event()
    for _ in range(600):
        if true():
            return
        pause.wait(0.05)
    pytest.fail("it never came to be so")
