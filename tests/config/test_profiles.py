"""The shipped profiles, their tiers, the schemas."""

import json
from pathlib import Path

import pytest

from fleet.config import check_profiles, load_fleet, scaffold_home
from fleet.config import profiles as module
from fleet.config.profiles import CHEAP, MIDDLE, SMART, shipped_profiles, tier
from fleet.config.schemas import FOLDER, schemas
from fleet.domain.errors import ConfigError
from fleet.domain.profile import Fleet
from tests.config.homes import PROJECT, a_home

DESIGNS = "architect, planner, developer, reviewer"
SHIPPED = {
    "claude-developer": ("claude", "sonnet", "developer, reviewer, tester", 100, "normal"),
    "claude-architect": ("claude", "sonnet", "planner, reviewer, evaluator", 50, "high"),
    "claude-opus": ("claude", "opus", f"{DESIGNS}, evaluator", 50, "high"),
    "codex-developer": ("codex", "codex-mini", "developer, tester", 100, "low"),
    "gemini-developer": ("gemini", None, "developer, tester", 100, "normal"),
    "opencode-developer": ("opencode", None, "developer, tester", 100, "normal"),
    "ollama-developer": ("ollama", None, "developer, tester", 100, "low"),
    "rules-evaluator": ("command", None, "evaluator", 100, "low"),
}


def test_the_shipped_profiles_are_these(tmp_path):
    profiles = {each.stem: each.read_text() for each in shipped_profiles()}
    found = load_fleet(a_home(tmp_path, PROJECT, profiles)).profiles

    assert {
        name: (p.agent, p.model, ", ".join(p.roles), p.max_turns, p.priority.value)
        for name, p in found.items()
    } == SHIPPED
    assert {p.name for p in found.values() if p.network != "egress"} == {"rules-evaluator"}
    assert found["rules-evaluator"].command == ("fleet-agent", "reflect")
    assert {p.name for p in found.values() if not p.max_cost_micros} == {"rules-evaluator"}
    assert found["claude-developer"].fallback == ("codex-developer", "gemini-developer")
    assert found["claude-developer"].escalate_to == "claude-opus"


def test_an_installation_without_its_profiles_is_told_of_before_a_home_is_made(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "package" / "config" / "profiles.py"))

    with pytest.raises(ConfigError, match="shipped profiles are missing") as refused:
        scaffold_home(tmp_path / "home", [], home8="0123abcd")

    assert refused.value.remedy == "install fleet again"
    assert not (tmp_path / "home").exists()


def test_shipped_profiles_are_warned_about_for_their_missing_accounts_only(tmp_path):
    profiles = {each.stem: each.read_text() for each in shipped_profiles()}
    warnings = check_profiles(load_fleet(a_home(tmp_path, PROJECT, profiles)))

    # an agent without a model has the account that is built in
    assert len(warnings) == len(SHIPPED) - 1
    assert all("no account for" in each for each in warnings)


@pytest.mark.parametrize(
    ("model", "roles", "other", "said"),
    [
        ("codex-mini", "architect", None, "role architect wants a smart model"),
        ("gpt-flash", "planner", None, "role planner wants a middle model"),
        ("sonnet", "developer", "sonnet", "escalates to other, which has the same model"),
        ("opus", "developer", "haiku", "escalates to other, whose model is weaker"),
        ("sonnet", "developer", "opus", None),
        ("opus", "architect", None, None),
        ("own-model", "architect", None, None),
    ],
)
def test_a_profile_against_its_tier_is_warned_about(tmp_path, model, roles, other, said):
    one = f"name: one\nagent: command\ncommand: [x]\nroles: [{roles}]\nmodel: {model}\n"
    two = f"name: other\nagent: command\ncommand: [x]\nroles: [{roles}]\nmodel: {other}\n"
    profiles = {"one": one + "escalate_to: other\n", "other": two} if other else {"one": one}

    warnings = check_profiles(load_fleet(a_home(tmp_path, PROJECT, profiles)))

    assert (said is None and not warnings) or (said or "-") in " ".join(warnings)


def test_a_local_model_without_its_name_is_warned_about(tmp_path):
    text = PROJECT + 'accounts: [{name: a, agent: ollama, base_url: "http://models:11434/v1"}]\n'
    profile = "name: one\nagent: ollama\nroles: [developer]\nmax_cost_usd: 1\n"

    (warning,) = check_profiles(load_fleet(a_home(tmp_path, text, {"one": profile})))

    assert "ollama needs a model" in warning


