"""The home's YAML as domain values."""

from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

from fleet.config import load_fleet
from fleet.domain.agent import Credential, CredentialKind
from fleet.domain.egress import Destination
from fleet.domain.profile import LOCAL, Fleet, Profile, Project
from fleet.domain.result import Check
from fleet.domain.task import Priority, Review
from tests.config.homes import DEVELOPER, PROJECT, a_home

FULL = """\
projects:
  - key: APP
    path: app
    target: fleet/main
    checks:
      - {name: unit, command: [python3, ./scripts/unit.py], timeout: 30s}
      - {name: style, command: [make, style]}
    protected: [".github/**"]
    image: app:1
    review: auto
    setup: ["pip list", [npm, ci]]
    setup_timeout: 1h
    max_retries: 0
limits: {parallel: 7, disk_free_gb: 0.5}
accounts:
  - {name: team, agent: command, owner: alice, parallel: 2, daily_budget_usd: 1.25}
swap: {timeout: {stall_after: 2m, attempt_timeout: 2h, heartbeat_lost_after: 30s, max_swaps: 0}}
"""


def test_a_full_file_arrives_in_the_domain(tmp_path):
    fleet = load_fleet(a_home(tmp_path, FULL, {"dev": DEVELOPER + "stall_after: 9s\n"}))

    project = fleet.projects["APP"]
    assert project.path == str(tmp_path / "app")
    assert [(c.name, c.command, c.timeout_seconds) for c in project.checks] == [
        ("unit", ("python3", "./scripts/unit.py"), 30.0),
        ("style", ("make", "style"), 1800.0),
    ]
    assert project.setup == (("sh", "-c", "pip list"), ("npm", "ci"))
    assert (project.target, project.review) == ("fleet/main", Review.AUTO)
    assert (project.setup_timeout, project.max_retries) == (3600.0, 0)
    assert (fleet.parallel, fleet.disk_free_bytes, fleet.swap.timeouts) == (7, 512 * 1024**2, 0)
    assert fleet.accounts["team"].daily_budget_micros == 1_250_000


def test_what_is_left_out_is_what_the_domain_holds_as_well(tmp_path):
    text = "projects: [{key: APP, path: app, check: ['true']}]\n"
    fleet = load_fleet(a_home(tmp_path, text, {"dev": DEVELOPER}))
    (project,), (profile,) = fleet.projects.values(), fleet.profiles.values()
    (check,) = project.checks

    assert check == Check(name=check.name, command=("true",))
    assert project == Project(key="APP", path=project.path, target="main", checks=(check,))
    assert profile == Profile(name="dev", agent="command", roles=("developer",), command=("true",))
    assert replace(fleet, timezone=UTC) == Fleet(
        projects={"APP": project}, profiles={"dev": profile}, accounts={"local": LOCAL}
    )


def test_programs_have_the_built_in_account_unless_the_user_bounds_them(tmp_path):
    named = PROJECT + "accounts: [{name: team, agent: command, parallel: 1}]\n"

    assert load_fleet(a_home(tmp_path, PROJECT)).accounts == {"local": LOCAL}
    assert list(load_fleet(a_home(tmp_path, named)).accounts) == ["team"]


def test_a_credential_arrives_as_the_place_where_it_is_found(tmp_path):
    text = PROJECT + (
        "accounts:\n"
        "- {name: a, agent: claude, credential: {env: ALICE, kind: oauth_token}, "
        "expires: 2027-01-31, hard_limit: true}\n"
        "- {name: b, agent: codex, credential: {file: keys/b.json, kind: auth_file}}\n"
        '- {name: c, agent: ollama, base_url: "http://gate:11434/v1/", env_passthrough: [EXTRA]}\n'
    )

    accounts = load_fleet(a_home(tmp_path, text)).accounts

    alice, bob, carol = accounts["a"], accounts["b"], accounts["c"]
    assert alice.credential == Credential(kind=CredentialKind.OAUTH_TOKEN, env="ALICE")
    assert (alice.expires, alice.secret) == (date(2027, 1, 31), True)
    assert bob.credential is not None
    assert bob.credential.place == f"file {tmp_path}/keys/b.json"
    assert (carol.base_url, carol.env_passthrough) == ("http://gate:11434/v1", ("EXTRA",))


