"""Tests as a diff shows them: which files hold tests, and how many tests their lines define."""

import re
from collections.abc import Iterable
from typing import Final

from fleet.domain.change import under

_NAMED: Final = (
    *("**/test_*.py", "*_test.py", "**/test*.sh", "*_test.go", "*_test.rb", "*_spec.rb"),
    *("*.test.[jt]s", "*.test.[jt]sx", "*.test.[cm][jt]s", "*.spec.[jt]s", "*.spec.[jt]sx"),
    *("*.spec.[cm][jt]s", "*Test.java", "*Tests.java", "*IT.java", "*Test.kt", "*Tests.cs"),
    *("*Test.cs", "*Test.php", "*_test.cc", "*_test.cpp", "*_test.c", "*Test.swift", "*.bats"),
    *("*Tests.swift", "*_test.exs", "*Spec.scala", "*Spec.hs", "**/*_tests.rs", "**/tests.rs"),
)
_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testing"})
_CODE = (
    *(".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".go", ".rs", ".java"),
    *(".kt", ".rb", ".php", ".cs", ".c", ".cc", ".cpp", ".swift", ".sh", ".bats", ".ex", ".exs"),
    *(".scala", ".hs", ".pl", ".t"),
)
# a line longer than that defines no test that a person wrote
_LONGEST = 400
_DEFINES = re.compile(
    r"\s*(?:"
    r"(?:async\s+)?def\s+test\w*\s*[(:]"  # Python
    r"|(?:it|test|specify|scenario)(?:\.each\b.{0,80})?\s*\(\s*[\"'`]"  # JavaScript, TypeScript
    r"|(?:it|test|specify|scenario)\s+[\"'].{0,200}\bdo\b"  # Ruby, Elixir
    r"|def\s+test_\w+\s*$"
    r"|func\s+(?:\([^)]{0,60}\)\s*)?[Tt]est\w*\s*\("  # Go, Swift
    r"|#\[(?:\w+::)?test\b"  # Rust
    r"|@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b"  # Java, Kotlin
    r"|\[(?:Fact|Theory|Test|TestCase|TestMethod|DataTestMethod)\b"  # C#
    r"|(?:public\s+)?function\s+test\w*\s*\("  # PHP
    r"|(?:TEST|TEST_F|TEST_P|TEST_CASE|SCENARIO)\s*\("  # C++
    r"|@test\s+[\"']"  # Bats
    r")"
)
_HOLDS_BACK = re.compile(
    r"@(?:pytest\.mark|unittest|mark)\.(?:skip|xfail|expectedFailure)|pytestmark\b.{0,80}skip"
    r"|\bpytest\.(?:skip|importorskip)\(|\.skipTest\(|\b(?:x(?:it|test|describe)|f(?:it|describe))\("
    r"|\b(?:it|test|describe)\.(?:skip|only|todo)\b|\bt\.Skip|#\[ignore\b|@(?:Disabled|Ignore)\b"
    r"|\bmarkTestSkipped\(|\bGTEST_SKIP\(|\[Ignore\b"
)


def holds_tests(path: str) -> bool:
    """Tell whether a file is one of tests, by its name or its folder."""
    if under(path, _NAMED):
        return True
    *folders, name = path.casefold().split("/")
    return name.endswith(_CODE) and not _FOLDERS.isdisjoint(folders)


def may_define(path: str) -> bool:
    """Tell whether tests are counted in a file; Rust keeps them beside what they test."""
    return holds_tests(path) or path.casefold().endswith(".rs")


def defined_tests(lines: Iterable[str]) -> int:
    """Answer how many tests these lines define, less those that they hold back from running."""
    return sum(_counted(line) for line in lines if len(line) <= _LONGEST)


def _counted(line: str) -> int:
    return bool(_DEFINES.match(line)) - bool(_HOLDS_BACK.search(line))
