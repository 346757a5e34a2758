"""A credential in real containers: read by the runner alone, and found nowhere else."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from signal import SIGKILL

import pytest

from fleet.adapters.system import SystemClock
from tests.conftest import ROOT
from tests.containers import eventually
from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(400)]

# its own: another suite on this machine may be about to remove one of the same name
IMAGE = f"fleet-agent:test-secrets-{token_hex(4)}"
KEY = "sk-ant-api03-very-secret-0123456789"
DOCKERFILE = """\
FROM fleet-agent:small
COPY fleet_agent /opt/fleet/fleet_agent
COPY claude /usr/local/bin/claude
LABEL fleet.agents='{"command": "1", "claude": "a stand-in"}'
"""
# stands for the CLI: takes its key as the real one does, says what it saw, and waits to go on
CLAUDE = """\
#!/usr/bin/env python3
import hashlib, json, os, pathlib, subprocess, sys, time
if "--version" in sys.argv:
    sys.exit(print("9.9 (stand-in)"))
key = os.fdopen(int(os.environ["CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR"])).read().strip()
def left_behind():
    try:
        return sorted(os.listdir("/fleet/secret"))
    except OSError:
        return []
# fleet deletes them once it hears that they were read: on a busy machine a moment after we begin
until = time.monotonic() + 100
while (left := left_behind()) and time.monotonic() < until:
    time.sleep(0.05)
seen = {"key": hashlib.sha256(key.encode()).hexdigest(), "uid": os.getuid(), "left": left,
        "region": os.environ.get("TEST_REGION"), "environ": key in str(dict(os.environ))}
pathlib.Path("seen.json").write_text(json.dumps(seen))
if os.environ["TEST_SPEAKS"] == "yes":
    subprocess.run(["fleet-agent", "report", "progress", "my key is " + key], check=True)
while not pathlib.Path("/workspace/go").exists():
    time.sleep(0.05)
