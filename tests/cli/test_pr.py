"""`fleet pr` on a real ledger and repository: what a reviewer sees, says, tries and takes back."""

import os
import pty
import subprocess

import pytest

from fleet.domain.result import VerdictStatus
from tests.builders import a_receipt, a_settlement, a_verdict, an_attempt
from tests.cli.reviewed import committed, in_review, merged, written
from tests.e2e.fleets import FLEET, git

pytestmark = pytest.mark.slow

HOSTILE = "\x1b[2Jgone\x07 \u202eevil \u2028next\rback"
PROMISED = {
    *("number", "task", "project", "status", "branch", "base", "head", "merged_sha", "title"),
    *("summary", "risk", "verdicts", "cost_usd", "created", "reviewers"),
}


def shown(home, number=1):
    return home.ask("pr", "show", str(number), "--json").json


def test_the_documents_hold_the_promised_fields(home):
    pull = in_review(home, {"new.txt": b"a\nb\n"}, size=2)

    (listed,) = home.ask("pr", "list", "--json").json
    page = shown(home)

    assert listed.keys() >= PROMISED
    assert page.keys() >= PROMISED | {"accept", "files", "tried", "attempts", "swaps", "lessons"}
    assert (page["status"], page["head"]) == ("open", pull.head)
    (file,) = page["files"]
    assert (file["path"], file["change"], file["added"]) == ("new.txt", "create", 2)


def test_a_page_says_what_was_wanted_checked_noticed_and_spent(home):
    task = {"goal": "Do it\nwell", "accept": ("test: all green", "it looks nice")}
    risk = ("ci: .github/x.yml changes",)
    pull = in_review(home, {"new.txt": b"a\n"}, task=task, risk=risk, summary="I did it", size=1)
    attempt = an_attempt(id=pull.attempt)
    written(home, appended=[a_settlement(attempt), a_receipt(attempt, to_account="bob")])

    page = home.ask("pr", "show", "1").out

    for line in (
        "  ! ci: .github/x.yml changes",
        "  Do it",
        "  well",
        "  [x] test: all green (check test: passed)",
        "  [ ] it looks nice (not shown by a check: look at it)",
        "the agent says (nobody checked it):",
        "  I did it",
        f"  passed  test alone at {pull.head[:12]} (1.5 s)",
        "  1 file, 1 line",
        "lessons it was handed over: none",
        "  1 local/local: verified, 0.25 USD",
        "fleet pr diff 1, pr checkout 1; then pr approve, comment or reject 1",
        "  0.25 USD in all",
    ):
        assert f"{line}\n" in page, page
    assert "  open: waits for your review" in page
    assert "local/local -> local/bob, no progress for 600 s" in page


def test_a_verdict_of_a_batch_that_never_landed_is_no_verdict_on_this_one(home):
    pull = in_review(home, {"new.txt": b"a\n"}, summary="x")
    red = a_verdict(pull.attempt, sha="e" * 40, status=VerdictStatus.FAILED, error="boom")
    written(home, appended=[red])

    page = shown(home)

    assert [(v["where"], v["status"]) for v in page["verdicts"]] == [("alone", "passed")]
    assert [v["sha"] for v in page["tried"]] == ["e" * 40]
    assert page["risk"] == []
    words = home.ask("pr", "show", "1").out
    assert "and 1 of tries of the queue that did not land" in words
    assert "boom" not in words


def test_words_of_agents_reach_no_terminal_with_control_characters(home):
    in_review(home, {"new.txt": b"x\n"}, title=HOSTILE, summary=HOSTILE, risk=(HOSTILE,))

    told = [home.ask("pr", *words).out for words in (["list"], ["show", "1"])]

    for text in told:
        assert text.replace("\n", "").replace("\t", "").isprintable(), text


def test_a_diff_is_shown_line_by_line_without_control_characters(home):
    files = {"a.txt": f"one{HOSTILE}\n-two\n".encode(), "b.bin": b"\0\1\2", "c\x1bd": b"x\n"}
    in_review(home, files)

    text = home.ask("pr", "diff", "1").out
    stat = home.ask("pr", "diff", "1", "--stat").out

    assert text.replace("\n", "").isprintable()
    assert "+one [2Jgone   evil  next back\n" in text
    assert "Binary files /dev/null and b/b.bin differ" in text
    assert "a.txt" in stat
    assert "\x1b" not in text + stat


