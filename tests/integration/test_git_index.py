"""An index read without git: the same as git tells, and only what it wrote itself."""

import hashlib
import os
import sys
from dataclasses import replace

import pytest

from fleet.adapters.git.index import read_index
from fleet.domain.errors import WorkspaceError
from tests.repos import git, write


def an_index(tmp_path, files, *, algorithm="sha1"):
    git(tmp_path, "init", "-q", f"--object-format={algorithm}")
    write(tmp_path, files)
    git(tmp_path, "add", ".")
    return tmp_path / ".git" / "index"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_an_index_says_what_git_says_of_it(tmp_path, algorithm):
    long = "/".join(["d" * 200] * 4) + "/" + "f" * 200
    lengths = {"n" * number: str(number) for number in range(1, 20)}
    file = an_index(tmp_path, {"a b": "1", "d/\n": "2", long: "3", **lengths}, algorithm=algorithm)
    (tmp_path / "d" / "run").write_text("x")
    (tmp_path / "d" / "run").chmod(0o755)
    (tmp_path / "link").symlink_to("a b")
    git(tmp_path, "add", ".")

    index = read_index(file, algorithm=algorithm)

    told = git(tmp_path, "ls-files", "--stage", "-z").split("\0")[:-1]
    assert told == [
        f"{mode} {blob} 0\t{path.decode()}" for path, (mode, blob) in index.entries.items()
    ]


def test_only_what_was_changed_since_is_told(tmp_path):
    index = read_index(an_index(tmp_path, {"a": "1", "b": "1", "c": "1"}), algorithm="sha1")
    (tmp_path / "a").write_text("2")
    os.utime(tmp_path / "b")

    assert index.touched(tmp_path, [b"a", b"b", b"c"], since_ns=sys.maxsize) == {b"a", b"b"}


def test_what_looks_as_it_was_but_is_too_young_is_read(tmp_path):
    index = read_index(an_index(tmp_path, {"a": "1", "b": "1"}), algorithm="sha1")
    other = {**index.entries, b"a": ("100644", hashlib.sha1(b"blob 1\0002").hexdigest())}
    within_one_tick = replace(index, entries=other)

    assert within_one_tick.touched(tmp_path, [b"a", b"b"], since_ns=0) == {b"a"}


@pytest.mark.parametrize("at", [4, 40, -1])
def test_an_index_that_is_not_whole_is_refused(tmp_path, at):
    file = an_index(tmp_path, {"a": "1"})
    raw = bytearray(file.read_bytes())
    raw[at] ^= 1
    file.write_bytes(raw)

    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_index(file, algorithm="sha1")