def test_nothing_to_warn_about_in_an_empty_fleet():
    assert check_profiles(Fleet(projects={}, profiles={}, accounts={})) == []


def test_the_exported_schemas_are_current():
    root = Path(__file__).parents[2]
    for name, text in schemas().items():
        current = (root / FOLDER / name).read_text()
        assert current == text, "run: python -m fleet.config.schemas"


def a_profile_text(name: str, **keys: object) -> str:
    fields = {"name": name, "agent": "claude", "roles": ["developer"], "model": "sonnet"} | keys
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items())


CLAUDE = "{name: alice, agent: claude, credential: {env: A, kind: api_key}"
CODEX = "{name: bob, agent: codex, credential: {env: B, kind: api_key}"
GEMINI = "{name: carol, agent: gemini, credential: {env: C, kind: api_key}"
NIGHT = "window: {from: '22:00', to: '06:00', timezone: UTC}"
PRICE = {"input": 1, "cached_input": 0.1, "output": 5}


def warnings_of(folder: Path, accounts: str, *profiles: str, head: str = "") -> list[str]:
    text = PROJECT + head + f"accounts: [{accounts}]\n"
    named = {each.partition("\n")[0][7:-1]: each for each in profiles}
    return check_profiles(load_fleet(a_home(folder, text, named)))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"agent": "codex", "max_cost_usd": 1}, "codex tells no cost, so it never starts on bob"),
        ({"agent": "codex", "max_cost_usd": 1, "price": PRICE}, None),
        ({"agent": "claude", "max_cost_usd": 1}, None),
        ({"agent": "claude"}, "max_cost_usd is 0 and every account of its agent is metered"),
    ],
)
def test_a_start_without_a_known_cost_is_warned_about(tmp_path, keys, said):
    account = CODEX if keys["agent"] == "codex" else CLAUDE

    warnings = warnings_of(tmp_path, account + "}", a_profile_text("one", **keys))

    assert (said is None and not warnings) or (said or "-") in " ".join(warnings)


def test_an_account_without_a_meter_needs_neither_price_nor_cost(tmp_path):
    profile = a_profile_text("one", agent="codex")
    flat = CODEX.replace("bob", "flat") + ", unmetered: true}"

    assert warnings_of(tmp_path, flat, profile) == []
    # whoever bounds no cost means the account that counts none
    assert warnings_of(tmp_path, f"{CODEX}}}, {flat}", profile) == []


def test_the_remedy_names_the_metered_accounts_only(tmp_path):
    flat = CODEX.replace("bob", "flat") + ", unmetered: true}"
    profile = a_profile_text("one", agent="codex", max_cost_usd=1)

    (warning,) = warnings_of(tmp_path, f"{CODEX}}}, {flat}", profile)

    assert "never starts on bob; give the profile a 'price', or the account" in warning


def test_a_days_budget_that_no_attempt_fits_into_is_warned_about(tmp_path):
    small, cheap = CLAUDE + ", daily_budget_usd: 2}", a_profile_text("cheap", max_cost_usd=2)
    dear = a_profile_text("dear", model="opus", max_cost_usd=3)
    rich = CLAUDE.replace("alice", "rich") + ", daily_budget_usd: 3}"

    assert warnings_of(tmp_path, f"{small}, {rich}", cheap, dear) == []
    (tmp_path / "profiles" / "cheap.yaml").unlink()
    assert warnings_of(tmp_path, f"{small}, {rich}", dear) == [
        "account alice: daily_budget_usd 2 is less than max_cost_usd 3 of the cheapest profile, "
        "so nothing ever starts"
    ]


def test_a_profile_too_dear_for_all_accounts_is_warned_about(tmp_path):
    cheap = a_profile_text("cheap", max_cost_usd=1)
    dear = a_profile_text("dear", model="opus", max_cost_usd=3)

    warnings = warnings_of(tmp_path, CLAUDE + ", daily_budget_usd: 2}", cheap, dear)

    assert warnings == [
        "profile dear: max_cost_usd is more than the daily budget of every account of its agent"
    ]


def test_a_profile_too_dear_for_metered_accounts_starts_on_the_others(tmp_path):
    flat = CLAUDE.replace("alice", "flat") + ", unmetered: true}"
    cheap = a_profile_text("cheap", max_cost_usd=1)
    dear = a_profile_text("dear", model="opus", max_cost_usd=3)

    assert warnings_of(tmp_path, f"{CLAUDE}, daily_budget_usd: 2}}, {flat}", cheap, dear) == []