def test_files_are_named_in_a_diff_as_people_wrote_them(home):
    in_review(home, {"папка/größe 日本.txt": b"x\n"})

    text = home.ask("pr", "diff", "1").out
    stat = home.ask("pr", "diff", "1", "--stat").out

    assert "+++ b/папка/größe 日本.txt" in text
    assert "папка/größe 日本.txt" in stat


def test_a_diff_is_a_document_too(home):
    pull = in_review(home, {"a.txt": b"one\x1b[2J\n"})

    whole = home.ask("pr", "diff", "1", "--json").json
    stat = home.ask("pr", "diff", "1", "--stat", "--json").json

    assert (whole["number"], whole["base"], whole["head"]) == (1, pull.base, pull.head)
    assert [(file["path"], file["added"]) for file in whole["files"]] == [("a.txt", 1)]
    assert "+one\x1b[2J\n" in whole["diff"]
    assert whole["cut"] is False
    assert stat == {**whole, "diff": None}


def test_a_diff_too_large_to_read_is_cut_and_says_how_to_see_it_all(home):
    pull = in_review(home, {"large.txt": b"0123456789\n" * 110_000})

    done = home.ask("pr", "diff", "1")

    assert len(done.out) < 1_100_000
    assert f"git -C {home.repository} diff {pull.base}...{pull.head}" in done.err


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_diff_is_coloured_on_a_terminal_alone(home, monkeypatch, environment, coloured):
    in_review(home, {"a.txt": b"one\n"})
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    command = [str(FLEET), "--home", str(home.folder), "pr", "diff", "1"]

    done = subprocess.run(command, stdout=theirs, check=False, timeout=30)
    os.close(theirs)
    told = os.read(ours, 100_000)
    os.close(ours)

    assert done.returncode == 0
    assert (b"\x1b[" in told) is coloured
    assert b"+one" in told
    assert "\x1b" not in home.ask("pr", "diff", "1").out


def test_a_list_says_how_old_how_large_and_what_each_waits_for(home):
    in_review(home, {"a.txt": b"1\n"}, size=7, risk=("large: 1",))
    in_review(home, {"b.txt": b"1\n"}, key="APP-2", status="queued")
    in_review(home, {"c.txt": b"1\n"}, key="APP-3", status="approved", reason="main is dirty")

    rows = {row["number"]: row for row in home.ask("pr", "list", "--json").json}
    head, first, *_ = home.ask("pr", "list").out.splitlines()

    assert [rows[n]["waits"] for n in (1, 2, 3)] == [
        "waits for your review",
        "next in the queue of main",
        "main is dirty",
    ]
    named = dict(zip(head.split("\t"), first.split("\t"), strict=True))
    assert (named["SIZE"], named["RISKS"], named["NUMBER"]) == ("7", "1", "1")


def test_an_approval_is_refused_where_the_branch_moved(home):
    pull = in_review(home, {"a.txt": b"1\n"})
    moved = committed(home, {"a.txt": b"2\n"}, branch="fleet/app-1")

    refused = [home.ask("pr", *words) for words in (["approve", "1"], ["merge", "1", "--yes"])]

    for done in refused:
        assert done.code == 1
        assert f"is at {moved[:12]}, but {pull.head[:12]} was verified" in done.err
    assert (shown(home)["status"], shown(home)["moved"]) == ("open", moved)
    assert f"the branch is at {moved[:12]} now" in home.ask("pr", "show", "1").out
    git(home.repository, "update-ref", "refs/heads/fleet/app-1", pull.head)
    assert shown(home)["moved"] is None
    assert home.ask("pr", "approve", "1").code == 0


def test_an_approval_may_name_the_commit_that_was_looked_at(home):
    pull = in_review(home, {"a.txt": b"1\n"})

    wrong = home.ask("pr", "approve", "1", "--sha", "0123456789")
    right = home.ask("pr", "approve", "1", "--sha", pull.head[:10])

    assert (wrong.code, right.code) == (1, 0)
    assert "look at it again" in wrong.err
    assert "no coordinator is at work" in right.err
    assert shown(home)["status"] == "approved"


