"""What a soak draws, and what its judge lets pass: a soak that sees nothing would prove nothing."""

from dataclasses import replace
from random import Random  # noqa: TID251 - whoever throws the dice is given them

import pytest

from tests.soak.judging import Row, ends
from tests.soak.kinds import KINDS, Lot, drawn
from tests.soak.project import LISTS, PAGES
from tests.soak.table import table

SAID = {
    "exits_1": "1 attempts broke off: crash: the command ended with exit code 1",
    "nothing_changed": "1 red attempts: the attempt changed nothing",
    "late_writer": "1 attempts broke off: timeout: the attempt's time is over (3 s)",
    "submodule": "1 red attempts: submodules are not checked out: .gitmodules",
    "link_out": "1 red attempts: a link leads out of the tree: link",
}


def kept():
    """A morning on which everything is as it should be."""
    return [row(number, lot) for number, lot in enumerate(drawn(Random(7), 200), 1)]


def row(number, lot):
    kind, key = lot.kind, f"APP-{number}"
    if lot.place < kind.merged:
        return Row(key=key, lot=lot, status="done", reason="merged")
    red = f"{1 + kind.retries} red attempts: red: check"
    reason = SAID.get(kind.name, red)
    if kind.status == "waiting":
        reason = f"approval A-1: {kind.says.rpartition('.*')[2]}"
    if kind.name == "one_room":
        together = "1 red attempts: green alone, red once merged into the target"
        reason = f"{together}; merged meanwhile: APP-{number - 1}"
    return Row(key=key, lot=lot, status=kind.status, reason=reason)


def test_the_same_seed_draws_the_same_tasks():
    assert drawn(Random(3), 200) == drawn(Random(3), 200)
    assert drawn(Random(3), 200) != drawn(Random(4), 200)


@pytest.mark.parametrize("seed", range(20))
def test_two_hundred_tasks_are_of_every_kind_and_two_fifths_are_bad(seed):
    lots = drawn(Random(seed), 200)

    bad = sum(lot.place >= lot.kind.merged for lot in lots)
    assert (len(lots), bad) == (200, 80)
    assert {lot.kind.name for lot in lots} == KINDS.keys()
    assert len(set(lots)) == 200
    assert max(lot.group for lot in lots if lot.kind.name == "same_list") < LISTS
    assert max(lot.group for lot in lots if lot.kind.name == "lines_of_a_page") < PAGES * 8


def test_a_morning_as_it_should_be_breaks_no_promise():
    assert list(ends(kept())) == []


def test_a_bad_task_that_was_merged_is_found():
    rows = [replace(row, status="done") if row.lot.kind.name == "red" else row for row in kept()]

    assert any("red: 1 of 1 merged" in breach for breach in ends(rows))


def test_a_good_task_that_was_not_merged_is_found():
    first, *rest = sorted(kept(), key=lambda row: row.lot.kind.name != "own_file")

    assert any("own_file" in breach for breach in ends([replace(first, status="failed"), *rest]))


def test_both_of_two_that_are_red_together_are_found():
    rows = [replace(r, status="done") if r.lot.kind.name == "one_room" else r for r in kept()]

    assert any("one_room: 2 of 2 merged" in breach for breach in ends(rows))


def test_a_refusal_for_a_wrong_reason_is_found():
    wrong = [replace(row, reason="no profile is left") for row in kept()]

    bad = [row for row in wrong if row.status != "done"]
    assert len(list(ends(wrong))) == len(bad)


def test_who_does_not_name_whom_it_is_red_with_is_found():
    rows = [replace(r, reason=r.reason.partition("; merged")[0]) for r in kept()]

    assert any("does not name" in breach for breach in ends(rows))


def test_the_table_counts_every_task_once():
    rows = kept()

    said = table(rows)

    assert said.splitlines()[-1].startswith("| all | 200 | 120 | 80 |")
    assert len(said.splitlines()) == 3 + len(KINDS)


def test_a_group_is_never_cut_short():
    lots = drawn(Random(1), 24)

    assert len(lots) == 24
    for lot in lots:
        whole = {Lot(kind=lot.kind, group=lot.group, place=n) for n in range(lot.kind.size)}
        assert whole <= set(lots)