def test_a_budget_of_project_or_run_that_no_attempt_fits_into_is_warned_about(tmp_path):
    profile = a_profile_text("one", max_cost_usd=3)
    home = a_home(tmp_path, PROJECT, {"one": profile})
    text = PROJECT.replace("check:", "daily_budget_usd: 2, check:")
    text += f"limits: {{run_budget_usd: 2.5}}\naccounts: [{CLAUDE}}}]\n"
    (home / "fleet.yaml").write_text(text)

    assert [each.partition(" is less")[0] for each in check_profiles(load_fleet(home))] == [
        "project APP: daily_budget_usd 2",
        "limits.run_budget_usd 2.5",
    ]


def test_an_account_that_no_profile_uses_is_warned_about(tmp_path):
    (warning,) = warnings_of(tmp_path, CLAUDE + "}")

    assert warning == "account alice: no profile has the agent claude; the account is never used"


@pytest.mark.parametrize(
    ("account", "agent", "said"),
    [
        (GEMINI + f", on_window_close: next_turn, {NIGHT}", "gemini", "does not tell its turns"),
        (GEMINI + f", on_window_close: now, {NIGHT}", "gemini", None),
        (CLAUDE + f", on_window_close: next_turn, {NIGHT}", "claude", None),
        (CLAUDE + ", on_window_close: now", "claude", "on_window_close is now, but it has no win"),
        (CLAUDE + f", {NIGHT}", "claude", None),
    ],
)
def test_an_end_of_a_window_that_means_little_is_warned_about(tmp_path, account, agent, said):
    profile = a_profile_text("one", agent=agent, max_cost_usd=1, price=PRICE)

    warnings = warnings_of(tmp_path, account + "}", profile)

    assert (said is None and not warnings) or (said or "-") in " ".join(warnings)


def test_who_goes_on_with_another_role_is_warned_about(tmp_path):
    one = a_profile_text("one", max_cost_usd=1, fallback=["two"], escalate_to="two")
    two = a_profile_text("two", max_cost_usd=1, model="opus", roles=["tester"])

    assert warnings_of(tmp_path, CLAUDE + "}", one, two) == [
        "profile one: falls back to two, which has none of its roles",
        "profile one: escalates to two, which has none of its roles",
    ]


def test_the_critic_of_the_fleet_is_judged_like_a_profiles_own(tmp_path):
    one, two, top = (
        a_profile_text(name, max_cost_usd=1, model=model, **more)
        for name, model, more in (
            ("one", "opus", {}),
            ("two", "haiku", {"escalate_to": "one"}),
            ("top", "sonnet", {}),
        )
    )

    warnings = warnings_of(
        tmp_path, CLAUDE + "}", one, two, top, head="swap: {critic: {escalate_to: top}}\n"
    )

    assert warnings == ["profile one: escalates to top, whose model is weaker"]


def test_programs_without_a_model_are_told_apart_by_their_command(tmp_path):
    weak = a_profile_text("weak", agent="command", command=["a"], model=None, escalate_to="strong")
    strong = a_profile_text("strong", agent="command", command=["b"], model=None)

    assert warnings_of(tmp_path, "", weak, strong) == []
    same = strong.replace('"b"', '"a"')
    assert warnings_of(tmp_path, "", weak, same) == [
        "profile weak: escalates to strong, which has the same model"
    ]


@pytest.mark.parametrize(
    ("model", "strength"),
    [
        ("claude-3-5-haiku-latest", CHEAP),
        ("o4-mini", CHEAP),
        ("gemini-2.5-flash", CHEAP),
        ("gemini-2.5-pro", None),
        ("openrouter/anthropic/claude-sonnet-4", MIDDLE),
        ("Opus", SMART),
        (None, None),
    ],
)
def test_a_model_is_as_strong_as_a_word_of_its_name_says(model, strength):
    assert tier(model) == strength


def test_no_profile_has_the_name_of_what_fleet_does_itself(tmp_path):
    profile = "name: fleet\nagent: command\nroles: [developer]\ncommand: ['true']\n"

    with pytest.raises(ConfigError, match="'fleet' is what fleet itself does"):
        load_fleet(a_home(tmp_path, PROJECT, {"fleet": profile}))
