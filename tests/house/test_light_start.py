"""Who only asks for help waits for no library: heavy ones are loaded where they are used."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# what the memory brought: 0.1 to 2 seconds each
MEMORY = {"chromadb", "httpx", "numpy", "onnxruntime", "tokenizers", "tree_sitter"}
HEAVY = MEMORY | {
    "alembic",
    "apscheduler",
    "detect_secrets",
    "docker",
    "psycopg",
    "pydantic",
    "regex",
    "sqlalchemy",
    "sqlite3",
    "yaml",
}
HELP = """
import json, sys
from fleet.cli.main import main
sys.argv[0] = "fleet"
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
# the parsers are a process of their own, alembic alone can load its migrations
ALL = """
import importlib, json, pkgutil, sys
import fleet
for found in pkgutil.walk_packages(fleet.__path__, "fleet."):
    if "migrations" not in found.name and found.name != "fleet.adapters.mapping.child":
        importlib.import_module(found.name)
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(program, *arguments):
    """Answer the libraries that a process loaded until its end."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_help_loads_nothing_heavy():
    assert loaded(HELP, "--help") & HEAVY == set()


@pytest.mark.parametrize("noun", ["memory", "doctor"])
def test_help_on_a_command_loads_nothing_that_the_memory_brought(noun):
    assert loaded(HELP, noun, "--help") & MEMORY == set()


def test_no_module_loads_what_the_memory_brought_before_it_is_used():
    assert loaded(ALL) & MEMORY == set()
