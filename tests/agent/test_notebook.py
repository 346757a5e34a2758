"""What a CLI has said so far, when it is cut short, what it costs, and what it was asked."""

import pytest

from fleet_agent.clis.model import (
    Activity,
    Denied,
    Failure,
    FailureKind,
    Finished,
    Idle,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.files import write_below
from fleet_agent.notebook import PATIENCE_SECONDS, Notebook
from fleet_agent.packet import Limits, read_packet
from fleet_agent.prompts import first_prompt, next_prompt, resumed_prompt, system_of
from fleet_agent.spending import priced, rest_of, used_up
from fleet_agent.tail import Tail
from tests.agent.stage import a_packet, a_stage

SLOW = Failure(FailureKind.OVERLOADED, "529")


def a_packet_read(tmp_path, **context):
    return read_packet(a_stage(tmp_path, **context).root / "packet.json")


def a_notebook_limits():
    return Limits(
        attempt=60,
        setup=60,
        check=60,
        grace=5,
        heartbeat=10,
        quiet=30,
        turns=None,
        cost_micros=None,
    )


def a_notebook(before=None):
    return Notebook(a_notebook_limits(), now=0.0, before=before)


def told(notebook, *events, now=0.0):
    for event in events:
        notebook.take(event, now=now)
    return notebook


def test_all_but_activity_is_kept_and_the_last_words_count():
    notebook = told(
        a_notebook(),
        Session("s-1"),
        Activity("tool", "ls"),
        Said("first"),
        Said("last"),
        Finished(),
    )

    assert (notebook.session, notebook.said) == ("s-1", "last")
    assert notebook.facts == (Session("s-1"), Said("first"), Said("last"), Finished())
    assert notebook.reason_to_cut(29.0) is None


def test_words_that_come_in_parts_are_one_until_something_else_is_heard():
    parts = [Said("All is ", part=True), Activity("message", "All is "), Said("well.", part=True)]

    notebook = told(a_notebook(), *parts)
    assert notebook.said == "All is well."

    told(notebook, Activity("tool", "ls"), Said("Done", part=True), Said(".", part=True))
    assert notebook.said == "Done."


def test_facts_are_bounded():
    notebook = told(a_notebook(), *[Said(str(number)) for number in range(2000)])

    assert len(notebook.facts) == 500
    assert notebook.facts[-1] == Said("1999")


@pytest.mark.parametrize(
    "weighty", [Denied("Bash", "shell"), Trouble(SLOW, final=True), Denied("Edit", "edit")]
)
def test_a_refused_tool_and_a_final_error_are_not_talked_away(weighty):
    notebook = told(a_notebook(), weighty, *[Said(str(number)) for number in range(2000)])

    assert notebook.facts[0] == weighty
    assert len(notebook.facts) == 501


@pytest.mark.parametrize("scope", [Scope.START, Scope.SESSION])
def test_a_total_never_falls(scope):
    totals = (Usage(30, 15, 3, 2, 9), Usage(), Usage(31))
    notebook = told(a_notebook(), *[Spent(total, scope) for total in totals])

    assert notebook.usage == Usage(31, 15, 3, 2, 9)


@pytest.mark.parametrize("odd", ["--settings={}", "../s-1", "s 1", "", "s" * 201])
def test_what_could_be_taken_for_an_option_is_no_session(odd):
    assert told(a_notebook(), Session("s-1"), Session(odd)).session == "s-1"


def test_steps_add_up_a_start_counts_anew_and_a_session_is_lessened():
    steps = told(a_notebook(), *[Spent(Usage(10, 5, 1, 1), Scope.STEP)] * 2)
    start = told(a_notebook(), *[Spent(Usage(10, 5, 1, 1), Scope.START)] * 2)
    session = a_notebook(before=Usage(10, 5, 1, 1, 7))
    told(session, Spent(Usage(30, 15, 3, 2, 9), Scope.SESSION))

    assert steps.usage == Usage(20, 10, 2, 2)
    assert start.usage == Usage(10, 5, 1, 1)
    assert (session.usage, session.of_session) == (Usage(20, 10, 2, 1, 2), Usage(30, 15, 3, 2, 9))


def test_a_silent_cli_is_cut_and_a_talking_one_is_not():
    notebook = a_notebook()
    notebook.stirred(20.0)

    assert notebook.reason_to_cut(49.0) is None
    assert notebook.reason_to_cut(51.0).kind is FailureKind.HANG


def test_a_silent_cli_that_works_is_not_cut_until_three_times_the_limit():
    notebook = a_notebook()
    notebook.stirred(20.0)
    notebook.worked(49.0)
    assert notebook.reason_to_cut(79.0) is None
    assert "and no work" in notebook.reason_to_cut(79.1).message

    notebook.worked(110.0)

    assert notebook.reason_to_cut(110.0) is None
    assert "its processes work" in notebook.reason_to_cut(110.1).message


def test_idle_steps_in_a_row_are_a_loop_and_work_between_them_is_none():
    looping = told(a_notebook(), Idle(), Idle(), Idle())
    working = told(a_notebook(), Idle(), Idle(), Activity("tool", "ls"), Idle(), Idle())

    assert looping.reason_to_cut(1.0).kind is FailureKind.HANG
    assert working.reason_to_cut(1.0) is None


def test_words_between_idle_steps_are_no_work():
    said = (Activity("message", "half an answer"), Said("half an answer"), Idle())
    looping = told(a_notebook(), *said, *said, *said)

    assert looping.reason_to_cut(1.0).kind is FailureKind.HANG


def test_trouble_has_patience_from_the_first_of_several():
    notebook = told(a_notebook(), Trouble(SLOW, final=False), now=1.0)
    told(notebook, Trouble(SLOW, final=False), now=7.0)

    assert notebook.reason_to_cut(0.9 + PATIENCE_SECONDS) is None
    assert notebook.reason_to_cut(1.1 + PATIENCE_SECONDS) is SLOW


def test_trouble_that_passes_is_forgotten():
    notebook = told(a_notebook(), Trouble(SLOW, final=False), now=1.0)
    told(notebook, Said("on we go"), now=5.0)

    assert notebook.reason_to_cut(29.0) is None


def test_a_long_wait_is_cut_at_once():
    wait = Failure(FailureKind.RATE_LIMIT, "429", retry_after_seconds=3600)

    assert told(a_notebook(), Trouble(wait, final=False)).reason_to_cut(0.1) is wait


def test_a_denial_is_noted():
    assert told(a_notebook(), Denied("Bash", "shell")).denied == Denied("Bash", "shell")


def test_a_price_is_taken_where_the_cli_names_no_cost():
    used = Usage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)
    prices = (3_000_000, 300_000, 15_000_000)

    assert priced(used, prices).cost_micros == 1_800_000 + 120_000 + 1_500_000
    assert priced(used, None).cost_micros is None
    assert priced(Usage(cost_micros=5), prices).cost_micros == 5
    assert priced(Usage(input_tokens=1), (1, 1, 1)).cost_micros == 1  # never rounded to nothing


