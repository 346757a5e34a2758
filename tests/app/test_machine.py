"""Any order of ticks, findings, crashes, people and faults: nothing doubled, nothing merged red."""

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fleet.app.desk import Pen
from fleet.app.stations import intake, review
from fleet.domain.attempt import Red, State
from fleet.domain.errors import EngineDownError, FleetError
from fleet.domain.merge import PullRequestStatus
from fleet.domain.policy import ActionStatus
from fleet.domain.result import VerdictStatus
from fleet.domain.task import Review
from tests.builders import a_profile, an_account
from tests.memory_world import CHECK, Life, Play, World, line, result, tree_of, verdict_on

COST = 1_000_000
STARTED = line(1, "started")
CALLS = ["image_id", "prepare", "start", "follow", "wait", "collect", "check", "merged",
         "advance", "remove", "remove_worktree", "tip", "stop"]  # fmt: skip
PLAYS = {
    "green": Play(edits={"own": "fine"}),
    "shared": Play(edits={"app.py": "mine"}),
    "red": Play(edits={"app.py": "red"}),
    "idle": Play(),
    "cheat": Play(edits={"app.py": "red", CHECK: "true"}),
    "stricter": Play(edits={CHECK: "strict"}),
    "hangs": Play(edits={"own": "half"}, says=(STARTED,), code=None),
    "crash": Play(says=(STARTED, result(2, "crash")), code=1),
    "auth": Play(says=(STARTED, result(2, "auth")), code=1),
    "asks": Play(says=(STARTED, result(2, "approval_required")), code=1),
    "bill": Play(edits={"own": "dear"}, says=(line(1, "usage", cost_usd=0.4), result(2))),
}
keys = st.integers(1, 4).map("APP-{}".format)


