"""Links and names of a tree: what leads out, and what is taken for something else."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.names import collisions, leads_out, odd


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("a", "b"),
        ("a", "./b/c"),
        ("docs/a", "../src"),
        ("docs/deep/a", "../../src/x.py"),
        ("docs/a", ".."),
        ("a", "b//c/"),
        ("a", ".github/x"),
        ("a", "..b/c"),
    ],
)
def test_a_link_stays_inside(link, target):
    assert not leads_out(link, target)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("a", ".."),
        ("a", "../x"),
        ("a", "./../x"),
        ("docs/a", "../../x"),
        ("a", "/etc/passwd"),
        ("a", "//etc"),
        ("a", ""),
        # `b` may be a link to a folder near the root: what is above that one is outside
        ("a", "b/.."),
        ("a", "b/../../x"),
        ("a", "b/c/../d"),
        ("a", ".git/config"),
        ("a", "b/.GIT/hooks"),
        ("a", "x\0y"),
        ("a", "b\n/../.."),
    ],
)
def test_a_link_leads_out_or_may(link, target):
    assert leads_out(link, target)


NAMES = st.sampled_from(["a", "b", "..", ".", ""])


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=4), st.lists(NAMES, max_size=6))
def test_no_target_that_is_let_pass_leads_out_by_its_words(folders, steps):
    link, target = "/".join(folders), "/".join(steps)
    where = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))

    assert leads_out(link, target) or not (where.startswith("/") or where.split("/")[0] == "..")


def test_a_chain_of_links_that_are_let_pass_never_leaves_a_real_tree(tmp_path):
    tree = tmp_path / "tree"
    (tree / "x" / "y").mkdir(parents=True)
    targets = ["..", "../..", "x", "x/y", "../x", "l0/..", "l1/../..", "../l0", "l0/l1", "y/l2"]
    made = 0
    for number, target in enumerate(t for t in targets for _ in range(3)):
        folder = ("", "x/", "x/y/")[number % 3]
        link = f"{folder}l{number % 4}"
        if not leads_out(link, target) and not (tree / link).is_symlink():
            (tree / link).symlink_to(target)
            made += 1

    places = [path for path in tree.rglob("*") if path.is_symlink()]
    assert made > 3
    for path in places:
        try:
            assert path.resolve(strict=False).is_relative_to(tree.resolve())
        except (RuntimeError, OSError):
            continue  # a circle leads nowhere


@pytest.mark.parametrize("path", ["a.py", "src/__init__.py", "ünï/cödé", "a b.txt", "x-y", ".env"])
def test_an_ordinary_name_is_not_odd(path):
    assert odd(path) == ""


@pytest.mark.parametrize(
    "path", ["-rf", "a/-x", "a\nb", "a\x1b[0m", "a\u200bb", " a", "a/b ", "a.", "c:x", "a\\b"]
)
def test_a_name_that_misleads_is_odd(path):
    assert odd(path)


def test_names_that_differ_by_case_alone_collide_in_files_and_folders():
    standing = {"src/a.py", "README.md", "Src/b.py", "readme.MD", "docs/x"}

    assert collisions(["Src/b.py", "readme.MD", "docs/x"], standing) == {
        "Src/b.py": "src",
        "readme.MD": "README.md",
    }
