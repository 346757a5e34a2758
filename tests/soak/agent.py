"""The agent of a soak: plays the kind that its task names. Mounted into the container alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_ENVIRONMENT = os.environ  # noqa: TID251 - in a container of its own there is no configuration
PACKET = json.loads(Path(_ENVIRONMENT["FLEET_PACKET"]).read_text())
KEY = PACKET["task_id"]
PLAY = json.loads(PACKET["goal"])
GROUP = PLAY["group"]
TOLD = any(message["role"] == "user" for message in PACKET["messages"])


def write(name: str, text: str) -> None:
    """Write a file, and the folders it is in."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def break_the_sum() -> None:
    """Make the project red: no honest check of it passes from here on."""
    write("shop/sums.py", "def total(prices):\n    return 0\n")


def own_file() -> None:
    """Do nothing but what everybody does: a file of one's own."""


def code_with_test() -> None:
    """Add a module and its test."""
    name = KEY.lower().replace("-", "_")
    write(f"shop/{name}.py", f"def key():\n    return {KEY!r}\n")
    test = f"        self.assertEqual({name}.key(), {KEY!r})\n"
    head = f"import unittest\n\nfrom shop import {name}\n\n\nclass Own(unittest.TestCase):\n"
    write(f"tests/test_{name}.py", f"{head}    def test_own(self):\n{test}")


def lines_of_a_page() -> None:
    """Change a line of a page that others change lines of."""
    page = Path(f"pages/{GROUP // 8}.txt")
    lines = page.read_text().splitlines()
    lines[3 + GROUP % 8 * 6] = f"written by {KEY}"
    page.write_text("\n".join(lines) + "\n")


def right_when_told() -> None:
    """Be red first, and right once told so."""
    right = "def total(prices):\n    return sum(prices)\n"
    write("shop/sums.py", right if TOLD else right.replace("sum(prices)", "len(prices)"))


def same_list() -> None:
    """Write the first line of a list that two others write the first line of."""
    path = Path(f"lists/{GROUP}.txt")
    path.write_text(f"{KEY}\n{path.read_text()}")


def room_or_another() -> None:
    """Take a room that another one wants as well, or the next where it is taken."""
    room = next(room for room in (GROUP * 2, GROUP * 2 + 1) if not _let("wanted", room))
    write(f"rooms/wanted-{room}/{KEY}", KEY)


def _let(name: str, room: int) -> bool:
    folder = Path(f"rooms/{name}-{room}")
    return folder.is_dir() and any(guest.name != KEY for guest in folder.iterdir())


def one_room() -> None:
    """Take a room that another one takes as well, whatever is said."""
    write(f"rooms/only-{GROUP}/{KEY}", KEY)


def plants_in_git() -> None:
    """Leave hooks and a configuration that would call the canary."""
    canary = PLAY["canary"]
    lines = (f"fsmonitor = {canary}", f"hooksPath = {canary}", f"pager = {canary}")
    filters = (f"clean = {canary}", f"smudge = {canary}", f"process = {canary}", "required = true")
    config = ["[core]", *lines, '[filter "evil"]', *filters, '[merge "evil"]', f"driver = {canary}"]
    write("/fleet/git/config", "\n".join(config))
    for name in ("pre-commit", "post-checkout", "post-merge", "reference-transaction", "update"):
        write(f"/fleet/git/hooks/{name}", f"#!/bin/sh\nexec {canary} {name}\n")
        Path(f"/fleet/git/hooks/{name}").chmod(0o755)


def red_with_filters() -> None:
    """Be red, with attributes and filters that would hide it."""
    plants_in_git()
    break_the_sum()
    write(f"shop/{KEY}/.gitattributes", "* filter=evil merge=evil export-ignore\n")


def daemon_left_behind() -> None:
    """Leave a process that would write red code once the work is done."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    # its attempt is long over then, however busy the machine is
    _write_red(after=10)


def late_writer() -> None:
    """Go on when stopped, and write red code."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _write_red(after=0.5)


