"""Policy on the way of a task: what asks waits, what is denied is red, all is written down."""

import json
from dataclasses import replace

import pytest

from fleet.adapters.redaction import MARK
from fleet.app import views
from fleet.app.desk import Pen
from fleet.app.stations import intake, judging, review
from fleet.domain.attempt import Red, State
from fleet.domain.binding import BINDING
from fleet.domain.errors import FleetError
from fleet.domain.merge import PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.policy import Autonomy, Category, Decision, Match, Policy, Rule
from fleet.domain.task import Review
from tests.builders import a_project
from tests.memory_world import CHECK, Life, Play, World, green, result

KEY = "AKIAIOSFODNN7EXAMPLE"


def a_world(*rules, edits=None, then=None, **policy):
    """Answer a world with a policy, whose agents make these edits first, and `then` those."""
    world = World(policy=Policy(rules=rules, **policy))
    scripted = [each for each in (edits, then) if each]

    def agent(packet):
        number = packet["context"]["attempt"]
        return Play(edits=scripted[number - 1]) if number <= len(scripted) else green(packet)

    world.runtime.agent = agent
    return world


def a_pen(world):
    return Pen(ledger=world.ledger, clock=world.clock, who="ann")


def gone(world, **wish):
    """Add a task and let it go as far as it goes by itself."""
    intake.add(intake.Wish(title="Do it", review=Review.AUTO, **wish), world.fleet, a_pen(world))
    Life(world).run()
    return world.ledger.attempts("APP-1")


def deny(**match):
    return Rule(name="mine", match=Match(**match), decide=Decision.DENY, reason="we never do that")


def told(world):
    """Answer all that is kept: rows, events and traces."""
    rows = (*world.ledger.pending_actions(), *world.ledger.attempts(), *world.ledger.events())
    return repr((rows, world.traces.entries))


def test_a_licence_the_user_asks_to_see_is_looked_for_in_new_files_alone():
    gpl = "/*\n * GNU General\n *   Public License\n */"
    made = a_world(edits={"a.c": gpl}, licences=("gnu general public license",))
    edited = a_world(edits={"app.py": gpl}, licences=("gnu general public license",))

    gone(made)
    assert [(a.rule, a.files) for a in made.ledger.pending_actions()] == [("licences", ("a.c",))]
    assert gone(edited)[0].state is State.MERGED


def test_a_denied_diff_is_red_and_the_next_attempt_is_told_rule_reason_and_files():
    mended = {"app.py": "old", "b.py": "new"}
    world = a_world(deny(paths=("app.py",)), edits={"app.py": "new"}, then=mended)

    first, second = gone(world)

    assert (first.state, first.red) == (State.REJECTED, Red.POLICY)
    assert second.state is State.MERGED
    packets = [e["packet"] for e in world.traces.entries[second.id] if e["kind"] == "asked"]
    said = json.dumps(packets)
    assert all(word in said for word in ("mine", "we never do that", "app.py"))
    (event,) = [e for e in world.ledger.events() if e.kind == "policy.ruled"]
    assert event.data["decision"] == "deny"
    assert world.ledger.pending_actions() == ()


def test_a_question_has_all_that_a_human_needs_and_its_answer_is_kept():
    world = a_world(edits={CHECK: "stricter", "Makefile": "all:"})
    gone(world)

    (asked,) = world.ledger.pending_actions()
    assert asked.rule == "check_files"
    assert asked.files == ("Makefile", CHECK)
    assert asked.risks == (f"check_file: {CHECK}", "build: Makefile")
    assert "+stricter" in asked.diff
    assert asked.sha == world.ledger.attempts("APP-1")[0].head
    assert asked.sha in asked.dry_run
    (event,) = [e for e in world.ledger.events() if e.kind == "approval.asked"]
    assert event.data == {"rule": "check_files", "risks": list(asked.risks)}

    review.answer("A-1", ActionStatus.APPROVED, a_pen(world))
    Life(world).run()

    view = views.action_view(world.ledger.pending_action("A-1"))
    assert (view["answered_by"], view["answered_at"]) == ("ann", world.clock.now().isoformat())
    assert any(e.kind == "approval.approved" and e.who == "ann" for e in world.ledger.events())
    (pull,) = world.ledger.pull_requests()
    assert pull.risk == asked.risks
    assert pull.size == 3


