"""Shared ground of all tests: what they may touch, what they need, and when a skip is a failure."""

import fcntl
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings
from xdist.scheduler.loadfile import LoadFileScheduling

ROOT = Path(__file__).resolve().parent.parent

# a green engine test is worth nothing when it was skipped: `make test` sets these
REQUIRED_BY = {
    "docker": "FLEET_REQUIRE_DOCKER",
    "postgres": "FLEET_REQUIRE_POSTGRES",
    "agents": "FLEET_REQUIRE_AGENTS",
}

# what has one of these marks waits for more than this test, beside others that do the same
WAITS = ("docker", "postgres", "slow")
# slow as a whole: the world outside, with its repositories, databases, servers and processes
OUTSIDE = ("tests/chaos/", "tests/contract/", "tests/hostile/", "tests/integration/")
# one fixture of the session serves all files below
SHARED = ("tests/hostile",)
# each takes more than a minute: begun late, one would keep the others waiting at the end
LONGEST = (
    "tests/hostile",
    "tests/e2e/test_heartbeats.py",
    "tests/e2e/test_guards.py",
    "tests/e2e/test_adoption.py",
    "tests/chaos/test_faults.py",
)

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Add the marks that follow from others or from a folder before `-m` chooses; longest first."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker("docker")
        if item.nodeid.startswith(OUTSIDE):
            item.add_marker("slow")
        if not item.get_closest_marker("timeout") and takes_long(item):
            item.add_marker(pytest.mark.timeout(300))
    yield
    items.sort(key=lambda item: turn(item.nodeid))


def takes_long(item):
    """Tell whether it waits for others, or tries hundreds of examples where CI asks for them."""
    return any(map(item.get_closest_marker, WAITS)) or is_hypothesis_test(item.obj)


def turn(nodeid):
    """Answer when a test's group begins: the longest first, all others in their random order."""
    found = group(nodeid)
    return LONGEST.index(found) if found in LONGEST else len(LONGEST)


def group(nodeid):
    """Answer what a test stays together with: its file, or a folder that shares one night."""
    path = nodeid.partition("::")[0]
    return next((each for each in SHARED if path.startswith(f"{each}/")), path)


def pytest_xdist_make_scheduler(config, log):
    """Let whole groups run beside each other where files are to: what is shared is made once."""
    return Groups(config, log) if config.getvalue("dist") == "loadfile" else None


class Groups(LoadFileScheduling):
    def _split_scope(self, nodeid):
        return group(nodeid)


def pytest_runtest_setup(item):
    needs = (("docker", engine_absent), ("postgres", postgres_absent), ("agents", agents_absent))
    for marker, absent in needs:
        if item.get_closest_marker(marker) and (reason := absent()):
            refuse(marker, reason)


def pytest_sessionfinish(session):
    """Fail the run for any skip, whoever asked for it, where nothing may be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    strict = all(os.environ.get(variable) for variable in REQUIRED_BY.values())
    if strict and reporter is not None and reporter.stats.get("skipped") and not session.exitstatus:
        reporter.write_line("\nskipped tests count as failed here", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def refuse(marker, reason):
    variable = REQUIRED_BY[marker]
    if os.environ.get(variable):
        pytest.fail(f"{variable} is set, but {reason}", pytrace=False)
    pytest.skip(reason)


@cache
def engine_absent():
    """Return why no Docker engine can be used; empty when one answers."""
    # by the client: the SDK leaves its socket open when nobody answers, which is an error here;
    # what is found counts for the whole process, so that a busy engine is given its time
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        asked = subprocess.run(command, check=False, text=True, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no Docker engine can be asked ({error}): run scripts/engine.sh"
    if asked.returncode:
        return f"no Docker engine answers ({asked.stderr.strip()}): run scripts/engine.sh"
    return ""


@cache
def agents_absent():
    """Return why the real CLIs cannot be driven; empty when the image that holds them is there."""
    image = "fleet-agent:latest"
    asked = subprocess.run(["docker", "image", "inspect", image], check=False, capture_output=True)
    return f"there is no image {image}: run `make images`" if asked.returncode else ""


@cache
def postgres_absent():
    """Return why no PostgreSQL can be used; empty when one is given or can be started."""
    given = os.environ.get("FLEET_TEST_POSTGRES_URL")
    if given or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return ""
    return "PostgreSQL is not installed: run scripts/postgres.sh"


@pytest.fixture(scope="session", autouse=True)
def home_is_explicit() -> Iterator[None]:
    """Seal the user's own home, git configuration and fleet home: a test names what it uses."""
    with tempfile.TemporaryDirectory() as empty, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", empty)
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for name in ("FLEET_HOME", "FLEET_DATABASE_URL", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.delenv(name, raising=False)
        for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
            patch.setenv(f"GIT_{name}", "tests@fleet.invalid")
        # a home is also looked for upwards from here
        patch.chdir(empty)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the URL of a running server: the one given, else a throw-away one of the tests."""
    if given := os.environ.get("FLEET_TEST_POSTGRES_URL"):
        yield given
        return
    script = ROOT / "scripts" / "postgres.sh"
    with script.open() as users:
        # one a checkout: of all processes that use it, the last one to end stops it
        fcntl.flock(users, fcntl.LOCK_SH)
        started = subprocess.run([script, "start"], check=True, text=True, stdout=subprocess.PIPE)
        yield started.stdout.strip()
        with suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            subprocess.run([script, "stop"], check=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of a fresh, empty PostgreSQL database that this test alone uses."""
    from sqlalchemy import create_engine, make_url, text

    # two runs may share one given server
    name = f"fleet_test_{secrets.token_hex(6)}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
