"""Failpoints: unarmed they are not there; armed they strike where they were told to, and once."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fleet.adapters import failpoints
from fleet.adapters.failpoints import around, watched
from fleet.adapters.git.command import Git, Owner
from fleet.domain.errors import ConfigError, TransientError
from tests.repos import a_repository


class Port:
    """Something with effects, which counts them."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def act(self, what: str) -> str:
        self.done.append(what)
        return f"did {what}"

    def tell(self) -> Iterator[str]:
        for word in ("one", "two"):
            self.done.append(word)
            yield word


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave nothing armed behind: it belongs to the process."""
    yield
    failpoints.arm({})


def armed(orders: str, **more: str) -> None:
    failpoints.arm({"FLEET_FAILPOINTS": orders, **more})


def test_unarmed_a_port_is_the_port_itself():
    failpoints.arm({"PATH": "/usr/bin"})
    port = Port()

    assert watched("port", port) is port


def test_a_failure_before_leaves_the_effect_undone_and_one_after_does_not_undo_it():
    armed("port.act:before=fail;port.act:after=fail@2")
    plain = Port()
    port = watched("port", plain)

    with pytest.raises(TransientError, match=r"port\.act:before"):
        port.act("first")
    port.act("second")
    with pytest.raises(TransientError, match=r"port\.act:after"):
        port.act("third")

    assert plain.done == ["second", "third"]


def test_each_strikes_once_and_at_its_own_time():
    armed("port.act:before=fail@3")
    port = watched("port", Port())

    answers = [port.act(str(number)) for number in range(2)]
    with pytest.raises(TransientError):
        port.act("2")

    assert answers == ["did 0", "did 1"]
    assert port.act("3") == "did 3"


def test_what_is_told_bit_by_bit_fails_at_its_end_with_all_of_it_told():
    armed("port.tell.told:after=fail")
    plain = Port()

    with pytest.raises(TransientError):
        list(watched("port", plain).tell())

    assert plain.done == ["one", "two"]


def test_every_point_is_written_down_when_it_is_first_passed(tmp_path):
    seen = tmp_path / "seen"
    armed("", FLEET_FAILPOINTS_SEEN=str(seen))
    port = watched("port", Port())

    port.act("once")
    port.act("again")
    list(port.tell())

    assert seen.read_text().splitlines() == [
        "port.act:before",
        "port.act:after",
        "port.tell:before",
        "port.tell:after",
        "port.tell.told:before",
        "port.tell.told:after",
    ]


def test_git_passes_points_of_its_commands(tmp_path):
    repository = a_repository(tmp_path / "repository")
    git = Git(directory=repository / ".git", owner=Owner.myself())
    armed("git.update-ref:after=fail")

    with pytest.raises(TransientError, match=r"git\.update-ref:after"):
        git.run("update-ref", "refs/heads/other", "HEAD")

    assert git.line("rev-parse", "refs/heads/other") == git.line("rev-parse", "HEAD")


def test_a_kill_is_one_that_nothing_can_catch():
    script = (
        "import atexit\n"
        "from fleet.adapters import failpoints\n"
        "failpoints.arm({'FLEET_FAILPOINTS': 'step:after=kill@2'})\n"
        "atexit.register(print, 'ended cleanly')\n"
        "for _ in range(3):\n"
        "    with failpoints.around('step'):\n"
        "        print('effect', flush=True)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)

    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == [b"effect", b"effect"]


def test_a_slow_step_is_only_slow(monkeypatch):
    monkeypatch.setattr(failpoints, "SLOWNESS", 0.01)
    armed("port.act:before=slow")

    assert watched("port", Port()).act("late") == "did late"


@pytest.mark.parametrize(
    "orders",
    ["start", "start:before", "start:during=kill", "start:before=explode", "a:after=fail@0"],
)
def test_what_is_no_point_is_refused(orders):
    with pytest.raises(ConfigError, match="no failpoint"):
        armed(orders)


def test_a_block_that_fails_by_itself_does_not_pass_its_end(tmp_path):
    seen = tmp_path / "seen"
    armed("", FLEET_FAILPOINTS_SEEN=str(seen))

    with pytest.raises(ValueError, match="own"), around("step"):
        raise ValueError("own")

    assert seen.read_text().split() == ["step:before"]
