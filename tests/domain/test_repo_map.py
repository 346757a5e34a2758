"""What of a repository is worth telling, and in which order."""

import pytest

from fleet.domain.repo_map import Kind, Source, Symbol, drawn, worth

LARGE = 64 * 1024


def a_symbol(name, *, held=1, kind=Kind.FUNCTION):
    return Symbol(name=name, kind=kind, held=held)


def a_source(path, *symbols):
    return Source(path=path, symbols=symbols or (a_symbol("something_there"),))


def lines(*sources, limit=LARGE, paths=None):
    told = drawn(paths or [source.path for source in sources], sources, limit=limit)
    return [line for line in told.splitlines() if not line.startswith(("folders:", "files:"))]


def order(*sources):
    return [line.partition(":")[0] for line in lines(*sources)]


def test_a_map_says_where_files_lie():
    paths = ["src/a.py", "src/b/c.py", "docs/x.md", "README.md", "Makefile"]

    assert drawn(paths, [], limit=LARGE).splitlines() == [
        "folders: src/ 2, docs/ 1",
        "files: Makefile, README.md",
    ]


def test_a_line_names_types_and_functions_as_they_are_called():
    source = a_source("a.py", a_symbol("Desk", kind=Kind.TYPE), a_symbol("Desk.pull"))

    assert lines(source) == ["a.py: Desk, Desk.pull()"]


def test_what_many_files_speak_of_stands_first():
    famous = a_source("deep/down/below/famous.py", a_symbol("settle_accounts", held=9))

    assert order(a_source("a.py"), famous) == ["deep/down/below/famous.py", "a.py"]


def test_a_word_that_many_files_define_is_nobodys_fame():
    many = [a_source(f"{n}.py", a_symbol("Alpha.as_document", held=9)) for n in range(8)]
    one = a_source("deep/one.py", a_symbol("rarely_used", held=2))

    assert order(*many, one)[0] == "deep/one.py"


@pytest.mark.parametrize("word", ["run", "key", "_hidden_somewhere"])
def test_a_common_or_a_private_word_tells_little(word):
    common = a_source("a.py", a_symbol(word, held=9))
    telling = a_source("b.py", a_symbol("settle_accounts", held=3))

    assert order(common, telling) == ["b.py", "a.py"]


def test_shallow_paths_stand_before_deep_ones():
    assert order(a_source("a/b/c.py"), a_source("z.py"), a_source("a/b.py")) == [
        "z.py",
        "a/b.py",
        "a/b/c.py",
    ]


def test_tests_and_what_others_wrote_stand_last_whatever_their_fame():
    tests = a_source("tests/test_desk.py", a_symbol("a_helper_of_all", held=90))
    vendored = a_source("vendor/lib.py", a_symbol("a_library_of_all", held=90))

    assert order(vendored, tests, a_source("a/b/c/d.py")) == [
        "a/b/c/d.py",
        "tests/test_desk.py",
        "vendor/lib.py",
    ]


def test_files_are_looked_at_in_the_order_of_their_worth():
    paths = [".ci/x.py", "vendor/a.py", "tests/a.py", "a/b/c.py", "a.py"]

    assert sorted(paths, key=worth)[:3] == ["a.py", "a/b/c.py", "tests/a.py"]


def test_a_file_without_symbols_has_no_line():
    assert lines(Source(path="empty.py")) == []


def test_a_line_names_a_few_symbols_the_most_used_first():
    symbols = [a_symbol(f"function_{n:02}", held=n) for n in range(1, 30)]

    (line,) = lines(a_source("a.py", *symbols))

    assert line.startswith("a.py: function_29(), function_28(), ")
    assert line.count("function_") == 8


@pytest.mark.parametrize("limit", [0, 1, 30, 100, 1000])
def test_a_map_is_never_larger_than_its_limit_and_cuts_no_line(limit):
    sources = [a_source(f"ordner/größe_{n}.py", a_symbol(f"zähle_{n}")) for n in range(90)]
    paths = [source.path for source in sources]

    told = drawn(paths, sources, limit=limit)

    assert len(told.encode()) <= limit
    assert drawn(paths, sources, limit=LARGE).startswith(told)
    assert all(line.endswith(")") or line.startswith("folders:") for line in told.splitlines())


def test_a_map_fills_its_limit_to_the_last_byte():
    whole = drawn(["a.py"], [a_source("a.py")], limit=LARGE)

    assert drawn(["a.py"], [a_source("a.py")], limit=len(whole)) == whole
    assert drawn(["a.py"], [a_source("a.py")], limit=len(whole) - 1) != whole


def test_what_a_repository_worded_stays_on_its_line_and_within_bounds():
    bad = "x\x1b[2J\n```\nfolders: \u202ehere " + "y" * 500 + ".py"

    told = drawn([bad, f"{bad}/z.py"], [a_source(bad, a_symbol(bad))], limit=LARGE)

    assert len(told.splitlines()) == 3
    assert not any(sign in told for sign in ("\x1b", "\u202e", "```"))
    assert all(len(line) < 400 for line in told.splitlines())
