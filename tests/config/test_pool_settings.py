"""The settings of the pool: each reaches the domain, each wrong one is refused with its line."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from fleet.config import load_fleet
from fleet.domain.errors import ConfigError
from fleet.domain.profile import OnClose, SwapRules
from fleet.domain.task import Priority
from fleet.domain.window import Window
from tests.config.homes import PROJECT, a_home

FULL = """\
timezone: America/New_York
projects:
  - {key: APP, path: app, check: [x], daily_budget_usd: 7.5, weight: 2.5}
  - {key: LOW, path: low, check: [x], weight: 1}
limits: {run_budget_usd: 40, night_swaps: 12}
accounts:
  - name: bob
    agent: claude
    credential: {env: BOB, kind: oauth_token}
    window: {from: "22:00", to: 06:30, timezone: Europe/Moscow, days: [mon, fri]}
    on_window_close: next_turn
    priority: low
    daily_requests: 200
    timezone: Asia/Tokyo
  - {name: eve, agent: claude, credential: {env: EVE, kind: oauth_token}}
swap:
  timeout: {max_swaps: 1}
  error: {cooldown: 2m, max_cooldown: 1h, max_swaps: 7}
  critic: {after_failures: 1, escalate_to: strong}
"""
STRONG = {"strong": "name: strong\nagent: claude\nmodel: opus\nroles: [developer]\n"}


@pytest.fixture
def fleet(tmp_path):
    (tmp_path / "low").mkdir()
    return load_fleet(a_home(tmp_path, FULL, STRONG))


def test_an_account_has_its_window_its_turn_and_its_day(fleet):
    bob = fleet.accounts["bob"]

    assert bob.window == Window(
        opens=time(22),
        closes=time(6, 30),
        timezone=ZoneInfo("Europe/Moscow"),
        days=frozenset({0, 4}),
    )
    assert (bob.on_window_close, bob.priority) == (OnClose.NEXT_TURN, Priority.LOW)
    assert bob.daily_requests == 200
    assert fleet.zone_of(bob) == ZoneInfo("Asia/Tokyo")


def test_an_account_that_says_nothing_is_always_open_and_counts_the_days_of_the_fleet(fleet):
    eve = fleet.accounts["eve"]

    assert (eve.window, eve.daily_requests) == (None, None)
    assert (eve.on_window_close, eve.priority) == (OnClose.FINISH, Priority.NORMAL)
    assert fleet.zone_of(eve) == ZoneInfo("America/New_York")


def test_projects_have_their_day_and_their_weight(fleet):
    app, low = fleet.projects["APP"], fleet.projects["LOW"]

    assert (app.daily_budget_micros, app.weight) == (7_500_000, 2.5)
    assert (low.daily_budget_micros, low.weight) == (None, 1.0)


def test_swaps_cooldowns_and_the_budget_of_a_run_reach_the_planner(fleet):
    assert fleet.swap == SwapRules(
        timeouts=1,
        errors=7,
        cooldown=120.0,
        max_cooldown=3600.0,
        critic_after=1,
        critic_to="strong",
        night=12,
    )
    assert fleet.run_budget_micros == 40_000_000


def test_what_is_left_out_is_what_the_domain_holds_as_well(tmp_path):
    fleet = load_fleet(a_home(tmp_path))

    assert fleet.swap == SwapRules()
    assert (str(fleet.timezone), fleet.run_budget_micros) == (str(UTC), None)


@pytest.mark.parametrize(
    ("window", "at", "open_then"),
    [
        ("{from: '00:00', to: '00:00', timezone: UTC}", datetime(2026, 3, 1, 12, tzinfo=UTC), True),
        (
            "{from: '09:00', to: '09:00', timezone: UTC, days: [sun]}",
            datetime(2026, 3, 2, 8, 59, tzinfo=UTC),
            True,
        ),
        (
            "{from: '09:00', to: '09:00', timezone: UTC, days: [sun]}",
            datetime(2026, 3, 2, 9, tzinfo=UTC),
            False,
        ),
        (
            "{from: '22:00', to: '08:00', timezone: Europe/Moscow, days: [sun]}",
            datetime(2026, 3, 2, 4, 59, tzinfo=UTC),
            True,
        ),
    ],
)
def test_a_window_means_what_its_four_keys_say(tmp_path, window, at, open_then):
    found = load_fleet(a_home(tmp_path, _account(f"window: {window}"))).accounts["a"].window

    assert found is not None
    assert (found.closing(at) is not None) is open_then


ACCOUNT_MISTAKES = {
    "no timezone": ("window: {from: '00:00', to: '08:00'}", "window.timezone: the key is missing"),
    "no end": ("window: {from: '00:00', timezone: UTC}", "window.to: the key is missing"),
    "no day": (
        "window: {from: '00:00', to: '08:00', timezone: UTC, days: []}",
        "window.days: expected at least one day",
    ),
    "a day twice": (
        "window: {from: '00:00', to: '08:00', timezone: UTC, days: [mon, tue, mon]}",
        "window.days: expected each day once, found mon again",
    ),
    "unknown day": (
        "window: {from: '00:00', to: '08:00', timezone: UTC, days: [mun]}",
        "window.days[0]: found \"mun\"; did you mean 'sun'?",
    ),
    "the end of the day": (
        "window: {from: '00:00', to: '24:00', timezone: UTC}",
        "window.to: expected a time from 00:00 to 23:59, found '24:00'",
    ),
    "unknown key of a window": (
        "window: {from: '00:00', to: '08:00', timezone: UTC, day: [mon]}",
        "window.day: unknown key; did you mean 'days'?",
    ),
    "leap seconds": (
        "window: {from: '00:00', to: '08:00', timezone: right/Europe/Moscow}",
        "expected 'Europe/Moscow', found 'right/Europe/Moscow'",
    ),
    "the machine's timezone": ("timezone: localtime", "localtime differs by machine"),
    "path for a timezone": ("timezone: ../../etc/passwd", "unknown timezone"),
    "folder for a timezone": ("timezone: Europe", "unknown timezone 'Europe'"),
    "unknown end of a window": ("on_window_close: next", "did you mean 'next_turn'?"),
    "unknown priority": ("priority: hihg", "did you mean 'high'?"),
    "no request": ("daily_requests: 0", "expected greater than or equal to 1, found 0"),
    "half a request": ("daily_requests: 1.5", "expected a valid integer"),
    "a budget that does not hold": (
        "unmetered: true\n  daily_budget_usd: 5",
        "account a: an unmetered account has no budget",
    ),
}


@pytest.mark.parametrize(("line", "said"), ACCOUNT_MISTAKES.values(), ids=list(ACCOUNT_MISTAKES))
def test_a_mistake_in_an_account_names_its_line(tmp_path, line, said):
    message = _refused(a_home(tmp_path, _account(line)))

    assert said in message
    place = 5 + line.count("\n")
    assert message.startswith(f"{tmp_path}/fleet.yaml:{place}: ")
    assert "\n" not in message


MISTAKES = {
    "no cooldown": ("swap: {error: {cooldown: 0s}}", "expected a duration"),
    "cap beneath": (
        "swap: {error: {cooldown: 10m, max_cooldown: 5m}}",
        "cooldown (600 s) is more than max_cooldown (300 s)",
    ),
    "cap of the default": ("swap: {error: {cooldown: 6h}}", "is more than max_cooldown (18000 s)"),
    "fewer than no swaps": ("swap: {error: {max_swaps: -1}}", "greater than or equal to 0"),
    "endless swaps": ("swap: {error: {max_swaps: 101}}", "less than or equal to 100"),
    "endless hangs": ("swap: {timeout: {max_swaps: 101}}", "less than or equal to 100"),
    "critic before all": ("swap: {critic: {after_failures: 0}}", "greater than or equal to 1"),
    "critic of nobody": (
        "swap: {critic: {escalate_to: strnog}}",
        "unknown profile 'strnog'; did you mean 'strong'?",
    ),
    "no critic": ("swap: {critic: null}", "swap.critic: expected keys and values"),
    "endless night": ("limits: {night_swaps: 10001}", "less than or equal to 10000"),
    "negative night": ("limits: {night_swaps: -1}", "greater than or equal to 0"),
    "negative run": ("limits: {run_budget_usd: -1}", "expected dollars from 0"),
    "elsewhere": ("timezone: Europe/Moskow", "did you mean 'Europe/Moscow'?"),
    "no timezone": ("timezone: null", "timezone: expected a valid string, found null"),
}


@pytest.mark.parametrize(("line", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_in_the_settings_names_its_line(tmp_path, line, said):
    message = _refused(a_home(tmp_path, PROJECT + line + "\n", STRONG))

    assert said in message
    assert message.startswith(f"{tmp_path}/fleet.yaml:2: ")


def test_a_cap_beneath_the_cooldown_is_refused_at_the_line_of_the_cap(tmp_path):
    text = PROJECT + "swap:\n  error:\n    cooldown: 10m\n    max_cooldown: 5m\n"

    assert _refused(a_home(tmp_path, text)).startswith(f"{tmp_path}/fleet.yaml:5: cooldown (600 s)")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("weight: 0", "expected greater than 0"),
        ("weight: -1", "expected greater than 0"),
        ("weight: 1001", "expected less than or equal to 1000"),
        ("daily_budget_usd: lots", "expected dollars from 0"),
    ],
)
def test_a_mistake_in_a_project_is_refused(tmp_path, key, said):
    message = _refused(a_home(tmp_path, PROJECT.replace("check:", f"{key}, check:")))

    assert f"projects[0].{key.partition(':')[0]}: {said}" in message


def test_whoever_says_nothing_of_a_critic_may_retry_less_often(tmp_path):
    text = PROJECT.replace("check:", "max_retries: 1, check:")

    assert load_fleet(a_home(tmp_path, text)).projects["APP"].max_retries == 1


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        ({"strong": None, "weak": None}, None),
        ({"strong": None, "weak": "strong"}, None),
        ({"strong": "best", "best": None}, "strong -> best -> strong; name 'best' here"),
        (
            {"strong": "best", "best": "weak", "weak": None},
            "strong -> best -> weak -> strong; name 'weak' here",
        ),
    ],
)
def test_the_critic_of_the_fleet_closes_no_circle(tmp_path, ways, said):
    text = PROJECT + "swap:\n  critic:\n    escalate_to: strong\n"
    home = a_home(tmp_path, text, {name: _profile(name, to) for name, to in ways.items()})

    if said is None:
        assert load_fleet(home).swap.critic_to == "strong"
    else:
        assert _refused(home) == (
            f"{tmp_path}/fleet.yaml:4: swap.critic.escalate_to goes in a circle: {said}"
        )


def test_a_circle_of_profiles_is_told_once_though_the_critic_leads_into_it(tmp_path):
    text = PROJECT + "swap: {critic: {escalate_to: a}}\n"
    ways = {"a": "b", "b": "c", "c": "b"}

    message = _refused(a_home(tmp_path, text, {n: _profile(n, to) for n, to in ways.items()}))

    assert message == f"{tmp_path}/profiles/b.yaml:4: escalate_to goes in a circle: b -> c -> b"


def _account(line: str) -> str:
    return (
        f"{PROJECT}accounts:\n- name: a\n  agent: ollama\n  {line}\n  base_url: 'http://m:1/v1'\n"
    )


def _profile(name: str, escalate_to: str | None) -> str:
    text = f"name: {name}\nagent: claude\nroles: [developer]\n"
    return text if escalate_to is None else text + f"escalate_to: {escalate_to}\n"


def _refused(home) -> str:
    with pytest.raises(ConfigError) as caught:
        load_fleet(home)
    return str(caught.value)
