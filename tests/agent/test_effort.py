"""Whether an attempt works is seen though it says nothing, and cheaply, whatever it does."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import PosixPath

import pytest

from fleet_agent.effort import Effort
from fleet_agent.meters import fair_share, of_descendants, of_group, of_old_group, reading
from fleet_agent.pulse import Pulse
from fleet_agent.wire import Wire
from tests.agent.stage import a_stage

pytestmark = pytest.mark.slow

SPIN = "while True: pass"
# what a look takes of the workspace
SLICE = 400


class Counter:
    """A meter moved by hand."""

    used = 0.0

    def __call__(self):
        return self.used


def idle():
    return 0.0


def looked(tmp_path, meter=idle):
    """Answer an effort that has seen the workspace as it is."""
    effort = Effort(tmp_path, meter)
    effort.shown()
    return effort


@contextmanager
def a_child(script):
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def seen_within(effort, seconds, *, every=0.2):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if effort.shown():
            return True
        pass_by(every)
    return False


def pass_by(seconds):
    threading.Event().wait(seconds)


def test_whoever_uses_the_processor_works(tmp_path):
    effort = looked(tmp_path, of_descendants)

    with a_child(SPIN):
        assert seen_within(effort, 20)


def test_whoever_sleeps_does_not_work(tmp_path):
    with a_child("import time; print(1, flush=True); time.sleep(600)") as child:
        child.stdout.readline()
        effort = looked(tmp_path, of_descendants)
        assert not seen_within(effort, 1)


@pytest.mark.parametrize(("share", "working"), [(0.9, True), (0.0001, False)])
def test_a_tenth_of_a_core_is_work_and_less_is_waiting(tmp_path, share, working):
    # always that share of the time that has passed, however slowly this goes on
    effort = looked(tmp_path, lambda: share * time.monotonic())

    pass_by(0.2)

    assert effort.shown() is working


@pytest.mark.parametrize(
    ("wanting", "cores", "share"), [(0, 2, 1), (1.5, 2, 1), (2, 2, 1), (8, 2, 0.25), (40, 4, 0.1)]
)
def test_on_a_crowded_machine_less_is_work(wanting, cores, share):
    assert fair_share(wanting, cores) == share


def test_a_meter_that_cannot_be_read_says_what_it_said_before():
    def broken():
        raise OSError("gone")

    assert reading(broken, 3.5) == 3.5


@pytest.mark.parametrize(
    ("meter", "name", "text"),
    [
        (of_group, "cpu.stat", "usage_usec {}000000\nuser_usec 1\nsystem_usec 2\n"),
        (of_old_group, "cpuacct/cpuacct.usage", "{}000000000\n"),
    ],
)
def test_the_group_counts_for_all_but_the_runner(tmp_path, meter, name, text):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.format(1_000_000))

    told = meter(tmp_path)

    assert 1_000_000 - time.process_time() <= told < 1_000_000


@pytest.mark.parametrize("meter", [of_group, of_old_group])
def test_where_no_group_counts_there_is_no_reading(tmp_path, meter):
    with pytest.raises(OSError, match="cpu"):
        meter(tmp_path)


def a_process(proc, pid, *, parent, name="sh", used=(0, 0, 0, 0)):
    folder = proc / str(pid)
    folder.mkdir()
    ticks = " ".join(map(str, used))
    (folder / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0 -1 0 1 1 1 1 {ticks} 20 0 1\n")


def ticks(seconds):
    return seconds * os.sysconf("SC_CLK_TCK")


def test_the_time_of_descendants_counts_whatever_they_call_themselves(tmp_path):
    a_process(tmp_path, os.getpid(), parent=1, used=(ticks(900), 0, ticks(1), 0))
    a_process(tmp_path, 70, parent=os.getpid(), name="a) R 1\n) (", used=(ticks(2), ticks(3), 0, 0))
    a_process(tmp_path, 71, parent=70, name="", used=(0, 0, ticks(4), ticks(5)))
    a_process(tmp_path, 72, parent=1, used=(ticks(500), 0, 0, 0))

    assert of_descendants(tmp_path) == 15


def test_processes_that_vanish_or_make_no_sense_are_passed_over(tmp_path):
    a_process(tmp_path, os.getpid(), parent=1, used=(0, 0, ticks(1), 0))
    (tmp_path / "70").mkdir()
    for pid, text in ((71, ""), (72, "72 (sh"), (73, "73 (sh) S one")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(text)

    assert of_descendants(tmp_path) == 1


def test_ten_thousand_processes_cost_no_more_than_two_thousand(tmp_path):
    class Crowd(PosixPath):
        read = 0

        def iterdir(self):
            return (self / str(pid) for pid in range(1, 10_001))

        def read_bytes(self):
            Crowd.read += 1
            return b"1 (sh) S 1 1 1 0 -1 0 1 1 1 1 1 1 1 1 20"

    of_descendants(Crowd(tmp_path))

    assert Crowd.read == 2000


def grow(workspace):
    with (workspace / "a" / "grows").open("a") as file:
        file.write("more")


def rewrite(workspace):
    file = workspace / "a" / "grows"
    file.write_text("that")
    # as long as it was, and as old: only the inode tells
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize(
    "change",
    [
        grow,
        rewrite,
        lambda workspace: (workspace / "a" / "deep" / "new").write_text(""),
        lambda workspace: (workspace / "a" / "grows").unlink(),
        lambda workspace: (workspace / "other").mkdir(),
        lambda workspace: (workspace / "link").symlink_to("/nowhere"),
    ],
)
def test_a_file_that_changes_is_work_once(tmp_path, change):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    grows = tmp_path / "a" / "grows"
    grows.write_text("this")
    os.utime(grows, ns=(1, 1))
    effort = looked(tmp_path)
    assert not effort.shown()

    pass_by(0.05)
    change(tmp_path)

    assert seen_within(effort, 0.5, every=0.01)
    assert [effort.shown() for _ in range(3)] == [False] * 3


def test_of_a_small_workspace_every_look_sees_all_of_it(tmp_path):
    (tmp_path / "folder").mkdir()
    effort = looked(tmp_path)

    for name in ("first", "second", "third"):
        (tmp_path / name).touch()
        assert effort.shown()


def test_links_lead_nowhere(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "out").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    effort = looked(inside)

    (outside / "new").write_text("")

    assert not any(effort.shown() for _ in range(3))


def test_of_a_large_workspace_each_look_sees_the_next_part(tmp_path):
    for folder in map(str, range(10)):
        (tmp_path / folder).mkdir()
        for file in map(str, range(200)):
            (tmp_path / folder / file).touch()
    effort = looked(tmp_path)
    looks = [effort.shown() for _ in range(2 * 2000 // SLICE)]
    assert not any(looks)

    for folder in map(str, range(10)):
        (tmp_path / folder / "new").touch()

    assert any(effort.shown() for _ in range(2000 // SLICE + 2))


def test_a_workspace_that_is_gone_or_closed_is_no_work(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "file").touch()
    effort = looked(gone)
    (gone / "file").unlink()
    gone.rmdir()

    effort.shown()

    assert not effort.shown()


@contextmanager
def beating(tmp_path, meter):
    """Answer what each next beat says of work."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as lines:
        pulse = Pulse(Wire(writer), Effort(tmp_path, meter), every=0.1)
        yield lambda number: [json.loads(next(lines))["working"] for _ in range(number)]
        pulse.stop()


