"""The rules that are built in: what holds where no rule of the user's says otherwise."""

from typing import Final

from fleet.domain.policy import Category, Decision, Match, Rule
from fleet.domain.watched import MEDIA


def _rule(name: str, category: Category, decide: Decision, reason: str) -> Rule:
    return Rule(name=name, match=Match(categories=(category,)), decide=decide, reason=reason)


_ALLOW, _ASK, _DENY = Decision.ALLOW, Decision.ASK, Decision.DENY

# the first that matches decides; the table with the reasons at length is in docs/policies.md
BUILT_IN: Final = (
    _rule("submodules", Category.SUBMODULE, _DENY, "a submodule's files are never checked"),
    _rule("links", Category.SYMLINK, _DENY, "a link leads out of the tree"),
    _rule("check_files", Category.CHECK_FILE, _ASK, "the diff changes what checks it"),
    _rule("protected", Category.PROTECTED, _ASK, "the diff changes protected paths"),
    _rule("secrets", Category.SECRET, _ASK, "the diff holds what looks like a secret"),
    _rule("unread", Category.UNREAD, _ASK, "not all of the diff could be read"),
    _rule("ci", Category.CI, _ASK, "the diff changes what CI does"),
    _rule("build", Category.BUILD, _ASK, "the diff may change what a check runs"),
    _rule("tests_deleted", Category.TESTS_DELETED, _ASK, "the diff deletes tests"),
    _rule("fewer_tests", Category.FEWER_TESTS, _ASK, "the diff leaves fewer tests"),
    _rule("licences", Category.LICENCE, _ASK, "a new file has a licence you asked to see"),
    _rule("large", Category.LARGE, _ASK, "the diff is large"),
    Rule(
        name="media",
        match=Match(categories=(Category.BINARY,), paths=MEDIA),
        decide=_ALLOW,
        reason="pictures, sounds and fonts are ordinary",
    ),
    _rule("binaries", Category.BINARY, _ASK, "the diff has binary files that nobody can review"),
    _rule("odd_names", Category.ODD_NAME, _ASK, "a new file has a name that misleads"),
    _rule("locks", Category.LOCK, _ALLOW, "lock files follow their manifests"),
    _rule("modes", Category.MODE, _ALLOW, "scripts are executable"),
    _rule("changes", Category.CHANGE, _ALLOW, "an ordinary change"),
)
