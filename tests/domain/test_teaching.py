"""Who is asked for a lesson, what agents' words are worth, and how much of them is too much."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Red, State
from fleet.domain.handoff import Work, handoff_of, predecessors
from fleet.domain.lesson import Draft, LessonStatus, Origin
from fleet.domain.swap import Cause
from fleet.domain.teaching import (
    MOST_OF_A_DAY,
    MOST_WAITING,
    Taught,
    against,
    asked,
    drafts_of,
)
from tests.builders import NOW, SHA, a_lesson, a_task, an_attempt, an_event

MERGED = an_attempt(number=2, state=State.MERGED)


def rejected(red):
    return an_attempt(state=State.REJECTED, red=red, started=NOW)


def handed(*before):
    now = an_attempt(number=len(before) + 1)
    work = Work(head=SHA, target=SHA, changes=())
    return handoff_of(a_task(), now, predecessors(now, before), work=work, events=())


def test_who_takes_over_from_a_rejected_or_a_swapped_one_is_asked_with_the_newest_reason():
    swapped = an_attempt(state=State.SWAPPED, cause=Cause.STALLED, started=NOW)
    red = replace(rejected(Red.CHECK), number=2, id="app-1-2")

    assert asked(handed(swapped)) == "attempt 1 ended swapped: it was alive and made no progress"
    assert asked(handed(swapped, red)).startswith("attempt 2 ended rejected: the checks were red")


def test_nobody_is_asked_whose_predecessor_met_no_trouble():
    assert asked(None) == ""
    assert asked(handed(an_attempt(state=State.LOST, started=NOW))) == ""


def proposal(attempt, **data):
    return an_event("agent.lesson", attempt=attempt.id, data={"title": "Pin it"} | data)


def test_what_an_agent_proposes_is_taken_with_where_it_comes_from():
    said = {"title": "Pin it", "problem": "p", "cause": "c", "remedy": "r"}
    event = proposal(MERGED, **said, tags=["lock"], files=["uv.lock"])

    (taught,) = drafts_of([event], [MERGED])

    assert taught.draft == Draft(**said, tags=("lock",), files=("uv.lock",))
    provenance = taught.provenance
    assert (provenance.origin, provenance.author) == (Origin.AGENT, "local")
    assert (provenance.task, provenance.attempt) == ("APP-1", MERGED.id)


def test_of_an_attempt_the_newest_three_count_and_the_newest_attempt_comes_first():
    first = an_attempt()
    events = [proposal(first, title=f"first {n}") for n in range(5)]
    events.append(proposal(MERGED, title="last"))

    titles = [taught.draft.title for taught in drafts_of(events, [first, MERGED])]

    assert titles == ["last", "first 4", "first 3", "first 2"]


def test_the_same_proposal_twice_is_one():
    events = [proposal(MERGED), proposal(MERGED, title="pin  IT")]

    assert len(drafts_of(events, [MERGED])) == 1


def test_what_two_attempts_propose_is_the_newer_ones_and_repeated_takes_no_room():
    first = an_attempt()
    events = [proposal(first), *(proposal(MERGED) for _ in range(4)), proposal(first, title="x")]

    told = drafts_of(events, [first, MERGED])

    assert [(each.draft.title, each.attempt) for each in told] == [("x", first), ("Pin it", MERGED)]


def test_what_is_no_proposal_of_these_attempts_is_left_out():
    other = an_attempt("APP-2")
    events = [proposal(other), an_event("agent.error", attempt=MERGED.id, data={"title": "x"})]

    assert drafts_of(events, [MERGED]) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.fixed_dictionaries(dict.fromkeys(("title", "problem", "tags", "files"), json_values)))
def test_whatever_types_an_agent_sends_texts_come_out(data):
    for taught in drafts_of([proposal(MERGED, **data)], [MERGED]):
        draft = taught.draft
        assert draft.title.strip()
        assert all(isinstance(each, str) for each in (draft.problem, *draft.tags, *draft.files))


TAUGHT = Taught(draft=Draft(title="one more"), attempt=MERGED, origin=Origin.AGENT)
PROPOSED = LessonStatus.PROPOSED


def refused(*lessons, status=PROPOSED, at=NOW):
    return against(TAUGHT, status, lessons, at=at)


def of_agent(number, **fields):
    defaults = {"origin": Origin.AGENT, "author": "local", "status": LessonStatus.PROBATION}
    return a_lesson(number, **(defaults | fields))


def test_a_task_teaches_three_lessons_at_most_whatever_became_of_them():
    own = [of_agent(n, task="APP-1", author=f"dev{n}") for n in range(1, 4)]

    assert refused(*own[:2]) == ""
    assert refused(*own) == "APP-1 has 3 lessons already"
    assert refused(*own[:2], replace(own[2], status=LessonStatus.FORGOTTEN)) != ""


def test_a_profile_writes_twenty_lessons_a_day_at_most():
    today = [of_agent(n) for n in range(1, MOST_OF_A_DAY + 1)]

    assert refused(*today[1:]) == ""
    assert refused(*today) == "profile local has 20 lessons of today already"
    assert refused(*today, at=NOW + timedelta(days=1)) == ""


def test_two_hundred_proposals_may_wait_and_what_is_used_at_once_waits_for_nobody():
    waiting = [of_agent(n, author=f"dev{n}", status=PROPOSED) for n in range(1, MOST_WAITING + 1)]

    assert refused(*waiting[1:]) == ""
    assert refused(*waiting).startswith("200 proposals wait already: see `fleet memory list")
    assert refused(*waiting, status=LessonStatus.PROBATION) == ""


def test_what_people_add_takes_no_room_from_agents():
    people = [a_lesson(n, author="local", task="APP-1") for n in range(1, 30)]

    assert refused(*people) == ""
