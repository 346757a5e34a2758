"""The log of a check: bounded, redacted, whole lines, fit for a terminal, below the home."""

import pytest

from fleet.adapters.redaction import Redaction
from fleet.adapters.verifying.logs import CheckLogs
from fleet.adapters.verifying.transcript import TAIL, Ends, Transcript

MEGABYTE = 1024**2


def kept(home, *pieces, known=()):
    """Answer what stands in the log of a check that wrote these to standard output."""
    logs = CheckLogs(home, Redaction(known))
    return (home / logs.keep("app-1-1-x", Transcript((1, piece) for piece in pieces))).read_text()


def test_both_streams_stand_in_the_order_they_came(tmp_path):
    said = Transcript([(1, b"one\n"), (2, b"two\n"), (1, b"three\n")])

    assert CheckLogs(tmp_path, Redaction()).keep("a", said) == "traces/checks/a.log"
    assert (tmp_path / "traces/checks/a.log").read_text() == "one\ntwo\nthree\n"
    assert (said.stdout, said.stderr) == ("one\nthree\n", "two\n")


def test_a_newer_run_takes_the_place_of_the_older(tmp_path):
    assert kept(tmp_path, b"first\n") == "first\n"
    assert kept(tmp_path, b"second\n") == "second\n"
    assert [path.name for path in (tmp_path / "traces/checks").iterdir()] == ["app-1-1-x.log"]


def test_what_a_killed_one_left_is_overwritten(tmp_path):
    kept(tmp_path, b"")
    (tmp_path / "traces/checks/.app-1-1-x.log").write_text("half")

    assert kept(tmp_path, b"whole\n") == "whole\n"


def test_the_middle_of_a_flood_is_left_out_and_counted(tmp_path):
    line = b"x" * 1023 + b"\n"

    log = kept(tmp_path, b"begin\n", *[line] * 10_000, b"end\n")

    (said,) = (words for words in log.splitlines() if "left out" in words)
    missing = int(said.split()[0].removeprefix("["))
    assert len(log) - len(said) - 2 + missing == 10_000 * 1024 + len("begin\nend\n")
    assert len(log) < 4 * MEGABYTE + 100
    assert log.startswith("begin\n")
    assert log.endswith("end\n")


def test_nothing_that_moves_a_cursor_stands_in_it(tmp_path):
    log = kept(tmp_path, "a\x1b[2Jb\x07\x00\x9bc\u202ed\r\ne\rf\tg\xffh\n".encode())

    assert log == "a\ufffd[2Jb\ufffd\ufffd\ufffdc\ufffdd\ne\nf\tg\xffh\n"


def test_no_secret_stands_in_it_wherever_pieces_are_cut(tmp_path):
    known, token = "correct-horse-battery", "ghp_" + "a1B2" * 9
    line = f"{known} {token}\n".encode()

    log = kept(tmp_path, *[line] * 6000, known=[known])

    assert log.count("[redacted] [redacted]\n") == 6000
    assert "horse" not in log
    assert "a1B2" not in log


def test_a_private_key_goes_whole_where_a_piece_would_end_in_it(tmp_path):
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIabcd\n" * 40 + "-----END RSA PRIVATE KEY-----\n"

    for before in range(65_536 - 400, 65_536, 50):
        assert "MII" not in kept(tmp_path, b"x" * before + b"\n" + key.encode())


def test_a_link_in_the_way_is_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    (home / "traces").symlink_to(outside)

    assert CheckLogs(home, Redaction()).keep("a", Transcript([(1, b"x")])) == ""
    assert list(outside.iterdir()) == []


def test_a_link_in_the_place_of_the_log_is_replaced(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    kept(tmp_path, b"")
    log = tmp_path / "traces/checks/app-1-1-x.log"
    log.unlink()
    log.symlink_to(outside)

    assert kept(tmp_path, b"theirs") == "theirs"
    assert outside.read_text() == "mine"


def test_tails_are_cut_at_whole_characters():
    said = Transcript([(1, "äx".encode() * TAIL)])

    assert len(said.stdout.encode()) <= TAIL
    assert said.stdout.startswith(("ä", "x"))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_both_ends_of_a_stream_are_kept_whatever_pieces_it_comes_in(size):
    ends, whole = Ends(head=10, tail=20), bytes(range(250))

    for start in range(0, len(whole), size):
        ends.add(whole[start : start + size])

    assert (bytes(ends.first), ends.last) == (whole[:10], whole[-20:])
    assert ends.missing == 220
