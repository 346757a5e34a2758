"""The shipped profiles, their tiers, the schemas."""

from pathlib import Path

import pytest

from fleet.config import check_profiles, load_fleet
from fleet.config.profiles import shipped_profiles
from fleet.config.schemas import FOLDER, schemas
from fleet.domain.profile import Fleet
from tests.config.homes import PROJECT, a_home

SHIPPED = {
    "claude-developer": ("claude", "sonnet", "developer, reviewer, tester", 100, "normal"),
    "claude-architect": ("claude", "sonnet", "planner, reviewer, evaluator", 50, "high"),
    "claude-opus": ("claude", "opus", "architect, planner, developer, reviewer", 50, "high"),
    "codex-developer": ("codex", "codex-mini", "developer, tester", 100, "low"),
    "gemini-developer": ("gemini", None, "developer, tester", 100, "normal"),
    "opencode-developer": ("opencode", None, "developer, tester", 100, "normal"),
    "ollama-developer": ("ollama", None, "developer, tester", 100, "low"),
}


def test_the_shipped_profiles_are_these(tmp_path):
    profiles = {each.stem: each.read_text() for each in shipped_profiles()}
    found = load_fleet(a_home(tmp_path, PROJECT, profiles)).profiles

    assert {
        name: (p.agent, p.model, ", ".join(p.roles), p.max_turns, p.priority.value)
        for name, p in found.items()
    } == SHIPPED
    assert {p.network for p in found.values()} == {"egress"}
    assert all(p.max_cost_micros > 0 for p in found.values())
    assert found["claude-developer"].fallback == ("codex-developer", "gemini-developer")
    assert found["claude-developer"].escalate_to == "claude-opus"


def test_shipped_profiles_are_warned_about_for_their_missing_accounts_only(tmp_path):
    profiles = {each.stem: each.read_text() for each in shipped_profiles()}
    warnings = check_profiles(load_fleet(a_home(tmp_path, PROJECT, profiles)))

    assert len(warnings) == len(SHIPPED)
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
