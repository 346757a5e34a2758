"""The checker finds what is doctored: one that cannot fail would be worth nothing."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random  # noqa: TID251 - a stage is given a seeded one

import pytest

from tests.builders import HOME8
from tests.chaos.checker import check, judged
from tests.chaos.evidence import gathered
from tests.chaos.morning import Morning, a_morning
from tests.chaos.stage import Stage
from tests.e2e.fleets import Home

ROOT = Path(__file__).resolve().parents[2]
FIRST = f"app-1-1-{HOME8}"

LEDGER = {
    "task APP-9 was added by nobody": "UPDATE tasks SET key = 'APP-9' WHERE key = 'APP-3'",
    "task APP-3 is not in the ledger": "DELETE FROM tasks WHERE key = 'APP-3'",
    "task APP-3 is done, not failed": "UPDATE tasks SET resolution = 'merged' WHERE key = 'APP-3'",
    "task APP-1 is cancelled, not done": (
        "UPDATE tasks SET resolution = 'cancelled' WHERE key = 'APP-1'"
    ),
    "task APP-3 is failed without a reason": "UPDATE tasks SET reason = '' WHERE key = 'APP-3'",
    "task APP-1 is nowhere": "UPDATE tasks SET resolution = NULL WHERE key = 'APP-1'",
    "task APP-4 is nowhere": "UPDATE pending_actions SET status = 'approved'",
    "task APP-5 is nowhere": "UPDATE pull_requests SET status = 'rejected' WHERE task = 'APP-5'",
    "task APP-2 has 2 merged attempts": "UPDATE attempts SET state = 'merged' WHERE task = 'APP-2'",
    "task APP-1 has 2 merged pull_requests": (
        "INSERT INTO pull_requests SELECT * FROM pull_requests WHERE task = 'APP-1'"
    ),
    "task APP-1 has live attempts": "UPDATE attempts SET state = 'running' WHERE task = 'APP-1'",
    "task APP-5 has live attempts: app-5-1-0badcafe, app-5-1-0badcafe": (
        "INSERT INTO attempts SELECT * FROM attempts WHERE task = 'APP-5'"
    ),
    "task APP-2 has attempts of numbers [1, 7]": (
        "UPDATE attempts SET number = 7 WHERE task = 'APP-2' AND number = 2"
    ),
    f"attempt {FIRST} is of no task": f"UPDATE attempts SET task = 'APP-8' WHERE id = '{FIRST}'",
    f"attempt {FIRST} is merged without a reason": (
        f"UPDATE attempts SET reason = '' WHERE id = '{FIRST}'"
    ),
    f"attempt {FIRST} was never cleaned up": (
        f"UPDATE attempts SET cleaned = 0 WHERE id = '{FIRST}'"
    ),
    f"event line 2 of {FIRST} is there 2 times": (
        f"INSERT INTO events SELECT * FROM events WHERE attempt = '{FIRST}' AND seq = 2"
    ),
    f"event lines of {FIRST} are out of order": (
        f"UPDATE events SET seq = 9 - seq WHERE attempt = '{FIRST}'"
    ),
    f"attempt {FIRST} has 2 results": (
        f"UPDATE events SET kind = 'agent.result' WHERE attempt = '{FIRST}' AND seq = 1"
    ),
    "task APP-3 ended 0 times": ("DELETE FROM events WHERE kind = 'task.ended' AND task = 'APP-3'"),
    "is merged as ffff: gone": "UPDATE pull_requests SET merged_sha = 'ffff' WHERE task = 'APP-1'",
    "was never checked as it stands": f"DELETE FROM verdicts WHERE attempt = '{FIRST}'",
    "the mark APP-1-1 stands there, its task is not merged": (
        "UPDATE tasks SET resolution = 'failed' WHERE key = 'APP-1'"
    ),
    "app-3-1-0badcafe is merged, its mark is not there": (
        "UPDATE attempts SET state = 'merged' WHERE task = 'APP-3'"
    ),
    "lost: the mark APP-3-2 is in no branch": (
        "UPDATE events SET what = 'marked APP-3-2' WHERE task = 'APP-3' AND kind = 'agent.progress'"
    ),
    "lost: app-3-1-0badcafe finished and never said": (
        "DELETE FROM events WHERE task = 'APP-3' AND kind = 'agent.progress'"
    ),
    f"money: {FIRST} ran, settled 0 times": f"DELETE FROM settlements WHERE attempt = '{FIRST}'",
    f"money: {FIRST} ran, settled 2 times": (
        f"INSERT INTO settlements SELECT * FROM settlements WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} never ran, settled 1 times": (
        f"UPDATE attempts SET outcome = NULL WHERE id = '{FIRST}'"
    ),
    "money: app-7-1-0badcafe is settled, there is no such attempt": (
        f"UPDATE settlements SET attempt = 'app-7-1-{HOME8}' WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} has 0 reservations": f"DELETE FROM reservations WHERE attempt = '{FIRST}'",
    f"money: {FIRST} has 2 reservations": (
        f"INSERT INTO reservations SELECT * FROM reservations WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} holds 50000, 7 are reserved": (
        f"UPDATE reservations SET micros = 7 WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} still holds 50000": (
        f"UPDATE attempts SET state = 'leased' WHERE id = '{FIRST}'"
    ),
    f"money: {FIRST} is settled for another usage": (
        f"UPDATE attempts SET usage = '{{}}' WHERE id = '{FIRST}'"
    ),
    f"money: {FIRST} is settled with 20000, 10000 are due": (
        f"UPDATE settlements SET micros = 20000 WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} is settled with 10000, 50000 are due": (
        f"UPDATE settlements SET estimated = 1 WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} is settled for account bob": (
        f"UPDATE settlements SET account = 'bob' WHERE attempt = '{FIRST}'"
    ),
    f"money: {FIRST} told of 10000, less was settled": (
        f"UPDATE settlements SET micros = 5000 WHERE attempt = '{FIRST}'"
    ),
    "money: 0 are booked for 2026-03-14, 60000 were spent": (
        "UPDATE settlements SET day = '2026-03-15'"
    ),
    "money: 50000 are booked for project 2026-03-14": (
        f"UPDATE settlements SET project_day = '2026-03-15' WHERE attempt = '{FIRST}'"
    ),
    "left: the term 1 of life-1 has not ended": "UPDATE terms SET ended = 0",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A sound morning, made once; each test doctors a copy."""
    return a_morning(tmp_path_factory.mktemp("made") / "morning").folder


