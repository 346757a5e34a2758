"""Any order of ticks, findings, crashes, people and faults.

Nothing is doubled, nothing merged red, nothing spent beyond a limit but for one call.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fleet.app import health
from fleet.app.desk import Pen
from fleet.app.stations import halting, intake, reverts, review
from fleet.domain.attempt import Red, State
from fleet.domain.errors import EngineDownError, FleetError
from fleet.domain.halting import halts_of
from fleet.domain.health import account_subject, vendor_subject
from fleet.domain.hold import FLEET, HoldKind, task_subject
from fleet.domain.merge import PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.profile import SwapRules
from fleet.domain.result import VerdictStatus
from fleet.domain.swap import Trigger
from fleet.domain.task import Review
from tests.app.pooled import PRICE
from tests.builders import a_profile, a_project, an_account
from tests.memory_world import CHECK, Life, Play, World, line, result, tree_of, verdict_on

COST = 1_000_000
CALL = 300_000  # what one call of a model costs, in micro-dollars
PARALLEL = 2  # attempts of an account
OF_A_DAY, OF_THE_PROJECT, OF_THE_RUN = 3 * COST, 5 * COST, 7 * COST
STARTED = line(1, "started")
CALLS = ["image_id", "prepare", "start", "follow", "wait", "collect", "check", "chained",
         "synced", "pushed", "is_merged", "advance", "remove", "remove_worktree", "tip", "stop",
         "reverted", "plant", "commits_between"]  # fmt: skip
PLAYS = {
    "green": Play(edits={"own": "fine"}),
    "shared": Play(edits={"app.py": "mine"}),
    "red": Play(edits={"app.py": "red"}),
    "left": Play(edits={"own": "left"}),
    "right": Play(edits={"own": "right"}),
    "idle": Play(),
    "cheat": Play(edits={"app.py": "red", CHECK: "true"}),
    "stricter": Play(edits={CHECK: "strict"}),
    "hangs": Play(edits={"own": "half"}, says=(STARTED,), code=None),
    **{
        kind: Play(edits={"own": "half"}, says=(STARTED, result(2, kind)), code=1)
        for kind in ("hang", "loop", "overloaded", "quota", "context_too_long", "budget")
    },
    "limited": Play(says=(STARTED, result(2, "rate_limit", retry_after_seconds=600)), code=1),
    "crash": Play(says=(STARTED, result(2, "crash")), code=1),
    "auth": Play(says=(STARTED, result(2, "auth")), code=1),
    "asks": Play(says=(STARTED, result(2, "approval_required")), code=1),
    "bill": Play(edits={"own": "dear"}, says=(line(1, "usage", cost_usd=0.4), result(2))),
}
keys = st.integers(1, 4).map("APP-{}".format)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What had started and landed after the last step, and what was stopped then."""

    starts: dict[str, int] = field(default_factory=dict)
    landed: set[str] = field(default_factory=set)
    everything: bool = False
    halted: dict[str, bool] = field(default_factory=dict)