@pytest.mark.parametrize(
    ("usage", "beyond", "over"),
    [
        (None, False, False),
        (Usage(turns=2), False, False),
        (Usage(turns=3), False, True),
        (Usage(turns=3), True, False),
        (Usage(turns=4), True, True),
        (Usage(cost_micros=1_999_999), True, False),
        (Usage(cost_micros=2_000_000), True, True),
    ],
)
def test_turns_and_money_are_used_up(tmp_path, usage, beyond, over):
    limits = a_packet_read(tmp_path, limits={"max_turns": 3, "max_cost_usd": 2}).limits

    assert bool(used_up(usage, limits, beyond=beyond)) is over


def test_a_prompt_holds_the_task_what_is_forbidden_and_what_was_said(tmp_path):
    whole = a_packet(title="Split a bill", check=["sh", "check.sh"], bible="Tabs, never spaces.")
    whole["constraints"] = ["do not change: check.sh"]
    whole["messages"].append({"role": "user", "content": "Attempt 1 was red: 3 != 4"})
    packet = read_packet(a_stage(tmp_path, packet=whole).root / "packet.json")

    prompt, system = first_prompt(packet), system_of(packet, skilled=True)

    assert prompt.startswith("Task APP-12: Split a bill\n\nmake it green")
    assert "do not change: check.sh" in prompt
    assert "green: sh check.sh" in prompt
    assert prompt.endswith("Attempt 1 was red: 3 != 4")
    assert "be brief" in system
    assert "Tabs, never spaces." in system
    assert "be brief" not in prompt
    assert next_prompt("3 != 4").startswith("3 != 4")