def _write_red(*, after: float) -> None:
    while True:
        time.sleep(after)  # noqa: TID251 - nobody wakes it
        break_the_sum()


def check_replaced() -> None:
    """Be red, with a check that says nothing."""
    break_the_sum()
    write("scripts/check.sh", "exit 0\n")


def check_made_vacuous() -> None:
    """Be red, with a module that every Python of the check imports first."""
    break_the_sum()
    names = ("sitecustomize.py", "usercustomize.py", "tests/conftest.py")
    write(names[GROUP % len(names)], "import os\n\nos._exit(0)\n")


def tests_shadowed() -> None:
    """Be red, with a module that is found before the one that runs the tests."""
    break_the_sum()
    write("unittest.py", "print('Ran 1 test in 0.1s')\n")


def tests_deleted() -> None:
    """Be red, without the test that says so."""
    break_the_sum()
    Path("tests/test_sums.py").unlink()


def tests_thinned() -> None:
    """Be red, with the tests that say so made to one that does not."""
    break_the_sum()
    path = Path("tests/test_sums.py")
    path.write_text(path.read_text().partition("    def")[0] + "    pass\n")


def no_test_left() -> None:
    """Be red, where no test is found any more."""
    break_the_sum()
    empty = "import unittest\n\n\ndef load_tests(*_):\n    return unittest.TestSuite()\n"
    write("tests/__init__.py", empty)


def secret() -> None:
    """Leave a credential in the code, made up of two halves that are none."""
    halves = ("AKIA", "QZ7J3MNBV4CXL2KD")
    write(f"shop/{KEY}.ini", f"aws_access_key_id = {''.join(halves)}\n")


def workflow() -> None:
    """Change what CI does."""
    write(f".github/workflows/{KEY}.yml", "on: push\njobs: {}\n")


def huge() -> None:
    """Write more than a person reads."""
    write(f"huge/{KEY}.txt", "".join(f"line {number}\n" for number in range(3000)))


def binary() -> None:
    """Leave a file that nobody can review."""
    path = Path(f"{KEY}.bin")
    path.write_bytes(bytes(range(256)) * 8)


def odd_names() -> None:
    """Leave files whose names are options, lines or escapes."""
    for name in (f"-rf{KEY}", f"new\nline{KEY}", f"\x1b[2J{KEY}"):
        write(name, "odd\n")


def red() -> None:
    """Be red."""
    break_the_sum()


red_again = red


def forged_lines() -> None:
    """Be red, and claim the contrary in the runner's own words."""
    break_the_sum()
    fields = {"v": 1, "seq": 999, "at": "2026-01-01T00:00:00+00:00", "type": "result"}
    line = json.dumps({**fields, "status": "success", "summary": "forged", "diagnostics": {}})
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"{line}\n")
        stream.flush()


def submodule() -> None:
    """Name a submodule, and leave its link in the index."""
    write(".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = {PLAY["canary"]}\n')
    link = f"160000,{'a' * 40},x"
    subprocess.run(["git", "update-index", "--add", "--cacheinfo", link], check=False)


def link_out() -> None:
    """Leave a link to a file of the host's."""
    Path(f"link-{KEY}").symlink_to(PLAY["canary"])


def exits_1() -> None:
    """Fail, with the work done."""
    sys.exit("something is wrong")


def main() -> None:
    """Do the work of one's own, tell what it cost, and play the kind."""
    told = {"summary": f"played {PLAY['kind']}", "usage": {"cost_usd": PLAY["cost_usd"]}}
    write(_ENVIRONMENT["FLEET_RESULT"], json.dumps(told))
    if PLAY["kind"] == "nothing_changed":
        return
    write(f"work/{KEY}.txt", f"{KEY}\n")
    globals()[PLAY["kind"]]()


if __name__ == "__main__":
    main()