os.unlink("/workspace/go")
print(json.dumps({"type": "system", "subtype": "init", "session_id": "s"}))
print(json.dumps({"type": "result", "subtype": "success", "is_error": False, "num_turns": 1,
                  "result": "done", "session_id": "s", "total_cost_usd": 0.02,
                  "usage": {"input_tokens": 5, "output_tokens": 1}, "permission_denials": [],
                  "terminal_reason": "completed"}), flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The small image with today's SDK and a program called claude."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "claude").write_text(CLAUDE)
    (folder / "claude").chmod(0o755)
    shutil.copytree(ROOT / "agent-image" / "fleet_agent", folder / "fleet_agent")
    subprocess.run(["docker", "build", "-q", "-t", IMAGE, folder], check=True, capture_output=True)
    yield
    subprocess.run(["docker", "rmi", "-f", IMAGE], check=True, capture_output=True)


@pytest.fixture
def home(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with an account whose key is in the environment."""
    monkeypatch.setenv("TEST_ALICE_KEY", KEY)
    monkeypatch.setenv("TEST_REGION", "north")
    monkeypatch.setenv("TEST_SPEAKS", "no")
    path = home.folder / "fleet.yaml"
    fleet = json.loads(path.read_text())
    fleet["projects"][0]["image"] = IMAGE
    fleet["accounts"] = [
        {
            "name": "alice",
            "agent": "claude",
            "credential": {"env": "TEST_ALICE_KEY", "kind": "api_key"},
            "env_passthrough": ["TEST_REGION", "TEST_SPEAKS"],
        }
    ]
    path.write_text(json.dumps(fleet))
    limits = {"cpus": 2, "memory": "512m", "pids": 128}
    profile = {"name": "dev", "agent": "claude", "roles": ["developer"], "max_cost_usd": 1}
    (home.folder / "profiles" / "dev.yaml").write_text(json.dumps(profile | {"limits": limits}))
    return home


def files_with(folder: Path, text: str) -> list[Path]:
    """Answer the files below a folder that hold a text."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if text.encode() in path.read_bytes()]


@contextmanager
def under_way(home: Home, *words: str) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Answer a run whose agent is at work, and its worktree."""
    with home.start(*words) as process:
        try:
            spaces = home.folder / ".fleet" / "worktrees"
            eventually(lambda: list(spaces.glob("*/seen.json")), within=180)
            (space,) = spaces.iterdir()
            yield process, space
        finally:
            process.kill()


def docker(*words: str) -> str:
    """Ask the engine's client and answer all it says."""
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_the_runner_reads_the_key_and_nobody_else_does(home: Home) -> None:
    key = home.task("look around")
    with under_way(home, "run", "--json") as (process, space):
        eventually(lambda: not Path("/dev/shm", f"fleet-{home.home8}").exists(), within=60)
        (container,) = home.containers()
        inspected = docker("inspect", container)
        assert "/fleet/secret" in inspected
        assert KEY not in inspected
        assert KEY not in docker("top", container, "axww", "-o", "pid,args")
        assert KEY not in docker("logs", container)
        assert files_with(home.folder, KEY) == []
        (space / "go").touch()
        out, err = process.communicate(timeout=150)

    assert (process.returncode, json.loads(out)["merged"]) == (0, 1), err
    digest, owner = hashlib.sha256(KEY.encode()).hexdigest(), home.repository.stat().st_uid
    seen = json.loads(git(home.repository, "show", "main:seen.json"))
    assert seen == {"key": digest, "uid": owner, "left": [], "region": "north", "environ": False}
    assert files_with(home.folder, KEY) + files_with(home.repository, KEY) == []
    assert KEY not in json.dumps(home.show(key)) + out + err


def test_a_key_that_the_agent_tells_is_taken_out_of_what_it_says(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SPEAKS", "yes")
    key = home.task("tell it all")
    with under_way(home, "--verbose", "run", "--json") as (process, space):
        (space / "go").touch()
        _, err = process.communicate(timeout=150)

    assert process.returncode == 0, err
    assert "my key is [redacted]" in home.run("task", "log", key).out
    assert KEY not in err
    assert files_with(home.folder, KEY) == []


def test_no_secret_outlives_a_killed_coordinator(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Path("/dev/shm", f"fleet-{home.home8}")
    home.task("look around")
    monkeypatch.setenv("FLEET_FAILPOINTS", "secrets.write:after=kill")
    assert home.run("run").code == -SIGKILL
    assert list(memory.iterdir())
    monkeypatch.delenv("FLEET_FAILPOINTS")

    with under_way(home, "run", "--json") as (process, space):
        eventually(lambda: not memory.exists(), within=60)
        (space / "go").touch()
        out, err = process.communicate(timeout=150)

    assert (process.returncode, json.loads(out)["merged"]) == (0, 1), err
    assert not memory.exists()


def test_a_key_that_is_not_set_starts_nothing_and_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_ALICE_KEY")
    key = home.task("look around")

    done = home.run("run", "--json")

    assert done.code == 1
    assert done.json["waiting"] == [key]
    said = "the credential in variable TEST_ALICE_KEY is not set where fleet runs"
    assert said in done.json["tasks"][0]["reason"]
    assert (home.show(key)["attempts"], home.containers()) == ([], [])


def test_an_image_without_the_program_starts_no_container(home: Home) -> None:
    without = f"{IMAGE}-without"
    label = """LABEL fleet.agents='{"command": "1", "claude": null}'"""
    built = ["docker", "build", "-q", "-t", without, "-"]
    subprocess.run(built, check=True, input=f"FROM {IMAGE}\n{label}\n".encode())
    path = home.folder / "fleet.yaml"
    path.write_text(path.read_text().replace(IMAGE, without))
    key = home.task("look around")

    done = home.run("run", "--json")

    docker("rmi", without)
    assert done.code == 1
    assert home.show(key)["reason"].startswith(f"claude is not in image {without}")
    assert home.containers() == []


def account_of(home: Home, **keys: object) -> None:
    """Change the account."""
    path = home.folder / "fleet.yaml"
    fleet = json.loads(path.read_text())
    fleet["accounts"][0].update(keys)
    path.write_text(json.dumps(fleet))


def doctor(home: Home) -> tuple[int, dict[str, tuple[str, str]]]:
    """Answer doctor's exit code, and status and detail of each check."""
    done = home.run("doctor", "--json")
    assert KEY not in done.out + done.err
    return done.code, {row["check"]: (row["status"], row["detail"]) for row in done.json}


def test_doctor_says_versions_credentials_and_which_profiles_can_run(home: Home) -> None:
    account_of(home, expires="2999-12-31")

    code, rows = doctor(home)

    assert code == 0, rows
    assert rows[f"image {IMAGE}"] == ("ok", "claude 9.9 (stand-in)")
    assert rows["account alice"] == ("ok", "api_key found in variable TEST_ALICE_KEY")
    assert rows["profile dev"] == ("ok", "claude by alice")
    assert home.containers() == []


def test_doctor_warns_before_a_credential_ends_and_fails_after(home: Home) -> None:
    today = SystemClock().now().date()
    account_of(home, expires=(today + timedelta(days=30)).isoformat())
    code, rows = doctor(home)
    assert (code, rows["account alice"][0], rows["profile dev"][0]) == (0, "warn", "ok")

    account_of(home, expires=(today - timedelta(days=1)).isoformat())
    code, rows = doctor(home)
    assert (code, rows["account alice"][0], rows["profile dev"][0]) == (1, "fail", "warn")
    assert "it expired on" in rows["account alice"][1]


def test_doctor_and_profile_check_name_what_is_missing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_ALICE_KEY")

    code, rows = doctor(home)
    checked = home.run("profile", "check")

    assert (code, rows["account alice"][0]) == (1, "fail")
    assert "variable TEST_ALICE_KEY is not set" in rows["account alice"][1]
    assert rows["profile dev"] == ("warn", "it cannot run: no valid credential of alice")
    assert "variable TEST_ALICE_KEY is not set" in checked.err


def test_doctor_warns_of_a_credential_that_others_can_read(home: Home) -> None:
    path = home.folder / "login.json"
    path.write_text(json.dumps({"claudeAiOauth": {"accessToken": KEY}}))
    path.chmod(0o644)
    account_of(home, credential={"file": "login.json", "kind": "auth_file"})

    _, rows = doctor(home)

    status, detail = rows["account alice"]
    assert (status, "other users can read it" in detail) == ("warn", True)
