"""The repository of a soak: a small project with a check, and room for many to work on it."""

from pathlib import Path

from tests.repos import a_repository, git

PAGES, LISTS = 8, 40  # more than the tasks of a kind need

FILES = {
    "scripts/check.sh": (
        "set -e\nexport PYTHONPATH=. PYTHONDONTWRITEBYTECODE=1\n"
        "python3 -m unittest discover -q -s tests -t .\n"
    ),
    "shop/__init__.py": "",
    "shop/sums.py": "def total(prices):\n    return sum(prices)\n",
    "tests/__init__.py": "",
    "tests/test_sums.py": (
        "import unittest\n\nfrom shop import sums\n\n\n"
        "class Sums(unittest.TestCase):\n"
        "    def test_none(self):\n        self.assertEqual(sums.total([]), 0)\n\n"
        "    def test_two(self):\n        self.assertEqual(sums.total([2, 3]), 5)\n"
    ),
    "tests/test_rooms.py": (
        "import pathlib\nimport unittest\n\n\n"
        "class Rooms(unittest.TestCase):\n"
        "    def test_a_room_is_let_once(self):\n"
        "        for room in pathlib.Path('rooms').iterdir():\n"
        "            if room.is_dir():\n"
        "                self.assertLessEqual(len(list(room.iterdir())), 1, room)\n"
    ),
    "rooms/readme.txt": "a folder for each room that is let, with its guest\n",
    **{
        f"pages/{page}.txt": "".join(f"line {line}\n" for line in range(60))
        for page in range(PAGES)
    },
    **{f"lists/{number}.txt": "the end\n" for number in range(LISTS)},
}


def a_project(folder: Path) -> str:
    """Make the repository, with nobody's checkout on its target; answer its first commit."""
    a_repository(folder, FILES)
    git(folder, "switch", "--quiet", "--detach")
    return git(folder, "rev-parse", "main")
