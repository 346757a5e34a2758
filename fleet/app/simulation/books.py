"""The simulation's own books: what really happened, held against what the fleet promises.

They are kept apart from the ledger and from the pool, so that a fault in one of these shows.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fleet.domain.agent import AGENTS, Meter
from fleet.domain.attempt import Attempt
from fleet.domain.budget import MICROS
from fleet.domain.health import vendor_subject
from fleet.domain.plan import Dispatch
from fleet.domain.profile import Account, OnClose
from fleet.domain.scenario import Scenario, Trouble
from fleet.domain.window import day_of
from fleet.ports import Clock

MOST = 20  # violations that are named
_GRACE = timedelta(seconds=60)  # from the close of a window until its attempts have ended
_ACCOUNT_COOLS = frozenset({Trouble.RATE_LIMIT, Trouble.QUOTA})
_VENDOR_COOLS = frozenset({Trouble.OVERLOADED, Trouble.NETWORK})
_CLOSES = frozenset({Trouble.AUTH, Trouble.BILLING})
_VENDOR_SHARE = 10  # a vendor cools for this part of an account's cooldown at first

_Day = tuple[str, date]


@dataclass
class _Entry:
    """What is known of one attempt; `late` counts calls begun after its account was used up."""

    task: str
    account: Account
    project: str
    live: bool
    reserved: int
    began: datetime
    ended: datetime | None = None
    micros: int = 0
    calls: int = 0
    dearest: int = 0
    late: int = 0

    @property
    def held(self) -> int:
        return max(self.reserved, self.micros)


class Books:
    """Every attempt with its real calls and cost; what breaks a promise is kept as a sentence."""

    def __init__(self, scenario: Scenario, clock: Clock) -> None:
        self._fleet = scenario.fleet
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._open: dict[str, _Entry] = {}  # by attempt
        self._spent: Counter[_Day] = Counter()
        self._called: Counter[_Day] = Counter()
        self._project_spent: Counter[_Day] = Counter()
        self._cooling: dict[str, datetime] = {}
        self._closed: dict[str, str] = {}
        self._merged: set[str] = set()
        self.violations: list[str] = []

    def calls(self, attempt: str) -> int:
        """Answer how many calls of its model an attempt has made."""
        return self._entries[attempt].calls

    def dispatched(self, attempt: str, action: Dispatch) -> None:
        """Hold a new attempt against every promise, and enter it."""
        profile = self._fleet.profiles[action.slot.profile]
        account = self._fleet.accounts[action.slot.account]
        entry = _Entry(
            task=action.task.key,
            account=account,
            project=action.task.project,
            live=AGENTS[profile.agent].meter is Meter.LIVE,
            reserved=profile.max_cost_micros,
            began=self._clock.now(),
        )
        self._judge_task(attempt, entry)
        self._judge_account(attempt, account)
        self._judge_money(attempt, entry)
        self._entries[attempt] = self._open[attempt] = entry

    def _judge_task(self, attempt: str, entry: _Entry) -> None:
        if any(other.task == entry.task for other in self._open.values()):
            self._violated(f"{attempt}: another attempt of {entry.task} is under way")
        if entry.task in self._merged:
            self._violated(f"{attempt}: {entry.task} is merged already")
        if len(self._open) >= self._fleet.parallel:
            self._violated(f"{attempt}: {len(self._open)} attempts run already")

    def _judge_account(self, attempt: str, account: Account) -> None:
        now, name = self._clock.now(), account.name
        if account.window is not None and account.window.closing(now) is None:
            self._violated(f"{attempt}: account {name} is outside its window")
        if name in self._closed:
            self._violated(f"{attempt}: account {name} is closed: {self._closed[name]}")
        for subject in (name, vendor_subject(account)):
            until = self._cooling.get(subject)
            if until is not None and now < until:
                self._violated(f"{attempt}: {subject} cools until {until:%H:%M:%S} UTC")
        running = sum(1 for other in self._open.values() if other.account.name == name)
        if account.parallel is not None and running >= account.parallel:
            self._violated(f"{attempt}: {running} attempts of account {name} run already")

    def _judge_money(self, attempt: str, entry: _Entry) -> None:
        account, fleet = entry.account, self._fleet
        today = day_of(self._clock.now(), fleet.zone_of(account))
        used = self._spent[account.name, today] + self._held(lambda e: e.account is account)
        limit = account.daily_limit
        self._judge_sum(attempt, used + entry.reserved, limit, f"account {account.name}")
        today = day_of(self._clock.now(), fleet.timezone)
        used = self._project_spent[entry.project, today]
        used += self._held(lambda e: e.project == entry.project)
        limit = fleet.projects[entry.project].daily_budget_micros
        self._judge_sum(attempt, used + entry.reserved, limit, f"project {entry.project}")
        if account.daily_requests is not None and self._asked(account) >= account.daily_requests:
            self._violated(f"{attempt}: the requests of account {account.name} are used")

    def _held(self, of: Callable[[_Entry], bool]) -> int:
        return sum(entry.held for entry in self._open.values() if of(entry))

    def _judge_sum(self, attempt: str, used: int, limit: int | None, whose: str) -> None:
        if limit is not None and used > limit:
            told = f"{used / MICROS:.2f} of {limit / MICROS:.2f} USD of {whose}"
            self._violated(f"{attempt}: {told} would be spent or reserved today")

    def _asked(self, account: Account) -> int:
        """Answer the calls of today that fleet can know of."""
        today = day_of(self._clock.now(), self._fleet.zone_of(account))
        told = (e.calls for e in self._open.values() if e.account is account and e.live)
        return self._called[account.name, today] + sum(told)

    def used(self, attempt: str, *, calls: int, micros: int) -> None:
        """Enter calls of a model that have ended, and their cost in micro-dollars."""
        entry = self._entries[attempt]
        account = entry.account
        if calls and entry.live and account.daily_requests is not None:
            entry.late += calls if self._asked(account) >= account.daily_requests else 0
        entry.calls += calls
        entry.micros += micros
        entry.dearest = max(entry.dearest, micros)

    def ended(self, attempt: Attempt, trouble: Trouble | None, *, resets: float | None) -> None:
        """Close the books of an attempt; `resets` are the seconds its vendor told."""
        entry = self._open.pop(attempt.id)
        entry.ended = now = self._clock.now()
        account, fleet = entry.account, self._fleet
        day = day_of(now, fleet.zone_of(account))
        self._spent[account.name, day] += entry.micros
        self._called[account.name, day] += entry.calls
        self._project_spent[entry.project, day_of(now, fleet.timezone)] += entry.micros
        self._note(entry, trouble, resets)
        self._judge_end(attempt.id, entry)

    def _note(self, entry: _Entry, trouble: Trouble | None, resets: float | None) -> None:
        """Remember what nobody may use now; a cooldown lasts at least as long as its first."""
        if trouble is None:
            return
        cooldown, account = self._fleet.swap.cooldown, entry.account
        if trouble in _ACCOUNT_COOLS:
            self._cool(account.name, cooldown if resets is None else resets)
        if trouble in _VENDOR_COOLS:
            self._cool(vendor_subject(account), cooldown / _VENDOR_SHARE)
        if trouble in _CLOSES:
            self._closed[account.name] = trouble.value

    def _cool(self, subject: str, seconds: float) -> None:
        until = self._clock.now() + timedelta(seconds=seconds)
        self._cooling[subject] = max(until, self._cooling.get(subject, until))

    def _judge_end(self, attempt: str, entry: _Entry) -> None:
        over = entry.micros - entry.reserved
        if entry.live and entry.reserved and over > entry.dearest:
            self._violated(f"{attempt}: spent {over / MICROS:.4f} USD beyond its reservation")
        if entry.late > 1:
            name = entry.account.name
            self._violated(f"{attempt}: {entry.late} calls beyond the requests of {name}")
        if entry.account.on_window_close is OnClose.NOW and entry.account.window is not None:
            closed = entry.account.window.closing(entry.began)
            if closed is not None and self._clock.now() > closed + _GRACE:
                name = entry.account.name
                self._violated(f"{attempt}: ran on after the window of {name} had closed")

    def merged(self, task: str) -> None:
        """Enter that the target moved for a task; a second time breaks the promise."""
        if task in self._merged:
            self._violated(f"{task} was merged twice")
        self._merged.add(task)

    def settled(self, attempt: str, micros: int) -> None:
        """Hold a settlement against what the attempt really cost: nothing told may be lost."""
        entry = self._entries[attempt]
        if entry.live and micros < entry.micros:
            lost = (entry.micros - micros) / MICROS
            self._violated(f"{attempt}: {lost:.4f} USD were spent but not settled")

    def judge_days(self) -> None:
        """Hold each account's day against its limit, plus one call for each live meter over."""
        for (name, day), spent in self._spent.items():
            account = self._fleet.accounts[name]
            limit, zone = account.daily_limit, self._fleet.zone_of(account)
            if limit is None:
                continue
            over = sum(
                max(0, entry.micros - entry.reserved)
                for entry in self._entries.values()
                if entry.account is account and entry.ended and day_of(entry.ended, zone) == day
            )
            if spent > limit + over:
                told = f"{spent / MICROS:.2f} of {limit / MICROS:.2f} USD"
                self._violated(f"account {name} spent {told} on {day}")

    def _violated(self, said: str) -> None:
        if len(self.violations) < MOST:
            self.violations.append(f"{self._clock.now():%Y-%m-%d %H:%M:%S} UTC {said}")
