"""Policy: what is noticed of a diff, and which rule decides about it."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.change import Change, ChangeType
from fleet.domain.licences import Licence, head
from fleet.domain.policy import GUARDED, Autonomy, Category, Decision, Match, Policy, Rule
from fleet.domain.rules import BUILT_IN
from fleet.domain.ruling import judge, unseen
from fleet.domain.traits import LARGE_FILES, LARGE_LINES, Facts, Leak
from tests.builders import a_project

NEW, GONE, MOVED = ChangeType.CREATE, ChangeType.DELETE, ChangeType.RENAME
PROJECT = a_project(check_files=("scripts/check.sh",), protected=("api/**", "**/secret.py"))


def changed(path, **fields):
    defaults: dict[str, Any] = {"change_type": ChangeType.UPDATE, "added": 1}
    return Change(path=path, **(defaults | fields))


def facts(*changes, **fields):
    return Facts(diff=changes, **fields)


def numbered(*lines):
    return tuple(enumerate(lines, start=1))


def a_rule(decide=Decision.ALLOW, name="mine", **match):
    return Rule(name=name, match=Match(**match), decide=decide, reason=f"{name} says so")


def ruled(given, *rules, **policy):
    return judge(given, PROJECT, Policy(rules=rules, **policy))


def link(path, target, **fields):
    made = changed(path, mode="120000", change_type=NEW, **fields)
    return facts(made, added={path: numbered(*target.split("\n"))}, standing=frozenset({path}))


ORDINARY = {
    "code": facts(changed("src/a.py")),
    "a new test": facts(changed("tests/test_a.py", change_type=NEW)),
    "documentation": facts(changed("README.md"), changed("docs/x.md", change_type=NEW)),
    "a lock file": facts(changed("poetry.lock", added=9000)),
    "a picture": facts(changed("logo.png", binary=True)),
    "a new script": facts(changed("scripts/run.sh", mode="100755", change_type=NEW)),
    "a link inside": link("docs/latest", "../src"),
    "a file removed": facts(changed("src/old.py", change_type=GONE, removed=90, added=0)),
    "a file moved": facts(changed("src/b.py", change_type=MOVED, old_path="src/a.py")),
    "a dependency": facts(
        changed("pyproject.toml", added=1, removed=1),
        added={"pyproject.toml": numbered('  "pydantic>=2.10,<3",')},
        removed={"pyproject.toml": ('  "pydantic>=2.9,<3",',)},
    ),
    "an old module of a library's name": facts(changed("src/queue.py")),
    "nothing": facts(),
}


@pytest.mark.parametrize("given", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_work_is_allowed_without_a_question(given):
    assert ruled(given).decision is Decision.ALLOW


def with_lines(path, *lines, removed=(), **fields):
    made = changed(path, **({"added": len(lines), "removed": len(removed)} | fields))
    return facts(made, added={path: numbered(*lines)}, removed={path: removed})


SPECIAL = {
    "check file": (facts(changed("scripts/check.sh")), "check_files", "ask"),
    "check file in capitals": (
        facts(changed("SCRIPTS/check.sh", change_type=NEW)),
        "check_files",
        "ask",
    ),
    "check file deleted": (
        facts(changed("scripts/check.sh", change_type=GONE)),
        "check_files",
        "ask",
    ),
    "check file moved": (
        facts(changed("old.sh", change_type=MOVED, old_path="scripts/check.sh")),
        "check_files",
        "ask",
    ),
    "check file as a folder": (
        facts(changed("scripts/check.sh/x", change_type=NEW)),
        "check_files",
        "ask",
    ),
    "protected": (facts(changed("api/v1.py")), "protected", "ask"),
    "moved out of protection": (
        facts(changed("v1.py", change_type=MOVED, old_path="api/v1.py")),
        "protected",
        "ask",
    ),
    "secret": (
        facts(changed("a.py"), leaks=(Leak(path="a.py", line=3, kind="AWS key"),)),
        "secrets",
        "ask",
    ),
    "submodule": (facts(changed("vendor/lib", mode="160000")), "submodules", "deny"),
    "addresses of submodules": (facts(changed(".gitmodules")), "submodules", "deny"),
    "link out": (link("a", "../../etc/passwd"), "links", "deny"),
    "link from the root": (link("a", "/etc/passwd"), "links", "deny"),
    "link nobody read": (
        facts(changed("a", mode="120000", change_type=MOVED, old_path="x/a")),
        "unread",
        "ask",
    ),
    "file cut": (facts(changed("a.sql"), cut=frozenset({"a.sql"})), "unread", "ask"),
    "workflow": (facts(changed(".github/workflows/ci.yml")), "ci", "ask"),
    "pipeline": (facts(changed(".gitlab-ci.yml")), "ci", "ask"),
    "conftest": (facts(changed("tests/conftest.py")), "build", "ask"),
    "sitecustomize": (facts(changed("sitecustomize.py", change_type=NEW)), "build", "ask"),
    "path file": (facts(changed("x/evil.pth", change_type=NEW)), "build", "ask"),
    "Makefile": (facts(changed("Makefile")), "build", "ask"),
    "package metadata": (facts(changed("a.dist-info/entry_points.txt")), "build", "ask"),
    "shadowed module": (facts(changed("json.py", change_type=NEW)), "build", "ask"),
    "shadowed runner": (
        facts(changed("tests/pytest/__init__.py", change_type=NEW)),
        "build",
        "ask",
    ),
    "shadowed by an extension": (
        facts(changed("src/re.cpython-311-x86_64-linux-gnu.so", change_type=NEW)),
        "build",
        "ask",
    ),
    "options of pytest": (
        with_lines("pyproject.toml", 'addopts = "--co"'),
        "build",
        "ask",
    ),
    "script of a package": (with_lines("package.json", '"test": "true"'), "build", "ask"),
    "manifest half read": (
        facts(changed("package.json", added=2), added={"package.json": numbered('"a": "^1.2.3"')}),
        "build",
        "ask",
    ),
    "setting that is a number": (
        with_lines("pyproject.toml", 'fail_under = "0.0"'),
        "build",
        "ask",
    ),
    "test deleted": (
        facts(changed("tests/test_a.py", change_type=GONE)),
        "tests_deleted",
        "ask",
    ),
    "test moved out of sight": (
        facts(changed("old/a.txt", change_type=MOVED, old_path="tests/test_a.py")),
        "tests_deleted",
        "ask",
    ),
    "fewer tests": (
        with_lines(
            "tests/test_a.py", "def test_one():", removed=("def test_one():", "def test_two():")
        ),
        "fewer_tests",
        "ask",
    ),
    "test skipped": (with_lines("tests/test_a.py", "@pytest.mark.skip"), "fewer_tests", "ask"),
    "test focused": (with_lines("a.test.ts", "it.only('a', () => {"), "fewer_tests", "ask"),
    "suite skipped": (with_lines("a.test.ts", "describe.skip('a', () => {"), "fewer_tests", "ask"),
    "many lines": (facts(changed("a.py", added=LARGE_LINES + 1)), "large", "ask"),
    "many files": (
        facts(*(changed(f"f{n}.py") for n in range(LARGE_FILES + 1))),
        "large",
        "ask",
    ),
    "binary": (facts(changed("lib/x.so", binary=True)), "binaries", "ask"),
    "name with a newline": (facts(changed("a\nb", change_type=NEW)), "odd_names", "ask"),
    "name with an escape": (facts(changed("a\x1b[2J", change_type=NEW)), "odd_names", "ask"),
    "name that reads backwards": (
        facts(changed("a\u202egpj.py", change_type=NEW)),
        "odd_names",
        "ask",
    ),
    "option": (facts(changed("src/-rf", change_type=NEW)), "odd_names", "ask"),
    "collision": (
        facts(changed("SRC/b.py", change_type=NEW), standing=frozenset({"src/a.py", "SRC/b.py"})),
        "odd_names",
        "ask",
    ),
}


@pytest.mark.parametrize(("given", "rule", "decision"), SPECIAL.values(), ids=SPECIAL)
def test_what_is_more_than_ordinary_is_decided_by_its_rule(given, rule, decision):
    plain = facts(changed("src/a.py"), *given.diff) if given.diff else given
    given = Facts(**{**vars(given), "diff": plain.diff})

    ruling = ruled(given)

    assert (ruling.rule, ruling.decision.value) == (rule, decision)
    assert decision == "allow" or (ruling.reason and ruling.risks)
    assert "src/a.py" not in ruling.files or rule == "large"


def test_a_deny_outranks_a_question_and_both_are_named_as_risks():
    given = facts(changed("scripts/check.sh"), changed("vendor/lib", mode="160000"))

    ruling = ruled(given)

    assert (ruling.decision, ruling.files) == (Decision.DENY, ("vendor/lib",))
    assert [risk.partition(":")[0] for risk in ruling.risks] == ["check_file", "submodule"]


def test_a_question_names_the_files_and_reasons_of_all_rules_that_ask():
    ruling = ruled(facts(changed("Makefile"), changed("scripts/check.sh"), changed("a.py")))

    assert ruling.files == ("Makefile", "scripts/check.sh")
    assert ruling.rule == "check_files"
    assert (
        ruling.reason == "the diff changes what checks it and the diff may change what a check runs"
    )


def test_many_reasons_are_said_in_one_sentence():
    asking = ("scripts/check.sh", "api/a.py", ".github/ci.yml", "Makefile", "run.exe")
    gone = changed("tests/test_a.py", change_type=GONE)
    leaks = (Leak(path="a.py", line=3, kind="AWS key"),)
    changes = [changed(path, binary=path.endswith(".exe")) for path in asking]

    ruling = ruled(facts(*changes, gone, leaks=leaks))

    assert ruling.reason.startswith("the diff changes what checks it and the diff changes")
    assert ruling.reason.endswith("and the diff may change what a check runs and 2 more")


def test_no_kind_of_risk_is_buried_under_many_of_another():
    many = [changed(f"api/{n:03}.py") for n in range(300)]
    leaks = (Leak(path="api/007.py", line=3, kind="AWS key"),)

    ruling = ruled(facts(*many, changed("Makefile"), leaks=leaks))

    kinds = [risk.partition(":")[0] for risk in ruling.risks[:-1]]
    assert kinds == [*["protected"] * 47, "secret", "build", "large"]
    assert ruling.risks[-1] == "and 253 more"


def test_what_is_allowed_but_not_ordinary_is_a_risk_all_the_same():
    ruling = ruled(facts(changed("a.lock", added=3, removed=2), changed("x.png", binary=True)))

    assert ruling.decision is Decision.ALLOW
    assert ruling.risks == ("binary: x.png not searched for secrets", "lock: a.lock")
    assert (ruling.changes, ruling.size) == (2, 6)


def test_a_rule_without_a_category_lets_nothing_pass_but_plain_changes():
    given = facts(changed("docs/a.md"), leaks=(Leak(path="docs/a.md", line=1, kind="AWS key"),))

    assert ruled(given, a_rule(paths=("docs/**",))).rule == "secrets"
    assert (
        ruled(given, a_rule(paths=("docs/**",), categories=(Category.SECRET,))).decision == "allow"
    )


def test_the_first_rule_that_matches_decides():
    given = facts(changed("docs/a.md"), changed("src/a.py"))
    ask = a_rule(Decision.ASK, "ask", paths=("docs/**",))
    deny = a_rule(Decision.DENY, "deny", paths=("**",))

    assert ruled(given, ask, deny).rule == "deny"  # of src/a.py
    assert ruled(facts(changed("docs/a.md")), ask, deny).rule == "ask"
    assert ruled(facts(changed("docs/a.md")), deny, ask).rule == "deny"


def test_what_is_moved_is_ruled_on_where_it_was_as_well():
    moved = facts(changed("docs/a.py", change_type=MOVED, old_path="src/a.py"))
    rules = (a_rule(paths=("docs/**",)), a_rule(Decision.ASK, "src", paths=("src/**",)))

    assert ruled(moved, *rules).files == ("src/a.py",)


CONDITIONS = {
    "paths": ({"paths": ("src/**",)}, changed("src/a.py"), changed("a.py")),
    "projects": ({"projects": ("APP",)}, changed("a.py"), None),
    "another project": ({"projects": ("WEB",)}, None, changed("a.py")),
    "added_over": ({"added_over": 10}, changed("a.py", added=11), changed("a.py", added=10)),
    "removed_over": (
        {"removed_over": 10},
        changed("a.py", removed=11),
        changed("a.py", removed=10),
    ),
    "files_over": ({"files_over": 0}, changed("a.py"), None),
    "files_over of paths": ({"files_over": 0, "paths": ("b",)}, changed("b"), changed("a.py")),
    "binary": ({"binary": True}, changed("a.png", binary=True), changed("a.py")),
    "not binary": ({"binary": False}, changed("a.py"), changed("a.png", binary=True)),
    "binary of its category": (
        {"binary": True, "categories": (Category.BINARY,)},
        changed("a.png", binary=True),
        changed("a.py"),
    ),
    "deleted_tests": (
        {"deleted_tests": True},
        changed("tests/test_a.py", change_type=GONE),
        changed("tests/test_a.py"),
    ),
    "no deleted_tests": ({"deleted_tests": False}, changed("tests/test_a.py"), None),
}


@pytest.mark.parametrize(("match", "meant", "other"), CONDITIONS.values(), ids=CONDITIONS)
def test_every_condition_of_a_rule_holds(match, meant, other):
    rule = a_rule(Decision.DENY, **match)

    assert meant is None or ruled(facts(meant), rule).rule == "mine"
    assert other is None or ruled(facts(other), rule).rule != "mine"


def test_added_lines_are_counted_over_all_files_of_the_rules_paths():
    rule = a_rule(Decision.ASK, paths=("src/**",), added_over=10)
    many = facts(changed("src/a.py", added=6), changed("src/b.py", added=6))

    assert ruled(many, rule).files == ("src/a.py", "src/b.py")
    other = facts(changed("src/a.py", added=6), changed("docs/b.md", added=6))
    assert ruled(other, rule).decision is Decision.ALLOW


def test_the_whole_falls_under_paths_where_all_of_it_does():
    rule = a_rule(categories=(Category.LARGE,), paths=("generated/**",))
    big = changed("generated/a.py", added=LARGE_LINES + 1)

    assert ruled(facts(big), rule).decision is Decision.ALLOW
    assert ruled(facts(big, changed("src/a.py")), rule).decision is Decision.ASK


def test_a_head_that_nobody_could_look_through_for_licences_asks_like_one_that_holds_it():
    for told, words in ((True, "matches 'gpl'"), (False, "took too long")):
        found = Licence(path="a.c", pattern="gpl", told=told)
        ruling = ruled(facts(changed("a.c", change_type=NEW), licences=(found,)))

        assert (ruling.rule, ruling.decision) == ("licences", Decision.ASK)
        assert words in ruling.risks[0]


def test_the_head_of_a_file_is_one_line_without_the_marks_of_comments():
    assert head(["/*", " * GNU General", " *   Public License", " */"]) == (
        "GNU General Public License"
    )


def test_with_autonomy_manual_every_diff_waits_and_a_deny_stays_one():
    manual = {"autonomy": Autonomy.MANUAL}

    assert ruled(facts(changed("a.py")), a_rule(paths=("**",)), **manual).rule == "manual"
    assert ruled(facts(changed("lib", mode="160000")), **manual).decision is Decision.DENY
    assert ruled(facts(), **manual).decision is Decision.ALLOW


@pytest.mark.parametrize(("given", "rule", "decision"), SPECIAL.values(), ids=SPECIAL)
def test_full_autonomy_asks_about_nothing_but_what_is_guarded(given, rule, decision):
    ruling = ruled(given, autonomy=Autonomy.FULL_AUTO)

    categories = {Category(risk.partition(":")[0]) for risk in ruling.risks}
    expected = "ask" if categories & GUARDED else "allow"
    assert ruling.decision.value == ("deny" if decision == "deny" else expected)


def test_what_is_guarded_is_just_that():
    assert {each.value for each in GUARDED} == {"check_file", "protected", "secret", "unread"}


def test_a_test_that_moves_to_another_file_is_no_test_less():
    one, other = changed("tests/test_a.py", removed=1), changed("tests/test_b.py")
    moved = facts(
        one,
        other,
        added={"tests/test_b.py": numbered("def test_one():")},
        removed={"tests/test_a.py": ("def test_one():",)},
    )

    assert ruled(moved).decision is Decision.ALLOW


def test_every_category_is_decided_by_a_rule_without_conditions():
    assert {c for rule in BUILT_IN for c in rule.match.categories} == set(Category)
    plain = {
        rule.match.categories
        for rule in BUILT_IN
        if rule.match == Match(categories=rule.match.categories)
    }
    assert {category for (category,) in plain} == set(Category)


def test_of_a_merge_only_what_the_branch_did_not_show_is_unseen():
    branch = ruled(facts(changed("scripts/check.sh")))
    merge = ruled(facts(changed("scripts/check.sh"), changed("api/v1.py")))

    assert unseen(branch, branch) == ()
    assert unseen(merge, branch) == ("protected: api/v1.py",)


PATHS = st.sampled_from(
    [
        "src/a.py",
        "scripts/check.sh",
        "api/x",
        "Makefile",
        "tests/test_a.py",
        "a.lock",
        "x.png",
        "-x",
    ]
)
CHANGES = st.builds(
    changed,
    PATHS,
    change_type=st.sampled_from([ChangeType.UPDATE, NEW, GONE]),
    mode=st.sampled_from(["100644", "100755", "120000", "160000"]),
    binary=st.booleans(),
    added=st.integers(0, 3000),
)
DIFFS = st.lists(CHANGES, max_size=6, unique_by=lambda change: change.path)
RULES = st.lists(
    st.builds(
        a_rule,
        st.sampled_from([Decision.ASK, Decision.DENY]),
        st.sampled_from(["one", "two"]),
        paths=st.lists(PATHS, max_size=2).map(tuple),
        categories=st.lists(st.sampled_from(list(Category)), max_size=2).map(tuple),
    ),
    max_size=4,
)


@given(DIFFS, st.randoms(use_true_random=False))
def test_the_order_of_files_never_matters(diff, dice):
    again = diff.copy()
    dice.shuffle(again)

    assert ruled(facts(*diff)) == ruled(facts(*again))


@given(DIFFS, RULES, st.randoms(use_true_random=False))
def test_no_order_of_rules_turns_a_deny_into_an_allow(diff, rules, dice):
    again = rules.copy()
    dice.shuffle(again)

    first, second = ruled(facts(*diff), *rules), ruled(facts(*diff), *again)

    # those rules only ask and deny, so what was denied is never allowed
    assert {first.decision, second.decision} != {Decision.DENY, Decision.ALLOW}


@given(DIFFS, st.lists(PATHS, max_size=3).map(tuple))
def test_a_rule_of_the_users_that_names_no_category_never_opens_what_is_guarded(diff, paths):
    before, after = ruled(facts(*diff)), ruled(facts(*diff), a_rule(paths=paths))

    assert after.decision is before.decision


@given(DIFFS, RULES)
def test_full_autonomy_never_allows_check_files_protected_paths_and_secrets(diff, rules):
    leaks = tuple(Leak(path=change.path, line=1, kind="AWS key") for change in diff[:1])

    ruling = ruled(facts(*diff, leaks=leaks), *rules, autonomy=Autonomy.FULL_AUTO)

    guarded = ruling.categories & GUARDED
    assert not guarded or ruling.decision is not Decision.ALLOW


@pytest.mark.slow
def test_a_hundred_thousand_files_and_lines_are_judged_in_seconds():
    diff = [changed(f"d{n % 100}/f{n}.py", change_type=NEW) for n in range(100_000)]
    lines = {change.path: numbered("x = 1") for change in diff}
    standing = frozenset(lines)
    began = time.monotonic()

    ruling = ruled(facts(*diff, added=lines, standing=standing))

    assert time.monotonic() - began < 20
    assert ruling.rule == "large"
    assert len(ruling.risks) < 100