@pytest.fixture
def morning(made, tmp_path) -> Morning:
    return Morning(Path(shutil.copytree(made, tmp_path / "morning", symlinks=True)))


def found(morning: Morning, words: str, **engine) -> bool:
    """Tell whether those words are said of it."""
    said = list(judged(morning.evidence(**engine)))
    return any(words in each for each in said)


def test_nothing_is_found_in_a_sound_morning(morning):
    assert list(judged(morning.evidence())) == []


@pytest.mark.parametrize("words", LEDGER)
def test_a_doctored_ledger_is_found(morning, words):
    morning.sql(LEDGER[words])

    assert found(morning, words)


def test_a_ledger_whose_file_is_damaged_is_found(morning):
    path = morning.home / ".fleet" / "ledger.db"
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(content)

    assert found(morning, "ledger: ")


def test_a_target_that_left_its_old_way_is_found(morning):
    start = morning.start
    alien = morning.git("commit-tree", "-m", "elsewhere", f"{start}^{{tree}}")
    evidence = morning.evidence()
    morning.git("update-ref", "refs/heads/main", alien)

    assert any("is not on it any more" in said for said in judged(evidence))


def test_a_change_that_was_merged_twice_is_found(morning):
    morning.git("switch", "--quiet", "main")
    morning.git("revert", "--no-edit", "--mainline", "1", "main")
    morning.git("revert", "--no-edit", "main")

    assert found(morning, "changes the mark APP-2-1")
    assert found(morning, "the mark APP-2-2 came 2 times")


