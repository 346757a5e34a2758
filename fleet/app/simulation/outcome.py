"""The outcome of a simulated night as a document and as tables."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from fleet.app.simulation.night import Night
from fleet.app.views.row import Row
from fleet.domain.attempt import Attempt
from fleet.domain.budget import dollars
from fleet.domain.scenario import Scenario
from fleet.ports import Ledger

_HOUR = timedelta(hours=1)
_NONE = timedelta()

_Span = tuple[datetime, datetime]


def outcome(scenario: Scenario, night: Night, ledger: Ledger) -> Row:
    """Answer what came of a night that was played: stable field names, money in dollars."""
    diary = night.diary
    attempts = ledger.attempts()
    spans = _spans(attempts, ledger)
    return {
        "starts": scenario.starts.isoformat(),
        "ends": scenario.ends.isoformat(),
        "plans": diary.plans,
        "tasks": _tasks(ledger),
        "attempts": dict(sorted(Counter(a.state.value for a in attempts).items())),
        "swaps": _swaps(ledger),
        "spend": list(_spend(scenario, ledger)),
        "running": _running(scenario, spans),
        "longest_wait": _longest(night),
        "waiting": _waiting(night),
        "storms": {
            "count": len(diary.storms),
            "seconds": diary.becalmed.total_seconds(),
            "first": next(iter(diary.storms), ""),
        },
        "violations": list(night.books.violations),
    }


def _tasks(ledger: Ledger) -> dict[str, int]:
    ends = Counter(task.resolution for task in ledger.tasks())
    found = {end.value: count for end, count in ends.items() if end is not None}
    return {"merged": 0, "failed": 0, **found, "open": ends[None], "total": ends.total()}


def _swaps(ledger: Ledger) -> list[Row]:
    counts = Counter((row.trigger.value, row.cause.value) for row in ledger.receipts())
    return [
        {"trigger": trigger, "cause": cause, "count": count}
        for (trigger, cause), count in sorted(counts.items())
    ]


def _spend(scenario: Scenario, ledger: Ledger) -> Iterator[Row]:
    """Answer what was settled of each account on each of its days, beside its limits."""
    fleet = scenario.fleet
    micros: Counter[tuple[str, str]] = Counter()
    requests: Counter[tuple[str, str]] = Counter()
    for row in ledger.settlements():
        micros[row.account, row.day.isoformat()] += row.micros
        requests[row.account, row.day.isoformat()] += row.requests
    for name, day in sorted(requests):
        account = fleet.accounts[name]
        yield {
            "account": name,
            "day": day,
            "spent_usd": dollars(micros[name, day]),
            "daily_budget_usd": dollars(account.daily_limit),
            "requests": requests[name, day],
            "daily_requests": account.daily_requests,
        }


def _spans(attempts: Sequence[Attempt], ledger: Ledger) -> dict[str, list[_Span]]:
    """Answer when each account's attempts ran: from their start until they were collected."""
    collected = {row.attempt: row.at for row in ledger.settlements()}
    spans: dict[str, list[_Span]] = {}
    for attempt in attempts:
        if attempt.started is not None and attempt.id in collected:
            span = (attempt.started, collected[attempt.id])
            spans.setdefault(attempt.account, []).append(span)
    return spans


def _running(scenario: Scenario, spans: Mapping[str, Sequence[_Span]]) -> list[Row]:
    """Answer how many attempts of each account ran on average in each hour of the night."""
    hours = list(_hours(scenario))
    return [
        {
            "account": account.name,
            "parallel": account.parallel,
            "hours": {
                _named(scenario, hour): _average(spans[account.name], hour) for hour in hours
            },
        }
        for account in scenario.fleet.accounts.values()
        if account.name in spans
    ]


def _hours(scenario: Scenario) -> Iterator[datetime]:
    hour = scenario.starts
    while hour < scenario.ends:
        yield hour
        hour += _HOUR


def _named(scenario: Scenario, hour: datetime) -> str:
    return f"{hour.astimezone(scenario.fleet.timezone):%a %H:%M %Z}"


def _average(spans: Sequence[_Span], hour: datetime) -> float:
    """Answer how many of them ran on average within the hour."""
    shared = (min(end, hour + _HOUR) - max(start, hour) for start, end in spans)
    return round(sum((each for each in shared if each > _NONE), _NONE) / _HOUR, 1)


def _longest(night: Night) -> Row | None:
    longest = night.diary.longest
    if longest is None:
        return None
    seconds = longest.time.total_seconds()
    return {"task": longest.task, "seconds": seconds, "reason": longest.reason}


def _waiting(night: Night) -> list[Row]:
    """Answer what tasks waited for at the end of the night, the most common first."""
    reasons = Counter(wait.reason for wait in night.diary.waits)
    return [{"tasks": count, "reason": reason} for reason, count in reasons.most_common()]
