"""Several checks of an attempt: what comes back depends on the checks, never on who was faster."""

import threading
from itertools import product

import pytest

from fleet.adapters.verifying.container import Wanted
from fleet.adapters.verifying.line import Hands
from fleet.domain.errors import TransientError
from fleet.domain.result import Check, VerdictStatus
from tests.builders import HOME8, SHA, a_project, a_verdict


def a_line(length):
    """Answer so many checks of one attempt, named by their number."""
    return [
        Wanted(
            home8=HOME8,
            project=a_project(),
            attempt=f"app-1-1-{HOME8}",
            sha=SHA,
            check=Check(name=str(number), command=("true",)),
            overlay=True,
        )
        for number in range(length)
    ]


def verdict(wanted, *, green):
    status = VerdictStatus.PASSED if green else VerdictStatus.FAILED
    return a_verdict(name=wanted.check.name, status=status)


def names(verdicts):
    return [each.name for each in verdicts]


def test_one_at_a_time_stops_at_the_first_that_is_not_green():
    ran = []

    def judge(wanted):
        ran.append(wanted.check.name)
        return verdict(wanted, green=wanted.check.name != "1")

    said = Hands(4).verdicts(a_line(4), judge, at_once=1)

    assert names(said) == ran == ["0", "1"]


@pytest.mark.parametrize("colours", list(product([True, False], repeat=4)))
def test_the_same_verdicts_come_back_in_whatever_order_checks_end(colours):
    expected = None
    for slow in range(4):
        ended = [threading.Event() for _ in colours]

        def judge(wanted, slow=slow, ended=ended):
            number = int(wanted.check.name)
            if number == slow:
                # the others of its time end first
                ended[(number + 1) % 2].wait(0.02)
            ended[number].set()
            return verdict(wanted, green=colours[number])

        said = names(Hands(1).verdicts(a_line(4), judge, at_once=2))
        expected = expected or said
        assert said == expected
    red = next((n for n, green in enumerate(colours) if not green), 3)
    assert expected == [str(n) for n in range(max(red + 1, 2))]


def test_as_many_run_at_once_as_said_and_no_more():
    running, most, lock, all_there = [0], [0], threading.Lock(), threading.Event()

    def judge(wanted):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if most[0] == 3:
                all_there.set()
        all_there.wait(60)
        # a fourth would come now
        threading.Event().wait(0.02)
        with lock:
            running[0] -= 1
        return verdict(wanted, green=True)

    Hands(8).verdicts(a_line(9), judge, at_once=3)

    assert most == [3]


def test_without_a_spare_thread_the_same_is_done_alone():
    said = Hands(0).verdicts(a_line(4), lambda w: verdict(w, green=w.check.name != "0"), at_once=3)

    assert names(said) == ["0", "1", "2"]


def test_spare_threads_are_given_back():
    hands, both = Hands(1), threading.Barrier(2, timeout=60)

    def judge(wanted):
        both.wait()
        return verdict(wanted, green=True)

    for _ in range(3):
        assert names(hands.verdicts(a_line(2), judge, at_once=2)) == ["0", "1"]


def test_what_one_thread_could_not_find_out_is_told():
    def judge(wanted):
        if wanted.check.name == "1":
            raise TransientError("no engine")
        return verdict(wanted, green=True)

    with pytest.raises(TransientError, match="no engine"):
        Hands(2).verdicts(a_line(3), judge, at_once=2)


def test_no_check_gives_no_verdict():
    assert Hands(1).verdicts([], lambda wanted: verdict(wanted, green=True), at_once=2) == []