class Fleet(RuleBasedStateMachine):
    """A coordinator that is killed now and then, in a world that does not help."""

    @initialize(
        tasks=st.integers(0, 3),
        usual=st.sampled_from(["green", "hangs"]),
        remote=st.none() | st.just("origin"),
        landed=st.lists(st.sampled_from(["green", "shared", "left"]), max_size=2),
    )
    def begin(self, tasks, usual, remote, landed):
        dear = {"price": PRICE, "max_cost_micros": COST}
        first = a_profile("first", agent="claude", fallback=("spare",), **dear)
        spare = a_profile("spare", agent="codex", roles=("backup",), escalate_to="first", **dear)
        limits = {"unmetered": False, "daily_budget_micros": OF_A_DAY, "parallel": PARALLEL}
        accounts = [
            *(an_account(name, agent="claude", **limits) for name in ("alice", "carol")),
            an_account("bob", agent="codex", **limits),
        ]
        self.world = World(
            profiles={"first": first, "spare": spare},
            accounts={account.name: account for account in accounts},
            projects={"APP": a_project(daily_budget_micros=OF_THE_PROJECT, remote=remote)},
            run_budget_micros=OF_THE_RUN,
            swap=SwapRules(critic_after=2, night=6),
        )
        self.remote = remote is not None
        self.world.worktrees.remote = self.world.worktrees.branches["main"]
        self.usual = usual
        self.said: Counter[str] = Counter()
        self.pushed = set[str]()
        self.scripts: list[str] = []
        self.refused: list[str] = []
        self.vanished: Counter[str] = Counter()
        self.seen = Seen()
        self.world.runtime.agent = self.agent
        self.pen = Pen(ledger=self.world.ledger, clock=self.world.clock, who="ann")
        for name in landed:
            self.scripts.append(name)
            self.add(Review.AUTO, None, 2, None)
            Life(self.world).run()
        for _ in range(tasks):
            self.add(Review.AUTO, None, 2, None)
        self.crash()

    def agent(self, packet):
        play = PLAYS[self.scripts.pop(0) if self.scripts else self.usual]
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
    @rule(
        how=st.sampled_from(Review),
        depends=st.none() | keys,
        retries=st.integers(0, 2),
        budget=st.none() | st.just(2 * COST),
    )
    def add(self, how, depends, retries, budget):
        needed = tuple(filter(None, (depends,)))
        wish = intake.Wish(title="x", review=how, depends=needed, max_retries=retries)
        self.people(intake.add, replace(wish, budget_micros=budget), self.world.fleet)

    @precondition(lambda self: len(self.world.ledger.tasks()) < 6)
    @rule(number=st.integers(1, 4))
    def revert(self, number):
        """Ask for a merge to be taken back, by fleet itself where git can."""
        self.people(lambda pen: reverts.revert(number, self.world.fleet, pen))

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

    def at_work(self):
        """Answer the running containers whose every call was heard and that nobody stopped."""
        attempts = {a.container: a for a in self.world.ledger.attempts()}
        return [
            name
            for name, container in sorted(self.world.runtime.running.items())
            if container.exit is None
            and attempts[name].stopping is None
            and (attempts[name].usage.cost_micros or 0) == self.said[name]
        ]

    @precondition(lambda self: self.at_work())
    @rule(times=st.integers(1, 9))
    def call(self, times):
        """Let all agents call their models at the same time, again when each was heard."""
        for _ in range(times):
            for name in self.at_work():
                self.said[name] += CALL
                seq = len(self.world.runtime.running[name].says) + 1
                told = line(seq, "usage", cost_usd=self.said[name] / COST, turns=seq)
                self.world.runtime.says(name, told)
            self.go_on()

    @precondition(lambda self: self.at_work())
    @rule(which=st.integers(0, 9), kind=st.sampled_from([None, "rate_limit", "auth", "crash"]))
    def finish(self, which, kind):
        working = self.at_work()
        name = working[which % len(working)]
        seq = len(self.world.runtime.running[name].says) + 1
        self.world.runtime.ends(name, result(seq, kind), code=0 if kind is None else 1)

    @rule(account=st.sampled_from(["alice", "bob", "carol"]))
    def open(self, account):
        self.people(health.open_account, account, self.world.fleet)

    @rule(seconds=st.sampled_from([3, 20, 70, 700, 4000, 90_000]))
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
        """Let a person put a commit of his own on the target, where it is pushed to."""
        git = self.world.worktrees
        tip = (git.remote or "") if self.remote else git.branches["main"]
        files = git.files(tip) | {"app.py": f"ann {len(git.commits)}"}
        pushed = git.commit(files, (tip,))
        self.pushed.add(pushed)
        if self.remote:
            git.remote = pushed
        else:
            git.branches["main"] = pushed

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

    @rule(key=st.none() | keys, stopped=st.sampled_from([True, False, False]))
    def halt(self, key, stopped):
        """Stop the fleet or a task, or let it go on."""
        subject = FLEET if key is None else task_subject(key)
        if not stopped:
            halting.resume(subject, self.pen)
        elif key is None:
            halting.stop_all(self.pen, reason="")
        else:
            self.people(lambda pen: halting.stop_task(key, pen, reason=""))

    @rule(pulled=st.sampled_from([True, False, False]))
    def brake(self, pulled):
        """Let a tool make or remove the file STOP."""
        self.world.brake.said = "stopped by a file" if pulled else ""

    @rule(kind=st.sampled_from(HoldKind))
    def down(self, kind):
        """Tell whoever coordinates to end; it does so, or is killed before."""
        term = self.world.ledger.term()
        assert term is not None
        self.people(lambda pen: halting.end_coordinator(kind, term.number, pen))

    def halted(self, task):
        """Tell whether people stopped a task, or everything."""
        holds = self.world.ledger.snapshot().holds
        return halts_of(holds, halted=self.world.brake.said).stop(task)

    @invariant()
    def nothing_starts_and_nothing_lands_while_it_is_stopped(self):
        """What ran or had landed when the stop came is all there is of it."""
        runtime, git = self.world.runtime, self.world.worktrees
        started = dict(runtime.starts)
        for name, count in started.items():
            attempt = name.removeprefix("fleet-")
            task = attempt.rsplit("-", 2)[0].upper()
            if self.seen.halted.get(task) and self.halted(task):
                assert count == self.seen.starts.get(name, 0)
        landed = git.history(git.branches["main"])
        if self.remote:
            landed |= git.history(git.remote or "")
        if self.seen.everything and self.halted(""):
            assert landed <= self.seen.landed | self.pushed
        tasks = [task.key for task in self.world.ledger.tasks()]
        self.seen = Seen(
            starts=started,
            landed=landed,
            everything=bool(self.halted("")),
            halted={task: bool(self.halted(task)) for task in tasks},
        )

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
    def what_is_merging_shares_one_candidate(self):
        pulls = self.world.ledger.pull_requests()
        merging = [pull for pull in pulls if pull.status is PullRequestStatus.MERGING]
        assert len({(pull.candidate, pull.candidate_tip) for pull in merging}) <= 1
        assert len({pull.place for pull in merging}) == len(merging)
        git = self.world.worktrees
        for pull in merging:
            assert {pull.built, pull.head} <= git.history(pull.candidate or "")

    @invariant()
    def a_remote_is_never_behind(self):
        git = self.world.worktrees
        assert not self.remote or git.branches["main"] in git.history(git.remote or "")

    @invariant()
    def every_commit_of_the_target_was_checked_as_it_stands(self):
        git, ledger = self.world.worktrees, self.world.ledger
        green = {
            v.tree
            for a in ledger.attempts()
            for v in ledger.verdicts(a.id)
            if v.status is VerdictStatus.PASSED
        }
        at = git.branches["main"]
        while parents := git.commits[at].parents:
            if at not in self.pushed:
                assert tree_of(git.files(at)) in green
            at = parents[0]

    @invariant()
    def nobody_lands_twice(self):
        git = self.world.worktrees
        landed, at = Counter[str](), git.branches["main"]
        while parents := git.commits[at].parents:
            if at not in self.pushed:
                landed.update(self.new_work(parents[0], at))
                assert git.files(at) != git.files(parents[0])
            at = parents[0]
        assert all(count == 1 for count in landed.values())

    def new_work(self, before, after):
        """Answer the heads that a step of the target brought."""
        git = self.world.worktrees
        new = git.history(after) - git.history(before)
        return [pull.head for pull in self.world.ledger.pull_requests() if pull.head in new]

    @invariant()
    def red_attempts_are_bounded(self):
        for task in self.world.ledger.tasks():
            agents = [a for a in self.world.ledger.attempts(task.key) if not a.by_fleet]
            counted = [a for a in agents if a.number > task.red_from]
            red = [a for a in counted if a.state is State.REJECTED and a.red is not Red.CONFLICT]
            swapped = [a.cause.trigger for a in counted if a.state is State.SWAPPED and a.cause]
            broken = [a for a in counted if a.state in {State.FAILED, State.LOST}]
            rebuilt = [a for a in counted if a.red is Red.CONFLICT]
            assert len(red) <= task.max_retries + 1
            rules, timeouts = self.world.fleet.swap, swapped.count(Trigger.TIMEOUT)
            assert len(broken) + timeouts <= rules.timeouts + 1
            errors = swapped.count(Trigger.ERROR) + swapped.count(Trigger.BUDGET)
            assert errors <= rules.errors + 1
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
                tree = tree_of(git.files(pull.candidate or ""))
                said = {v.status for v in ledger.verdicts(attempt.id) if v.tree == tree}
                assert said == {VerdictStatus.PASSED}
            elif not attempt.live and attempt.head != attempt.base:
                assert attempt.head not in landed or self.went_on(attempt)

    def went_on(self, attempt):
        """Tell whether a later attempt built on this one's work and was merged."""
        later = [a for a in self.world.ledger.attempts(attempt.task) if a.number > attempt.number]
        moved = [a for a in later if a.state in {State.VERIFIED, State.MERGED}]
        return any(attempt.head in self.world.worktrees.history(a.head or "") for a in moved)

    @invariant()
    def money_is_held_until_it_is_settled_once(self):
        ledger = self.world.ledger
        settled = Counter(row.attempt for row in ledger.settlements())
        assert all(count == 1 for count in settled.values())
        for attempt in ledger.attempts():
            worked = attempt.outcome is not None and not attempt.by_fleet
            assert worked == bool(settled[attempt.id])
        assert all(row.micros >= 0 for row in ledger.settlements())

    @invariant()
    def no_limit_is_exceeded_but_by_one_call_of_each_who_works(self):
        spent: Counter[tuple[str, object, object]] = Counter()
        for row in self.world.ledger.settlements():
            assert row.micros <= COST + CALL
            spent[("account", row.account, row.day)] += row.micros
            spent[("project", row.project, row.project_day)] += row.micros
            spent[("run", row.run, None)] += row.micros
            spent[("task", row.task, None)] += row.micros
        limits = {
            "account": OF_A_DAY + PARALLEL * CALL,
            "project": OF_THE_PROJECT + 4 * CALL,
            "run": OF_THE_RUN + 4 * CALL,
        }
        for subject, micros in spent.items():
            if subject[0] in limits:
                assert micros <= limits[subject[0]], subject
        for task in self.world.ledger.tasks():
            if task.budget_micros is not None:
                assert spent[("task", task.key, None)] <= task.budget_micros + CALL

    @invariant()
    def nothing_starts_where_account_or_vendor_stands_still(self):
        attempts = {a.id: a for a in self.world.ledger.attempts()}
        blocked, until = set[str](), dict[str, str]()
        for event in self.world.ledger.events():
            subject = str(event.data.get("subject"))
            if event.kind.endswith(".cooling"):
                until[subject] = event.data["until"]
            elif event.kind == "account.blocked":
                blocked.add(subject)
            elif event.kind.endswith((".recovered", ".opened")):
                blocked.discard(subject)
                until.pop(subject, None)
            elif event.kind == "attempt.leased":
                account = self.world.fleet.accounts[attempts[str(event.attempt)].account]
                for whose in (account_subject(account.name), vendor_subject(account)):
                    assert whose not in blocked
                    assert event.at.isoformat() >= until.get(whose, "")

    @invariant()
    def every_swap_has_one_receipt(self):
        ledger = self.world.ledger
        receipts, attempts = ledger.receipts(), {a.id: a for a in ledger.attempts()}
        told = [str(e.attempt) for e in ledger.events() if e.kind == "attempt.swapped"]
        assert sorted(told) == sorted(r.attempt for r in receipts)
        assert len({r.successor for r in receipts}) == len(receipts)
        for receipt in receipts:
            before, after = attempts[receipt.attempt], attempts[receipt.successor]
            assert before.state in {State.SWAPPED, State.REJECTED}
            assert (before.task, before.number + 1) == (after.task, after.number)
        nights = Counter(receipt.night for receipt in receipts)
        assert all(count <= self.world.fleet.swap.night for count in nights.values())

    @invariant()
    def work_is_committed_before_its_end(self):
        for attempt in self.world.ledger.attempts():
            # what git alone cannot take back leaves no work
            none = attempt.by_fleet and attempt.head is None
            if attempt.cleaned and attempt.outcome is not None and not none:
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
        self.world.brake.release()
        for hold in self.world.ledger.snapshot().holds:
            halting.resume(hold.subject, self.pen)
        Life(self.world).run(ticks=2000)
        for attempt in self.world.ledger.attempts():
            assert attempt.state in {State.VERIFYING, State.VERIFIED} or not attempt.live
            assert attempt.cleaned
        assert self.world.runtime.running == {}
        assert self.world.worktrees.spaces == {}
        self.nothing_is_merged_red()
        self.red_attempts_are_bounded()
        self.money_is_held_until_it_is_settled_once()
        self.no_limit_is_exceeded_but_by_one_call_of_each_who_works()
        self.every_swap_has_one_receipt()


Fleet.TestCase.settings = settings(settings.default, stateful_step_count=40)


@pytest.mark.timeout(900)  # hundreds of nights
class TestFleet(Fleet.TestCase):  # type: ignore[misc,valid-type]
    pass