def test_a_page_stands_where_the_project_is_gone(home):
    in_review(home, {"a.txt": b"1\n"})
    home.configure(projects=[])

    page = home.ask("pr", "show", "1")
    diff = home.ask("pr", "diff", "1")

    assert "git does not have them any more" in page.out
    assert (diff.code, "APP is not in fleet.yaml" in diff.err) == (1, True)


def test_comments_are_kept_and_send_it_back(home):
    in_review(home, {"a.txt": b"1\n"})

    done = home.ask("pr", "comment", "1", "name it better", "and test it")

    page = shown(home)
    assert done.code == 0
    assert "the next attempt is told why" in done.out
    assert page["status"] == "rejected"
    assert [c.rpartition(": ")[2] for c in page["comments"]] == ["name it better", "and test it"]
    assert home.show("APP-1")["pulls"][0]["status"] == "rejected"


def test_a_reviewer_is_told_when_nobody_goes_on_with_it(home):
    in_review(home, {"a.txt": b"1\n"}, task={"max_retries": 0})

    done = home.ask("pr", "reject", "1", "--reason", "no")

    assert "its task fails: 1 red attempts" in done.out
    assert "fleet task retry APP-1" in done.out


def test_a_reviewer_gets_a_worktree_of_exactly_what_was_verified(home, tmp_path):
    pull = in_review(home, {"a.txt": b"one\r\n"})
    folder = tmp_path / "mine"

    done = home.ask("pr", "checkout", "1", str(folder))
    again = home.ask("pr", "checkout", "1", str(tmp_path))

    assert done.code == 0, done.err
    assert (folder / "a.txt").read_bytes() == b"one\r\n"
    assert git(folder, "rev-parse", "HEAD") == pull.head
    assert "worktree remove" in done.err
    assert (again.code, "not empty" in again.err) == (1, True)


def test_a_reviewers_folder_may_be_named_by_any_way_to_it(home, tmp_path):
    pull = in_review(home, {"a.txt": b"1\n"})
    (tmp_path / "place").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "place")

    for folder in (tmp_path / "place" / ".." / "up", tmp_path / "way" / "linked"):
        done = home.ask("pr", "checkout", "1", str(folder))

        assert done.code == 0, done.err
        assert (folder / "a.txt").read_bytes() == b"1\n"
        assert git(folder, "rev-parse", "HEAD") == pull.head


def test_a_dry_merge_says_what_would_happen_and_does_nothing(home):
    in_review(home, {"a.txt": b"1\n"})
    clean = home.ask("pr", "merge", "1", "--dry-run", "--json").json
    merged(home, {"a.txt": b"other\n"}, key="APP-2")
    before = git(home.repository, "for-each-ref")

    clash = home.ask("pr", "merge", "1", "--dry-run", "--json").json

    assert (clean["clean"], clean["files"]) == (True, ["a.txt"])
    assert (clash["clean"], clash["files"]) == (False, ["a.txt"])
    assert git(home.repository, "for-each-ref") == before
    assert shown(home)["status"] == "open"


def test_a_dry_revert_says_whether_it_applies_and_adds_no_task(home):
    merged(home, {"a.txt": b"one\n"})
    clean = home.ask("pr", "revert", "1", "--dry-run", "--json").json
    merged(home, {"a.txt": b"two\n"}, key="APP-2")

    clash = home.ask("pr", "revert", "1", "--dry-run")

    assert (clean["clean"], clean["files"]) == (True, ["a.txt"])
    assert "in conflict with the target" in clash.out
    assert [row["key"] for row in home.ask("task", "list", "--json").json] == ["APP-1", "APP-2"]


def test_a_revert_is_asked_for_once_and_only_of_what_is_merged(home):
    merged(home, {"a.txt": b"one\n"})
    in_review(home, {"b.txt": b"one\n"}, key="APP-2")

    unasked = home.ask("pr", "revert", "1")
    done = home.ask("pr", "revert", "1", "--yes", "--json")
    twice = home.ask("pr", "revert", "1", "--yes")
    early = home.ask("pr", "revert", "2", "--yes")

    assert unasked.code == 2
    assert done.json == {"key": "APP-3", "reverts": 1}
    assert "APP-3 takes pull request 1 back already" in twice.err
    assert "only a merged one" in early.err
    assert (twice.code, early.code) == (1, 1)