def test_a_merge_that_brings_nothing_is_found(morning):
    tree = morning.git("rev-parse", "main^{tree}")
    empty = morning.git("commit-tree", "-p", "main", "-p", "main~1", "-m", "Merge", tree)
    morning.git("update-ref", "refs/heads/main", empty)

    assert found(morning, f"{empty[:12]} brings nobody's work")


def test_work_of_a_refused_task_on_the_target_is_found_and_red(morning):
    morning.git("switch", "--quiet", "main")
    morning.git("merge", "--quiet", "--no-ff", "--message", "Merge APP-3", "fleet/app-3")

    sha = morning.git("rev-parse", "main")[:12]
    assert found(morning, "the mark APP-3-1 stands there, its task is not merged")
    assert found(morning, f"{sha} is red")
    assert found(morning, f"{sha} was never checked as it stands")


def test_a_red_step_is_found_though_the_tip_and_the_check_it_brings_are_green(morning):
    morning.git("switch", "--quiet", "main")
    files = {"red.txt": b"red", "scripts/check.sh": b"true\n", "marks/APP-2-9": b"x\n"}
    for name, content in files.items():
        (morning.repository / name).write_bytes(content)
    morning.git("add", "--all")
    morning.git("commit", "--quiet", "--message", "red")
    red = morning.git("rev-parse", "main")[:12]
    morning.git("revert", "--no-edit", "main")

    assert found(morning, f"{red} is red")


def test_a_branch_that_is_gone_with_its_work_is_found(morning):
    morning.git("update-ref", "-d", "refs/heads/fleet/app-3")

    assert found(morning, "lost: the mark APP-3-1 is in no branch and in no kept ref")


def test_work_under_a_kept_ref_is_not_lost(morning):
    head = morning.git("rev-parse", "fleet/app-3")
    morning.git("update-ref", f"refs/fleet/kept/app-3-1-{HOME8}", head)
    morning.git("update-ref", "-d", "refs/heads/fleet/app-3")

    assert not found(morning, "lost")


def test_work_that_the_trace_alone_tells_of_is_missed_too(morning):
    (morning.home / "traces").mkdir()
    told = '{"kind": "progress", "told": {"message": "marked APP-3-4"}}\n'
    (morning.home / "traces" / "app-3-4.jsonl").write_text(told)

    assert found(morning, "lost: the mark APP-3-4")


def test_a_line_that_was_torn_need_not_have_been_heard(morning):
    morning.sql(
        "UPDATE events SET kind = 'agent.gap', what = '' "
        "WHERE task = 'APP-3' AND kind = 'agent.progress'"
    )

    assert not found(morning, "lost")


def test_a_mark_that_is_kept_empty_is_found(morning):
    morning.git("switch", "--quiet", "--orphan", "torn")
    (morning.repository / "marks").mkdir(exist_ok=True)
    (morning.repository / "marks" / "APP-3-1").touch()
    morning.git("add", "marks")
    morning.git("commit", "--quiet", "--message", "torn")
    morning.git("update-ref", "-d", "refs/heads/fleet/app-3")

    assert found(morning, "the mark APP-3-1 is kept, but not as it was written")