class Fleet(RuleBasedStateMachine):
    """A coordinator that is killed now and then, in a world that does not help."""

    @initialize()
    def begin(self):
        account = an_account(unmetered=False, daily_budget_micros=1000 * COST)
        self.world = World(
            profiles={"local": a_profile(max_cost_micros=COST)}, accounts={"local": account}
        )
        self.scripts: list[str] = []
        self.refused: list[str] = []
        self.vanished: Counter[str] = Counter()
        self.world.runtime.agent = self.agent
        self.pen = Pen(ledger=self.world.ledger, clock=self.world.clock, who="ann")
        self.crash()

    def agent(self, packet):
        play = PLAYS[self.scripts.pop(0) if self.scripts else "green"]
        own = f"{packet['task_id']}-{packet['context']['attempt']}"
        edits = {own if path == "own" else path: text for path, text in play.edits.items()}
        if "app.py" in edits and edits["app.py"] == "mine":
            edits["app.py"] = own
        return Play(edits=edits, says=play.says, code=play.code)

    def people(self, say, *args, **kwargs):
        try:
            say(*args, self.pen, **kwargs)
        except FleetError as refused:
            self.refused.append(str(refused))

    @precondition(lambda self: len(self.world.ledger.tasks()) < 4)
    @rule(how=st.sampled_from(Review), depends=st.none() | keys, retries=st.integers(0, 2))
    def add(self, how, depends, retries):
        needed = tuple(filter(None, (depends,)))
        wish = intake.Wish(title="x", review=how, depends=needed, max_retries=retries)
        self.people(intake.add, wish, self.world.fleet)

    @rule(name=st.sampled_from(sorted(PLAYS)))
    def script(self, name):
        self.scripts.append(name)

    @rule()
    def tick(self):
        self.life.tick()

    @precondition(lambda self: self.life.crew.ready)
    @rule(which=st.integers(0, 9))
    def perform(self, which):
        ready = self.life.crew.ready
        self.life.crew.perform(ready[which % len(ready)])

    @rule()
    def go_on(self):
        for _ in range(4):
            self.life.tick()
            self.life.perform()

    @rule()
    def crash(self):
        self.life = Life(self.world)

    @rule(seconds=st.sampled_from([3, 70, 700, 4000]))
    def wait(self, seconds):
        self.world.clock.advance(timedelta(seconds=seconds))

    @rule(call=st.sampled_from(CALLS))
    def fault(self, call):
        self.world.faults.plan(call, EngineDownError("no answer"))

    @rule(reason=st.none() | st.just("dirty"))
    def checkout(self, reason):
        self.world.worktrees.blocked = reason

    @precondition(lambda self: self.world.runtime.running)
    @rule(which=st.integers(0, 9))
    def vanish(self, which):
        names = sorted(self.world.runtime.running)
        name = names[which % len(names)]
        self.vanished[name] += 1
        self.world.runtime.vanish(name)

    @rule()
    def push(self):
        """Let a person put a commit of his own on the target."""
        git = self.world.worktrees
        tip = git.branches["main"]
        files = git.files(tip) | {"app.py": f"ann {len(git.commits)}"}
        git.branches["main"] = git.commit(files, (tip,))

    @rule(number=st.integers(1, 6), yes=st.booleans())
    def review(self, number, yes):
        if yes:
            self.people(review.approve, number)
        else:
            self.people(review.reject, number, reason="no")

    @rule(number=st.integers(1, 6), status=st.sampled_from(ActionStatus))
    def answer(self, number, status):
        if status is not ActionStatus.PENDING:
            self.people(review.answer, f"A-{number}", status)

    @rule(key=keys)
    def cancel(self, key):
        self.people(intake.cancel, key)

    @rule(key=keys, fresh=st.booleans())
    def retry(self, key, fresh):
        self.people(intake.retry, key, fresh=fresh)

    @invariant()
    def one_live_attempt_a_task_and_one_container(self):
        live = Counter(a.task for a in self.world.ledger.attempts() if a.live)
        assert all(count == 1 for count in live.values())
        # an engine that lost a container before it was known to run is asked for it again
        for name, count in self.world.runtime.starts.items():
            assert count <= 1 + self.vanished[name]
        up = [c.attempt.rsplit("-", 2)[0] for c in self.world.runtime.containers() if c.running]
        assert len(up) == len(set(up))

    @invariant()
    def one_merge_a_target(self):
        pulls = self.world.ledger.pull_requests()
        assert sum(pull.status is PullRequestStatus.MERGING for pull in pulls) <= 1

    @invariant()
    def red_attempts_are_bounded(self):
        for task in self.world.ledger.tasks():
            counted = [a for a in self.world.ledger.attempts(task.key) if a.number > task.red_from]
            red = [a for a in counted if a.state is State.REJECTED and a.red is not Red.CONFLICT]
            broken = [a for a in counted if a.state in {State.FAILED, State.LOST, State.SWAPPED}]
            rebuilt = [a for a in counted if a.red is Red.CONFLICT]
            assert len(red) <= task.max_retries + 1
            assert len(broken) <= self.world.fleet.max_swaps + 1
            assert len(rebuilt) <= 3

    @invariant()
    def nothing_is_merged_red(self):
        git, ledger = self.world.worktrees, self.world.ledger
        assert verdict_on(self.world.target) is VerdictStatus.PASSED
        landed = git.history(git.branches["main"])
        for attempt in ledger.attempts():
            if attempt.state is State.MERGED:
                (pull,) = [p for p in ledger.pull_requests() if p.attempt == attempt.id]
                assert pull.merged_sha in landed
                tree = tree_of(git.files(pull.merged_sha))
                assert any(v.tree == tree for v in ledger.verdicts(attempt.id))
            elif not attempt.live and attempt.head != attempt.base:
                assert attempt.head not in landed or self.went_on(attempt)

    def went_on(self, attempt):
        """Tell whether a later attempt built on this one's work and was merged."""
        later = [a for a in self.world.ledger.attempts(attempt.task) if a.number > attempt.number]
        moved = [a for a in later if a.state in {State.VERIFIED, State.MERGED}]
        return any(attempt.head in self.world.worktrees.history(a.head or "") for a in moved)

    @invariant()
    def money_is_held_until_it_is_settled(self):
        ledger = self.world.ledger
        today = self.world.clock.now().date()
        settled = sum(row.micros for row in ledger.settlements() if row.at.date() == today)
        committed = ledger.snapshot().committed.get("local", 0)
        held = sum(a.reserved_micros for a in ledger.attempts() if a.holds_slot)
        assert committed == settled + held
        assert all(row.micros >= 0 for row in ledger.settlements())

    @invariant()
    def work_is_committed_before_its_end(self):
        for attempt in self.world.ledger.attempts():
            if attempt.cleaned and attempt.outcome is not None:
                assert attempt.head in self.world.worktrees.commits

    @invariant()
    def every_refusal_is_explained(self):
        assert all(self.refused)
        assert all(wait.reason for wait in self.life.plan.waits)

    def teardown(self):
        """Whatever happened, the fleet comes to rest and leaves nothing lying about."""
        if not hasattr(self, "world"):
            return
        self.world.faults.clear()
        self.world.worktrees.blocked = None
        Life(self.world).run(ticks=2000)
        for attempt in self.world.ledger.attempts():
            assert attempt.state in {State.VERIFYING, State.VERIFIED} or not attempt.live
            assert attempt.cleaned
        assert self.world.runtime.running == {}
        assert self.world.worktrees.spaces == {}
        self.nothing_is_merged_red()
        self.red_attempts_are_bounded()
        self.money_is_held_until_it_is_settled()


TestFleet = Fleet.TestCase
TestFleet.settings = settings(settings.default, stateful_step_count=40)
