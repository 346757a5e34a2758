"""policies.yaml: every key becomes part of the policy, every mistake a line that says where."""

from pathlib import Path

import pytest

from fleet.config import load_fleet
from fleet.domain.errors import ConfigError
from fleet.domain.policy import (
    BUILT_IN_ALONE,
    Autonomy,
    Category,
    Decision,
    Match,
    Policy,
    Rule,
)
from tests.config.homes import DEVELOPER, PROJECT, a_home

WHOLE = """\
autonomy: full_auto
licences: ["general public licen[sc]e"]
rules:
  - name: big
    match:
      paths: ["src/**"]
      category: change
      projects: [APP]
      added_over: 2000
      removed_over: 0
      files_over: 30
      deleted_tests: true
      binary: false
    decide: deny
    reason: too large for one review
  - {name: pictures, match: {category: [binary, mode]}, decide: allow, reason: we have many}
"""
RULE = "rules:\n- {name: a, match: {%s}, decide: ask, reason: r}\n"


def a_policy(tmp_path: Path, text: str, *, main: str = PROJECT) -> Policy:
    home = a_home(tmp_path, main)
    (home / "policies.yaml").write_text(text)
    return load_fleet(home).policy


def test_every_key_of_the_file_is_read(tmp_path):
    policy = a_policy(tmp_path, WHOLE)

    big = Match(
        paths=("src/**",),
        categories=(Category.CHANGE,),
        projects=("APP",),
        added_over=2000,
        removed_over=0,
        files_over=30,
        deleted_tests=True,
        binary=False,
    )
    media = Match(categories=(Category.BINARY, Category.MODE))
    assert policy == Policy(
        autonomy=Autonomy.FULL_AUTO,
        licences=("general public licen[sc]e",),
        rules=(
            Rule(
                name="big",
                match=big,
                decide=Decision.DENY,
                reason="too large for one review",
            ),
            Rule(name="pictures", match=media, decide=Decision.ALLOW, reason="we have many"),
        ),
    )


def test_without_a_file_the_rules_built_in_hold(tmp_path):
    assert load_fleet(a_home(tmp_path)).policy == BUILT_IN_ALONE


def test_another_file_can_be_named_and_is_read_instead(tmp_path):
    (tmp_path / "strict.yaml").write_text("autonomy: manual\n")

    named = PROJECT + "policies: strict.yaml\n"

    assert a_policy(tmp_path, "autonomy: full_auto\n", main=named).autonomy is Autonomy.MANUAL


def test_the_example_is_valid(tmp_path):
    example = Path(__file__).parents[2] / "docs" / "examples" / "policies.yaml"

    policy = a_policy(tmp_path, example.read_text())

    assert len(policy.rules) == 8


MISTAKES = {
    "unknown key": (
        "autonmy: manual\n",
        "policies.yaml:1: autonmy: unknown key; did you mean 'aut",
    ),
    "unknown autonomy": ("\nautonomy: auto\n", 'policies.yaml:2: autonomy: found "auto"; did you'),
    "unknown condition": (
        RULE % "path: x",
        "rules[0].match.path: unknown key; did you mean 'paths'",
    ),
    "unknown category": (
        RULE % "category: secrets",
        "category: unknown category 'secrets'; did you",
    ),
    "no category": (RULE % "category: []", "rules[0].match.category: expected at least one"),
    "no path": (
        RULE % "category: secret, paths: []",
        "rules[0].match.paths: expected to have at least 1",
    ),
    "no project": (RULE % "projects: []", "rules[0].match.projects: expected to have at least 1"),
    "a condition without a value": (RULE % "binary: null", "rules[0].match: binary: expected a v"),
    "category of another type": (RULE % "category: 3", "unknown category 3"),
    "no condition": (RULE % "", "rules[0].match: expected at least one condition"),
    "negative": (RULE % "added_over: -1", "expected greater than or equal to 0"),
    "path outside": (RULE % 'paths: ["../x"]', "expected a path inside the repository"),
    "unknown decision": (RULE.replace("ask", "aks") % "binary: true", "did you mean 'ask'?"),
    "no reason": (RULE.replace(", reason: r", "") % "binary: true", "rules[0].reason: the key is"),
    "no expression": ('licences: ["("]\n', "licences[0]: expected a regular expression"),
    "unknown project": (
        RULE % "projects: [APB]",
        "policies.yaml:2: rule a: unknown project 'APB';",
    ),
    "a name that is taken": (
        RULE.replace("name: a", "name: secrets") % "binary: true",
        "'secrets' is the name of a built-in rule",
    ),
    "a name twice": (
        (RULE + "- {name: a, match: {binary: true}, decide: ask, reason: r}\n") % "binary: true",
        "policies.yaml:3: 'a' stands twice, first in line 2",
    ),
    "empty": ("", "policies.yaml:1: the file is empty"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        a_policy(tmp_path, text)

    assert said in str(caught.value)


def test_a_list_of_what_is_refused_is_not_told_to_be_empty(tmp_path):
    with pytest.raises(ConfigError) as caught:
        a_policy(tmp_path, RULE % 'paths: ["../x"]')

    (line,) = str(caught.value).splitlines()
    assert "paths[0]: expected a path inside the repository" in line


def test_a_file_that_is_named_has_to_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"fleet.yaml:2: .*rules.yaml does not exist"):
        load_fleet(a_home(tmp_path, PROJECT + "policies: rules.yaml\n"))


def test_a_link_in_its_place_is_refused_not_taken_for_nothing(tmp_path):
    home = a_home(tmp_path)
    (home / "policies.yaml").symlink_to(tmp_path / "gone.yaml")

    with pytest.raises(ConfigError, match="is a link"):
        load_fleet(home)


def test_a_profile_approves_only_categories_that_there_are(tmp_path):
    profile = DEVELOPER + "approved_categories: [edit, shel]\n"

    with pytest.raises(ConfigError, match="did you mean 'shell'"):
        load_fleet(a_home(tmp_path, PROJECT, {"dev": profile}))