def test_a_repository_that_lacks_an_object_is_found(morning):
    blob = morning.git("rev-parse", "main:scripts/check.sh")
    (morning.repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    assert found(morning, "repository: git fsck")


@pytest.mark.parametrize(
    "place",
    [
        f"home/.fleet/worktrees/app-1-1-{HOME8}",
        f"home/.fleet/git/app-1-1-{HOME8}",
        "home/.fleet/checks/check-1",
        f"home/.fleet/packets/app-1-1-{HOME8}",
        "home/.fleet/shelves/APP-1",
        f"repository/.git/worktrees/app-1-1-{HOME8}",
        f"repository/.git/fleet-app-1-1-{HOME8}.new",
        "repository/.git/refs/heads/main.lock",
        "home/.fleet/stores/1/config.lock",
    ],
)
def test_what_is_left_in_folders_is_found(morning, place):
    (morning.folder / place).mkdir(parents=True)

    assert found(morning, f"left: {morning.folder / place}")


def test_a_shelf_of_a_task_that_is_open_may_stay(morning):
    (morning.home / ".fleet" / "shelves" / "APP-4").mkdir(parents=True)

    assert not found(morning, "left")


def test_a_secret_that_is_left_is_found(morning):
    # a home of its own: this place is shared by all homes of the machine
    (morning.home / ".fleet" / "id").write_text("0badcaff")
    place = Path("/dev/shm/fleet-0badcaff")
    place.mkdir()
    try:
        (place / "app-1-1-0badcaff").mkdir()
        assert found(morning, f"left: {place}/app-1-1-0badcaff")
    finally:
        shutil.rmtree(place)


def test_what_is_left_on_the_engine_is_found(morning):
    name = f"fleet-{FIRST}"

    assert found(morning, f"left: container {name}", containers=[name])
    assert found(morning, f"left: network {name}", networks=[name])


@pytest.mark.parametrize("ref", ["refs/heads/fleet/app-1", "refs/fleet/tries/1"])
def test_refs_of_what_is_over_are_found(morning, ref):
    morning.git("update-ref", ref, "main")

    assert found(morning, f"left: ref {ref}")


def test_a_lock_that_somebody_holds_is_found(morning):
    with (morning.home / ".fleet" / "coordinator.lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        assert found(morning, "coordinator.lock is held")


def a_change(time: int, what: str, attempt: str) -> dict[str, object]:
    return {"time": time, "what": what, "attempt": attempt}


def test_two_containers_of_a_task_at_the_same_time_are_found(morning):
    started = [
        {"time": 0, "alive": []},
        a_change(1, "start", "app-1-1-0badcafe"),
        a_change(2, "start", "app-1-2-0badcafe"),
    ]

    assert found(morning, "app-1-2-0badcafe was started while app-1-1", witnessed=started)


@pytest.mark.parametrize(
    "between", [a_change(2, "die", "app-1-1-0badcafe"), {"time": 2, "alive": []}]
)
def test_containers_of_a_task_one_after_the_other_are_sound(morning, between):
    started = [
        a_change(1, "start", "app-1-1-0badcafe"),
        between,
        a_change(3, "start", "app-1-2-0badcafe"),
        a_change(4, "start", "app-2-1-0badcafe"),
    ]

    assert not found(morning, "was started while", witnessed=started)


def test_the_checker_shares_no_code_with_fleet():
    asked = (
        "import sys, tests.chaos.checker, tests.chaos.witness\n"
        "print([name for name in sys.modules if name.partition('.')[0] in"
        " {'fleet', 'fleet_agent', 'docker', 'sqlalchemy'}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], check=True, cwd=ROOT, capture_output=True, text=True
    )

    assert done.stdout == "[]\n"


@pytest.mark.docker
def test_containers_and_networks_are_seen_by_the_label_of_the_home(morning, tmp_path):
    home = Home(morning.home, morning.repository)
    stage = Stage(folder=tmp_path, repository=morning.repository, home=home, random=Random(1))
    label = ("--label", f"fleet.home={HOME8}")
    name = f"fleet-chaos-{tmp_path.name[-20:]}"
    stage.docker("create", "--name", name, *label, "fleet-agent:small")
    try:
        stage.docker("network", "create", *label, name)
        evidence = gathered(stage)
    finally:
        stage.docker("rm", name)
        stage.docker("network", "rm", name)

    assert (evidence.containers, evidence.networks) == ([name], [name])
    stage.start = morning.start
    assert "task APP-1 was added by nobody" in check(stage)
    assert not any("left" in each for each in check(stage))
