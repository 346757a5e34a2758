"""What an attempt is told: the task, what it takes over, and what people said of it."""

from dataclasses import replace
from typing import Any

from fleet.domain.attempt import Red, State
from fleet.domain.binding import BINDING
from fleet.domain.handoff import Work, handoff_of
from fleet.domain.packet import Given, context_of, packet_of
from fleet.domain.pending import PendingAction
from fleet.domain.task import Review
from tests.builders import (
    NOW,
    SHA,
    a_profile,
    a_project,
    a_task,
    an_account,
    an_action,
    an_attempt,
)


def a_start(**changes: Any) -> Given:
    """Answer the second attempt of a task."""
    defaults: dict[str, Any] = {
        "attempt": an_attempt(number=2),
        "task": a_task(),
        "project": a_project(),
        "profile": a_profile(),
        "account": an_account(),
        "session": "life-1",
    }
    return Given(**(defaults | changes))


def taken_over(given: Given) -> Given:
    before = (an_attempt(started=NOW, state=State.LOST, reason="the container vanished"),)
    work = Work(head=SHA, target=SHA, changes=())
    handoff = handoff_of(given.task, given.attempt, before, work=work, events=())
    return replace(given, handoff=handoff)


def contents(packet: dict[str, Any], role: str = "user") -> list[str]:
    return [each["content"] for each in packet["messages"] if each["role"] == role]


def test_a_first_attempt_takes_nothing_over() -> None:
    packet = packet_of(a_start(), ())

    assert packet["messages"] == []
    assert packet["context"]["handoff"] is None


def test_who_takes_over_from_a_rejected_one_is_asked_for_a_lesson_and_no_other() -> None:
    red = (an_attempt(started=NOW, state=State.REJECTED, red=Red.CHECK),)
    work = Work(head=SHA, target=SHA, changes=())
    start = a_start()
    handoff = handoff_of(start.task, start.attempt, red, work=work, events=())

    (asked, not_asked) = (
        packet_of(given, ())["context"]["ask_lesson"]
        for given in (replace(start, handoff=handoff), taken_over(start))
    )

    assert asked == {"reason": "attempt 1 ended rejected: the checks were red on its work"}
    assert not_asked is None


def test_the_handover_is_the_first_message_and_stands_in_the_context_too() -> None:
    comment = "Integers, please."
    given = taken_over(a_start(task=a_task(comments=(comment,))))

    packet = packet_of(given, ())

    told, said = contents(packet)
    assert told.startswith("You take over task APP-1")
    assert said == comment
    assert packet["context"]["handoff"]["earlier"][0]["evidence"] == "the container vanished"


def test_what_people_said_is_a_message_each_and_only_of_this_task() -> None:
    def answered(number: int, task: str, answer: str) -> PendingAction:
        return an_action(number, task, category="web", answer=answer)

    actions = (answered(1, "APP-1", "yes"), answered(2, "APP-2", "no"), an_action(3))
    given = a_start(task=a_task(comments=("one", "two")))

    assert contents(packet_of(given, actions)) == ["Your request A-1 (web): yes", "one", "two"]


def test_instructions_of_the_profile_are_the_systems() -> None:
    given = taken_over(a_start(profile=a_profile(instructions="be brief")))

    assert packet_of(given, ())["messages"][0] == {"role": "system", "content": "be brief"}


def test_what_is_protected_and_accepted_binds_the_agent() -> None:
    project = a_project(protected=("docs/**",))
    packet = packet_of(a_start(task=a_task(accept=("it adds up",)), project=project), ())

    assert packet["constraints"] == [
        "acceptance: it adds up",
        "do not change: scripts/check.sh",
        "do not change: docs/**",
    ]


def test_a_reflection_alone_may_change_what_binds_agents() -> None:
    project = a_project(protected=("docs/**", *BINDING), check_files=())
    reflection = a_task(labels=("reflection", "1"), review=Review.REQUIRED)
    others = (a_task(), replace(reflection, review=Review.AUTO))

    told = [
        packet_of(a_start(task=task, project=project), ())["constraints"]
        for task in (reflection, *others)
    ]

    kept = [f"do not change: {path}" for path in BINDING]
    assert told == [["do not change: docs/**"], *([["do not change: docs/**", *kept]] * 2)]


def test_what_a_human_granted_is_approved_beside_the_profiles_own() -> None:
    profile = a_profile(safe_mode=True, approved_categories=("edit",))
    given = a_start(task=a_task(granted=("web",)), profile=profile)

    context = context_of(given)

    assert context["safe_mode"] is True
    assert context["approved_categories"] == ["edit", "web"]


def test_the_agent_may_use_what_was_reserved_whatever_its_profile_says_by_now() -> None:
    dearer = a_profile(max_cost_micros=9_000_000)
    given = a_start(attempt=an_attempt(reserved_micros=1_000_000), profile=dearer)

    assert packet_of(given, ())["context"]["limits"]["max_cost_usd"] == 1.0


def test_an_agent_for_whom_nothing_was_reserved_has_no_limit_of_money() -> None:
    given = a_start(profile=a_profile(max_cost_micros=9_000_000))

    assert packet_of(given, ())["context"]["limits"]["max_cost_usd"] is None
