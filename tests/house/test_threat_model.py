"""The threat model and its tests name each other: no attack without a test, no test unnamed."""

import ast
import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))


def names_below(folder: str) -> set[str]:
    """Answer the names of all tests below a folder of the repository."""
    texts = (path.read_text() for path in (ROOT / folder).rglob("test_*.py"))
    found = (node for text in texts for node in ast.parse(text).body)
    functions = {node.name for node in found if isinstance(node, ast.FunctionDef)}
    return {name for name in functions if name.startswith("test_")}


def test_every_test_that_the_threat_model_names_exists() -> None:
    assert NAMED
    assert NAMED - names_below("tests") == set()


def test_every_hostile_test_stands_in_the_threat_model() -> None:
    assert names_below("tests/hostile") - NAMED == set()
