"""Repository maps: made of git's objects, once a tree, and whatever a repository holds."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet.adapters.git.worktrees import GitWorktrees
from fleet.adapters.mapping import child, parsing
from fleet.adapters.mapping.parsing import Code, language_of, symbols_of
from fleet.adapters.repo_map import GitRepoMaps
from fleet.domain.errors import WorkspaceError
from tests.builders import HOME8, a_project
from tests.contract.worktrees import StillClock
from tests.repos import a_commit, a_repository, git

LIMIT = 6 * 1024
FILES = {
    "src/desk.py": "class Desk:\n    def settle_accounts(self):\n        def local(): pass\n",
    "src/use.py": "from desk import Desk\n\ndef work_at_the_desk(): Desk().settle_accounts()\n",
    "web/view.ts": "export interface Shown { }\nexport const renderAll = () => {}\n",
    "README.md": "a project",
}
# each of 200 KiB in lines as a person's: all of them hold up the parser or break it
HOLDS_UP = {
    "brackets.py": "(" * 99 + "\n",
    "comments.py": "/*" * 49 + "\n",
    "formats.js": 'f"{' * 33 + "\n",
    "arrows.java": "a=>" * 33 + "\n",
    "questions.go": "a?" * 49 + "\n",
}


class Stage:
    """A repository beside a home, and the maps of it."""

    def __init__(self, root, files):
        self.repository = a_repository(root / "repository", files)
        self.home = root / "home"
        self.project = a_project(path=str(self.repository))

    @property
    def maps(self):
        git = GitWorktrees(self.home, HOME8, StillClock(), variables={})
        return GitRepoMaps(self.home, git)

    @property
    def kept(self):
        return sorted((self.home / ".fleet" / "maps").iterdir())

    def map(self, sha=None, *, limit=LIMIT):
        sha = sha or git(self.repository, "rev-parse", "HEAD")
        return self.maps.map_of(self.project, sha, limit=limit)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path, FILES)


def test_a_map_tells_files_and_what_they_define(stage):
    assert stage.map().splitlines() == [
        "folders: src/ 2, web/ 1",
        "files: README.md",
        "src/desk.py: Desk, Desk.settle_accounts()",
        "src/use.py: work_at_the_desk()",
        "web/view.ts: Shown, renderAll()",
    ]


def test_what_stands_in_no_commit_is_on_no_map(stage):
    sha = git(stage.repository, "rev-parse", "HEAD")
    (stage.repository / "src" / "new.py").write_text("def not_committed(): pass\n")
    before = stage.map(sha)

    a_commit(stage.repository, {"src/later.py": "def written_later(): pass\n"})

    assert "not_committed" not in before
    assert stage.map(sha) == before
    assert "written_later" in stage.map()


def test_the_same_tree_is_parsed_once(stage):
    first = stage.map()
    (kept,) = stage.kept
    kept.write_text("as it was kept")

    a_commit(stage.repository, {}, "another commit of the same tree")

    assert first
    assert stage.map() == "as it was kept"
    assert stage.kept == [kept]


def test_each_limit_has_a_map_of_its_own(stage):
    assert len(stage.map(limit=60)) <= 60 < len(stage.map())
    assert len(stage.kept) == 2


def test_attempts_that_start_together_have_the_same_map(stage):
    maps, sha = stage.maps, git(stage.repository, "rev-parse", "HEAD")

    with ThreadPoolExecutor(4) as pool:
        told = set(pool.map(lambda _: maps.map_of(stage.project, sha, limit=LIMIT), range(8)))

    assert len(told) == 1
    assert len(stage.kept) == 1


def test_only_the_newest_maps_are_kept(stage):
    stage.map()
    folder = stage.home / ".fleet" / "maps"
    for number in range(80):
        old = folder / f"{number}.new"
        old.write_text("half")
        os.utime(old, (number, number))

    a_commit(stage.repository, {"more.py": "def more_of_it(): pass\n"})

    assert "more_of_it" in stage.map()
    assert len(stage.kept) == 64
    assert folder / "0.new" not in stage.kept


@pytest.mark.parametrize("spoil", [b"\xff\xfe", None])
def test_a_kept_map_that_cannot_be_read_is_made_again(stage, spoil):
    first = stage.map()
    (kept,) = stage.kept
    kept.unlink()
    if spoil is not None:
        kept.write_bytes(spoil)

    assert stage.map() == first


def test_a_home_that_cannot_keep_a_map_still_has_one(stage):
    (stage.home / ".fleet").mkdir(parents=True)
    (stage.home / ".fleet" / "maps").write_text("a file in its place")

    assert "Desk" in stage.map()


def test_a_commit_that_is_not_there_is_told(stage):
    with pytest.raises(WorkspaceError):
        stage.map("0" * 40)


def test_links_and_submodules_are_no_files(tmp_path):
    secret = tmp_path / "outside.py"
    secret.write_text("def outside_of_it(): pass\n")
    stage = Stage(tmp_path, FILES)
    (stage.repository / "src" / "link.py").symlink_to(secret)
    (stage.repository / "folder").symlink_to(tmp_path)
    sha = git(stage.repository, "rev-parse", "HEAD")
    git(stage.repository, "update-index", "--add", "--cacheinfo", f"160000,{sha},sub.py")
    git(stage.repository, "add", "src/link.py", "folder")
    git(stage.repository, "commit", "--quiet", "--message", "links")

    assert stage.map().splitlines()[:3] == [
        "folders: src/ 2, web/ 1",
        "files: README.md",
        "src/desk.py: Desk, Desk.settle_accounts()",
    ]


@pytest.mark.timeout(200)
def test_what_holds_up_or_breaks_the_parser_costs_itself_alone(tmp_path):
    hostile = {name: text * (200 * 1024 // len(text)) for name, text in HOLDS_UP.items()}
    stage = Stage(tmp_path, FILES | hostile)

    told = stage.map()

    assert "src/desk.py: Desk, Desk.settle_accounts()" in told
    assert all(name in told for name in hostile)
    assert stage.map() == told


@pytest.mark.parametrize(
    "content",
    [
        b"\0\ndef hidden_in_it(): pass\n",
        b"def hidden_in_it(): pass\n" * 11_000,
        b"def hidden_in_it(): pass;" + b"y=1;" * 1000,
    ],
    ids=["no text", "too large", "by a machine"],
)
def test_what_nobody_wrote_is_not_parsed(tmp_path, content):
    stage = Stage(tmp_path, FILES | {"odd.py": content})

    told = stage.map()

    assert "odd.py" in told
    assert "hidden_in_it" not in told


def test_names_of_a_repository_are_data(tmp_path):
    names = ["a\x1b[31m\n```.py", "b\u202e.py", "```data.py", "c" * 200 + ".py"]
    odd = dict.fromkeys(names, "def defined_here(): pass\n")
    stage = Stage(tmp_path, FILES | odd)

    told = stage.map()

    assert told.count("defined_here()") == 4
    assert not any(sign in told for sign in ("\x1b", "\u202e", "```"))
    assert max(map(len, told.splitlines())) < 400


def test_a_repository_without_code_has_a_map_of_its_folders(tmp_path):
    stage = Stage(tmp_path, {"docs/a.md": "words", "notes.txt": "words"})

    assert stage.map().splitlines() == ["folders: docs/ 1", "files: notes.txt"]


DEFINES = {
    "a.py": "@d\nasync def f(): pass\nclass A:\n    class B:\n        def m(self): pass\n",
    "a.js": "export default class A { m() {} }\nexport const f = () => { const inner = () => 1 }\n",
    "a.ts": "abstract class A<T> { m(): T {} }\ntype B = string\nnamespace N { function f() {} }\n",
    "a.tsx": "const A = () => <div/>\nenum B { X }\n",
    "a.go": "package a\ntype A struct{}\nfunc (a *A) M() {}\nfunc (l B[T]) N() {}\nfunc F() {}\n",
    "a.rs": "struct A<T>(T);\nimpl<T> A<T> { fn m() {} }\nmod b { fn f() {} }\ntrait B { fn n(); }",
    "A.java": "class A<T> { void m() {} record R(int x) {} }\ninterface B { void n(); }\n",
}
DEFINED = {
    "a.py": "f A A.B B.m",
    "a.js": "A A.m f",
    "a.ts": "A A.m B f",
    "a.tsx": "A B",
    "a.go": "A A.M B.N F",
    "a.rs": "A A.m b.f B B.n",
    "A.java": "A A.m A.R B B.n",
}


@pytest.mark.parametrize("path", DEFINES)
def test_each_language_tells_what_it_defines(path):
    code = Code(language=language_of(path), content=DEFINES[path].encode())

    (symbols,) = symbols_of([code]).values()

    assert " ".join(symbol.name for symbol in symbols) == DEFINED[path]


LIES = (
    "",
    "no json",
    "[1]",
    '[0, [["", "type", 1]]]',
    '[0, [["x", "secret", 1]]]',
    '[0, [["x", "type", -1]]]',
    f'[0, [["{"x" * 1000}", "type", 1]]]',
    "[" * 200_000,
)


@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
def test_what_is_no_answer_of_the_parser_is_believed_to_where_it_begins(tmp_path, monkeypatch, lie):
    liar = tmp_path / "liar.py"
    liar.write_text(f"""print('[1, [["Desk", "type", 1]]]'); print({lie!r}); print('[0, []]')""")
    monkeypatch.setattr(parsing, "_CHILD", liar)

    found = symbols_of([Code(language="python", content=b"")] * 3)

    assert {place: [one.name for one in symbols] for place, symbols in found.items()} == {
        1: ["Desk"]
    }


def test_the_parser_is_shown_nothing_of_the_environment(tmp_path, monkeypatch):
    spy = tmp_path / "spy.py"
    names = '[[name, "type", 1] for name in os.environ]'
    spy.write_text(f"import json, os; print(json.dumps([0, {names}]))")
    monkeypatch.setattr(parsing, "_CHILD", spy)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    (symbols,) = symbols_of([Code(language="python", content=b"")]).values()

    assert {symbol.name for symbol in symbols} <= {"LC_CTYPE"}


# runs the parser's own program as far as to where it would read
SPY = f"""
import importlib.util, os, socket
found = importlib.util.spec_from_file_location("child", {child.__file__!r})
child = importlib.util.module_from_spec(found)
found.loader.exec_module(child)
child._give_up_rights()
for reached in (lambda: open("/etc/passwd"), socket.socket, lambda: os.listdir("/")):
    try:
        reached()
        print("reached")
    except OSError:
        print("refused")
print(len(os.environ) - len(set(os.environ) & {{"LC_CTYPE"}}))
"""


def test_the_parser_reaches_no_file_and_no_network():
    done = subprocess.run(
        [sys.executable, "-I", "-c", SPY], env={}, capture_output=True, check=False, text=True
    )

    assert done.stdout.split() == ["refused", "refused", "refused", "0"], done.stderr