def test_beats_tell_what_was_seen_since_the_one_before(tmp_path):
    meter = Counter()
    with beating(tmp_path, meter) as working:
        assert working(2) == [False, False]

        meter.used = 1e9
        while working(1) == [False]:
            pass

        assert working(5) == [False] * 5


def test_a_file_system_that_hangs_does_not_stop_the_heart(tmp_path):
    readings, released = iter((0.0, 0.0)), threading.Event()

    def meter():
        told = next(readings, None)
        if told is None:
            released.wait()
        return 0.0

    with beating(tmp_path, meter) as working:
        assert working(5) == [False] * 5
        released.set()


def test_the_runner_tells_of_a_silent_build_and_lets_it_finish(tmp_path):
    # silent for longer than that, and far from three times as long
    limits = {"heartbeat_seconds": 0.3, "quiet_seconds": 4}
    build = f"timeout 6 {sys.executable} -c '{SPIN}'; true"

    said = a_stage(tmp_path, build, limits=limits).play()

    assert said.failure is None
    assert any(beat["working"] for beat in said.of("beat"))


def test_the_runner_cuts_who_does_nothing_at_all(tmp_path):
    limits = {"heartbeat_seconds": 0.3, "quiet_seconds": 1.5}

    said = a_stage(tmp_path, "exec sleep 60", limits=limits).play()

    assert said.failure == "hang"
    assert "and no work" in said.diagnostics["message"]


def test_the_runner_cuts_who_spins_without_a_word(tmp_path):
    limits = {"heartbeat_seconds": 0.2, "quiet_seconds": 3}

    said = a_stage(tmp_path, f"exec {sys.executable} -c '{SPIN}'", limits=limits).play()

    assert said.failure == "hang"
    assert "its processes work" in said.diagnostics["message"]
    assert said.diagnostics["duration_seconds"] > 9