def test_a_profile_wins_over_the_times_of_the_fleet(tmp_path):
    fleet = load_fleet(a_home(tmp_path, FULL, {"dev": DEVELOPER + "stall_after: 9s\n"}))

    profile = fleet.profiles["dev"]
    assert profile.stall_after == 9.0
    assert (profile.attempt_timeout, profile.heartbeat_lost_after) == (7200.0, 30.0)
    assert profile.priority is Priority.NORMAL


def test_scripts_that_the_check_names_are_check_files_unless_said(tmp_path):
    assert load_fleet(a_home(tmp_path, FULL)).projects["APP"].check_files == ("scripts/unit.py",)
    said = PROJECT.replace("check:", "check_files: [./ci/x], check:")
    assert load_fleet(a_home(tmp_path, said)).projects["APP"].check_files == ("ci/x",)


def test_files_of_a_profile_start_at_the_home(tmp_path):
    (tmp_path / "fix.py").write_text("")
    text = DEVELOPER + 'files: ["fix.py:/opt/mine/fix.py", app]\n'
    text = text.replace("app]", f'"{tmp_path}/fix.py:/opt/b.py"]')

    found = load_fleet(a_home(tmp_path, PROJECT, {"dev": text})).profiles["dev"].files

    host = str(tmp_path / "fix.py")
    assert found == ((host, "/opt/mine/fix.py"), (host, "/opt/b.py"))


def test_words_mean_what_they_say(tmp_path):
    text = PROJECT + "memory: {autosave: off}\n"
    assert load_fleet(a_home(tmp_path, text)).parallel == 4


def test_a_home_without_projects_is_valid(tmp_path):
    assert load_fleet(a_home(tmp_path, "projects: []\n")).projects == {}


def test_hidden_and_other_files_among_the_profiles_are_left_alone(tmp_path):
    home = a_home(tmp_path, PROJECT, {".dev.yaml.swp": "", "dev": DEVELOPER})
    (home / "profiles" / "README.md").write_text("x")
    assert list(load_fleet(home).profiles) == ["dev"]


def test_paths_do_not_depend_on_the_current_folder(tmp_path, monkeypatch):
    home = a_home(tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    assert Path(load_fleet(Path(home.name)).projects["APP"].path) == home / "app"


def test_networks_and_hosts_are_those_that_the_user_lists(tmp_path):
    text = PROJECT.replace("check:", "egress_allow: [pypi.org, '*.example.com:8443'], check:")
    text += "networks: [office]\negress_host_exposed: true\n"
    profiles = {
        "dev": DEVELOPER + "network: egress\n",
        "lan": DEVELOPER.replace("dev", "lan", 1) + "network: office\n",
    }

    fleet = load_fleet(a_home(tmp_path, text, profiles))

    assert fleet.projects["APP"].egress_allow == (
        Destination(host="pypi.org"),
        Destination(host=".example.com", ports=(8443,)),
    )
    assert fleet.egress_host_exposed
    assert {p.network for p in fleet.profiles.values()} == {"egress", "office"}


def test_a_dockerfile_is_protected_and_builds_on_the_projects_image(tmp_path):
    text = PROJECT.replace("path:", "dockerfile: ci/fleet.Dockerfile, image: app:1, path:")

    project = load_fleet(a_home(tmp_path, text)).projects["APP"]

    assert (project.dockerfile, project.image) == ("ci/fleet.Dockerfile", "app:1")
    assert project.protected == ("ci/fleet.Dockerfile",)


def test_files_that_say_the_same_have_one_source_and_each_change_makes_another(tmp_path):
    home = a_home(tmp_path, PROJECT, {"dev": DEVELOPER})
    before = load_fleet(home).source

    (home / "fleet.yaml").write_text("# a word for people\n" + PROJECT)
    same = load_fleet(home).source
    (home / "fleet.yaml").write_text(PROJECT + "limits: {parallel: 2}\n")
    limits = load_fleet(home).source
    (home / "profiles" / "dev.yaml").write_text(DEVELOPER + "stall_after: 9s\n")
    profile = load_fleet(home).source
    (home / "policies.yaml").write_text("autonomy: manual\n")
    policies = load_fleet(home).source

    assert same == before != ""
    assert len({before, limits, profile, policies}) == 4