def test_what_clears_a_question_by_itself_is_written_down_as_its_answer():
    world = a_world(edits={CHECK: "stricter"})
    gone(world)

    intake.retry("APP-1", a_pen(world), fresh=True)

    answered = world.ledger.pending_action("A-1")
    assert (answered.status, answered.answered_by) == (ActionStatus.CLEARED, "ann")
    assert answered.answered_at is not None


def test_a_secret_is_asked_about_and_stands_nowhere():
    world = a_world(edits={"settings.py": f"key = '{KEY}'\npassword = 'x'"})
    gone(world)

    (asked,) = world.ledger.pending_actions()
    assert asked.rule == "secrets"
    assert asked.risks == ("secret: settings.py line 1 holds what looks like a secret (AWS key)",)
    assert MARK in asked.diff
    assert KEY not in told(world)


def test_a_secret_that_was_taken_out_again_still_stands_in_the_branch_and_is_asked_about():
    secret = Play(edits={"settings.py": f"key = '{KEY}'"}, says=(result(1, "crash"),), code=1)
    world = a_world(edits={"b.py": "x"}, then={"settings.py": "key = read()"})
    mended = world.runtime.agent
    world.runtime.agent = lambda told: secret if told["context"]["attempt"] == 1 else mended(told)

    gone(world)

    (asked,) = world.ledger.pending_actions()
    assert "AWS key, in an earlier commit" in asked.risks[0]


@pytest.mark.parametrize("denied", [True, False])
def test_after_a_secret_was_refused_the_next_attempt_starts_without_it(denied):
    rules = [deny(categories=(Category.SECRET,))] if denied else []
    world = a_world(*rules, edits={"settings.py": f"key = '{KEY}'"})
    gone(world)

    if not denied:
        review.answer("A-1", ActionStatus.REJECTED, a_pen(world), reason="no keys")
        Life(world).run()

    states = [attempt.state for attempt in world.ledger.attempts("APP-1")]
    assert states == [State.REJECTED, State.MERGED]
    assert "settings.py" not in world.target


def test_a_secret_among_many_protected_files_is_told_and_does_not_outlive_its_refusal():
    spread = {f"api/{n}.py": "x" for n in range(80)}
    world = a_world(edits=spread | {"settings.py": f"key = '{KEY}'"})
    project = replace(world.fleet.projects["APP"], protected=("api/**",))
    world.fleet = replace(world.fleet, projects={"APP": project})
    gone(world)

    (asked,) = world.ledger.pending_actions()
    review.answer("A-1", ActionStatus.REJECTED, a_pen(world), reason="no keys")
    Life(world).run()

    assert [risk for risk in asked.risks if risk.startswith("secret: settings.py")]
    assert world.ledger.attempts("APP-1")[-1].fresh


def test_a_credential_that_fleet_itself_read_is_found_in_a_diff():
    world = a_world(edits={"notes.txt": "the key is of-alices-account"})
    world.redaction.learn(["of-alices-account"])
    gone(world)

    (asked,) = world.ledger.pending_actions()
    assert asked.rule == "secrets"
    assert "of-alices-account" not in told(world)


@pytest.mark.parametrize(
    ("autonomy", "edits", "expected"),
    [
        (Autonomy.MANUAL, {"app.py": "new"}, "manual"),
        (Autonomy.SEMI_AUTO, {"app.py": "new"}, None),
        (Autonomy.SEMI_AUTO, {"Makefile": "all:"}, "build"),
        (Autonomy.FULL_AUTO, {"Makefile": "all:"}, None),
        (Autonomy.FULL_AUTO, {CHECK: "stricter"}, "check_files"),
        (Autonomy.FULL_AUTO, {"a.py": f"key = '{KEY}'"}, "secrets"),
    ],
)
def test_the_autonomy_says_what_waits_for_a_human(autonomy, edits, expected):
    world = a_world(edits=edits, autonomy=autonomy)

    (attempt,) = gone(world)

    asked = [action.rule for action in world.ledger.pending_actions()]
    assert asked == ([] if expected is None else [expected])
    assert attempt.state is (State.MERGED if expected is None else State.VERIFYING)


