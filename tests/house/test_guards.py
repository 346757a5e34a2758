"""Guards of the house: files are small, some things have one place, words are the dictionary's."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted((ROOT / "fleet").rglob("*.py"))
LONGEST = 300
# a file over the limit stands here with the reason
ALLOWED = {
    "fleet/ports.py": "all contracts stand on one page, with their values",
}


def dictionary():
    """Answer the words that ARCHITECTURE.md defines."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    table = page.split("## Dictionary")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", table, flags=re.MULTILINE)
    return [word for word in rows if word != "word" and not word.startswith("-")]


def public_values():
    """Answer the public dataclasses of the domain."""
    for path in (ROOT / "fleet" / "domain").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                names = {ast.unparse(d).split("(")[0] for d in node.decorator_list}
                if "dataclass" in names:
                    yield node.name


def spaced(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_small_or_says_why(path):
    lines = len(path.read_text().splitlines())

    assert lines <= LONGEST or str(path.relative_to(ROOT)) in ALLOWED


def test_no_file_is_excused_without_need():
    needed = {str(p.relative_to(ROOT)) for p in CODE if len(p.read_text().splitlines()) > LONGEST}

    assert ALLOWED.keys() == needed


def test_sizes_on_a_disk_are_asked_for_in_one_place():
    asking = [str(path.relative_to(ROOT)) for path in CODE if '"du"' in path.read_text()]

    assert asking == ["fleet/adapters/weight.py"]


def test_every_word_of_the_dictionary_occurs_in_the_code():
    code = "\n".join(path.read_text() for path in CODE).lower()

    absent = [w for w in dictionary() if not re.search(rf"\b{w.replace(' ', '[ _]?')}", code)]

    assert dictionary()
    assert absent == []


def test_every_value_of_the_domain_is_named_in_the_architecture():
    page = (ROOT / "ARCHITECTURE.md").read_text().lower()

    unnamed = [n for n in public_values() if n.lower() not in page and spaced(n) not in page]

    assert unnamed == []
