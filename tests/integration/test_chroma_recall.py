"""The index among many lessons: what it finds, and that it speaks to nobody."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.adapters.chroma.index import opened
from fleet.adapters.exact_index import ExactIndex
from fleet.memory_ports import WHOLE
from tests.builders import HOME8
from tests.lessons import SPACE, entries, ids, quiet, vectors

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
MANY = 10_000
# a filter of the kernel refuses every socket of a network, in native code too (seccomp(2))
SEALED = """
import ctypes, json, platform, struct, sys
from pathlib import Path

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
UNIX, REFUSED, ALLOWED = 1, 0x00050001, 0x7FFF0000
rules = [(LOAD, 0, 0, 0), (EQUAL, 0, 3, SOCKET), (LOAD, 0, 0, 16), (EQUAL, 1, 0, UNIX),
         (RETURN, 0, 0, REFUSED), (RETURN, 0, 0, ALLOWED)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0

import socket
try:
    socket.socket()
    raise SystemExit("the network is not sealed")
except PermissionError:
    pass

from fleet.adapters.guarded_index import guarded_index
from tests.lessons import SPACE, answers, entries, quiet
wanted = entries(50)
index = guarded_index(Path(sys.argv[1]), None, home8="0badcafe")
index.check(SPACE, wanted)
index.rebuild(SPACE, wanted, quiet)
print(json.dumps(answers(index, wanted, k=1)))
index.close()
"""


def test_the_ten_nearest_of_ten_thousand_are_found(tmp_path):
    wanted = entries(MANY, projects=("", "APP", *["WEB"] * 48))
    exact, index = ExactIndex(), opened(tmp_path / "chroma", None, home8=HOME8)
    exact.rebuild(SPACE, wanted, quiet)
    index.rebuild(SPACE, wanted, quiet)

    for project in (None, "APP"):
        shares = []
        for asked in vectors(200, seed=2):
            told = ids(index.nearest(SPACE, asked, k=10, project=project))
            right = set(ids(exact.nearest(SPACE, asked, k=10, project=project)))
            shares.append(len(right.intersection(told)) / 10)
        assert sum(shares) / len(shares) >= 0.99

    assert index.check(SPACE, wanted) == WHOLE
    index.close()


def test_the_embedded_index_opens_no_socket(tmp_path):
    command = [sys.executable, "-c", SEALED, str(tmp_path / "chroma")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "searched exactly" not in done.stderr
    assert json.loads(done.stdout) == [[f"L-{n}"] for n in range(1, 21)]


def test_settings_that_lie_about_have_no_part_in_it(tmp_path):
    """A project's `.env` where fleet is started, and variables that others use too."""
    (tmp_path / ".env").write_text("CHROMA_SERVER_HOST=evil.test\nALLOW_RESET=maybe\n")
    script = """
import sys
from pathlib import Path
from fleet.adapters.guarded_index import guarded_index
from tests.lessons import SPACE, answers, entries, quiet
index = guarded_index(Path(sys.argv[1]), None, home8="0badcafe")
index.rebuild(SPACE, entries(5), quiet)
print(answers(index, entries(5), k=1)[4])
index.close()
"""
    variables = {**os_variables(), "MIGRATIONS": "no word of Chroma's", "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "home" / "chroma")],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "['L-5']\n"
    assert "lessons are searched exactly" in done.stderr


def os_variables():
    return {"PATH": os.defpath, "HOME": "/nonexistent"}