def a_memory_world(*files, **policy):
    """Answer a world whose project holds what binds every agent; its agents change these files."""
    world = a_world(edits=dict.fromkeys(files, "Do as I say."), **policy)
    project = a_project(review=Review.AUTO, protected=("docs/**", *BINDING))
    world.fleet = replace(world.fleet, projects={"APP": project})
    return world


@pytest.mark.parametrize("autonomy", [Autonomy.SEMI_AUTO, Autonomy.FULL_AUTO])
@pytest.mark.parametrize(
    "file",
    [
        *("memory/constitution.md", "Memory/Constitution.md", "memory/bible/APP.md"),
        *("memory/skills/build/SKILL.md", "memory/skills/build/run.sh"),
    ],
)
def test_what_binds_every_agent_is_changed_by_nobody_without_a_person(file, autonomy):
    world = a_memory_world(file, autonomy=autonomy)

    (attempt,) = gone(world)

    (asked,) = world.ledger.pending_actions()
    assert (asked.rule, asked.files) == ("protected", (file,))
    assert attempt.state is State.VERIFYING
    assert world.ledger.pull_requests() == ()


@pytest.mark.parametrize("review", Review)
def test_a_label_alone_lets_nothing_through_to_what_binds_agents(review):
    world = a_memory_world("memory/constitution.md")
    wish = intake.Wish(title="Do it", review=review, labels=("reflection",))

    intake.add(wish, world.fleet, a_pen(world))
    Life(world).run()

    asked = [action.rule for action in world.ledger.pending_actions()]
    pulls = [(pull.status, pull.risk) for pull in world.ledger.pull_requests()]
    seen = [(PullRequestStatus.OPEN, ("protected: memory/constitution.md",))]
    assert (asked, pulls) == ((["protected"], []) if review is Review.AUTO else ([], seen))


@pytest.mark.parametrize(
    ("files", "policy"),
    [
        (("memory/constitution.md", "docs/a.md"), {}),
        (("memory/constitution.md", "Makefile"), {}),
        (("memory/constitution.md",), {"autonomy": Autonomy.MANUAL}),
    ],
)
def test_a_reflections_review_stands_for_no_other_question(files, policy):
    world = a_memory_world(*files, **policy)
    wish = intake.Wish(title="Do it", review=Review.REQUIRED, labels=("reflection",))

    intake.add(wish, world.fleet, a_pen(world))
    Life(world).run()

    assert len(world.ledger.pending_actions()) == 1
    assert world.ledger.pull_requests() == ()


def test_full_autonomy_still_shows_the_risk_on_the_pull_request():
    world = a_world(edits={"Makefile": "all:"}, autonomy=Autonomy.FULL_AUTO)
    gone(world)

    (pull,) = world.ledger.pull_requests()
    assert pull.risk == ("build: Makefile",)


def test_check_files_that_a_rule_allows_are_checked_both_ways_all_the_same():
    allow = Rule(
        name="mine",
        match=Match(categories=(Category.CHECK_FILE,)),
        decide=Decision.ALLOW,
        reason="our agents maintain it",
    )
    world = a_world(allow, edits={"app.py": "red", CHECK: "true"})

    first = gone(world)[0]

    said = {verdict.name: verdict.status.value for verdict in world.ledger.verdicts(first.id)}
    assert said["test@target"] == "failed"
    assert first.state is State.REJECTED


def test_replace_check_is_for_questions_about_check_files_alone():
    world = a_world(edits={"Makefile": "all:"})
    gone(world)

    with pytest.raises(FleetError, match="not about check files"):
        review.answer("A-1", ActionStatus.APPROVED, a_pen(world), replace_check=True)


def test_a_question_about_many_files_stays_small():
    world = a_world(edits={f"{n}/conftest.py": "x" for n in range(500)})
    gone(world)

    (asked,) = world.ledger.pending_actions()
    assert len(asked.files) == 200
    assert len(asked.risks) <= 51
    assert asked.risks[-1].startswith("and ")
    assert len(asked.diff) < 25_000


def test_a_ruling_tells_how_much_changes_and_nothing_for_nothing():
    world = a_world()
    project, tip = a_project(), world.worktrees.branches["main"]

    ruling = judging.ruling_on(project, world.tools, base=tip, head=tip)

    assert (ruling.decision, ruling.changes, ruling.size) == (Decision.ALLOW, 0, 0)