def test_a_handover_comes_before_what_people_said_and_a_resumed_session_needs_none(tmp_path):
    whole = a_packet(handoff={"task": "APP-12"})
    said = ("You take over task APP-12", "Integers, please.", "yes", "no", "go on")
    whole["messages"] += [{"role": "user", "content": content} for content in said]
    packet = read_packet(a_stage(tmp_path, packet=whole).root / "packet.json")

    prompt, resumed = first_prompt(packet), resumed_prompt(packet)

    assert "make it green\n\nYou take over task APP-12\n\nWhat was said of it before" in prompt
    assert prompt.endswith("Integers, please.\n\nyes\n\nno\n\ngo on")
    assert "go on with the task now.\n\nyes\n\nno\n\ngo on" in resumed
    assert "take over" not in resumed
    assert "whoever had the task before you" in system_of(packet, skilled=True).lower()


def test_a_file_is_written_below_and_never_through_a_link(tmp_path):
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.write_text("theirs")
    (home / "auth.json").symlink_to(outside)
    (home / "away").symlink_to(tmp_path)

    write_below(home, "auth.json", "secret")
    write_below(home, ".cli/deep/auth.json", "one")
    write_below(home, ".cli/deep/auth.json", "two")

    assert outside.read_text() == "theirs"
    assert (home / "auth.json").read_text() == "secret"
    made = home / ".cli/deep/auth.json"
    assert (made.read_text(), made.stat().st_mode & 0o777) == ("two", 0o600)
    assert made.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(OSError, match="away"):
        write_below(home, "away/auth.json", "secret")


def test_a_tail_tells_whole_lines_appended_since_it_was_made(tmp_path):
    (tmp_path / "2026").mkdir()
    old, new = tmp_path / "2026" / "rollout-1.jsonl", tmp_path / "2026" / "rollout-2.jsonl"
    old.write_text("before\n")
    tail = Tail(tmp_path, "*/rollout-*.jsonl")
    (tmp_path / "2026" / "rollout-3.jsonl").symlink_to("/etc/passwd")

    with old.open("a") as file:
        file.write("one\ntw")
    new.write_text("three\n")

    assert list(tail.lines()) == [b"one", b"three"]
    with old.open("a") as file:
        file.write("o\n")
    assert list(tail.lines()) == [b"two"]
    assert list(tail.lines()) == []


def test_a_later_round_has_what_is_left_of_turns_and_money(tmp_path):
    limits = a_packet_read(tmp_path, limits={"max_turns": 3, "max_cost_usd": 2}).limits

    rest = rest_of(limits, Usage(turns=2, cost_micros=500_000))
    nothing = rest_of(limits, Usage(turns=9, cost_micros=9_000_000))

    assert (rest.turns, rest.cost_micros) == (1, 1_500_000)
    assert (nothing.turns, nothing.cost_micros) == (1, 1)
    assert rest_of(limits, None) is limits
    assert rest_of(a_notebook_limits(), Usage(turns=2)).turns is None
