"""The contract of the ledger about verdicts: what a check said of a tree is found again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.domain.errors import NotFoundError
from fleet.domain.result import Verdict, VerdictStatus
from fleet.ports import Append, Save
from tests.builders import NOW, a_task, a_verdict, an_attempt

RAN = a_verdict(definition="lint", image="sha256:1")
ASKED = {"tree": RAN.tree, "definition": RAN.definition, "image": RAN.image}


@pytest.fixture
def known(ledger):
    """Answer what appends verdicts and then asks for the known one of `ASKED`."""
    attempts = an_attempt("APP-1"), an_attempt("APP-2")
    ledger.commit([Save(row=row) for row in (a_task("APP-1"), a_task("APP-2"), *attempts)])

    def asked(*verdicts: Verdict) -> Verdict | None:
        ledger.commit([Append(row=verdict) for verdict in verdicts])
        found: Verdict | None = ledger.known_verdict(**ASKED)
        return found

    return asked


@pytest.mark.parametrize("status", [VerdictStatus.PASSED, VerdictStatus.FAILED])
def test_what_a_check_said_of_a_tree_is_known(known, status):
    ran = replace(RAN, status=status, sha="9" * 40, stdout="out", log="traces/x.log")

    assert known(ran) == ran


@pytest.mark.parametrize("other", [{"tree": "0" * 40}, {"definition": "test"}, {"image": "new"}])
def test_another_tree_check_or_image_is_not_known(known, other):
    assert known(replace(RAN, **other)) is None


def test_an_error_is_never_known(known):
    assert known(replace(RAN, status=VerdictStatus.ERROR, error="no room")) is None


def test_the_oldest_run_is_known_whoever_had_it(known):
    copy = replace(RAN, source="app-9-1-00000000")
    first = replace(RAN, attempt=an_attempt("APP-2").id)
    second = replace(RAN, at=NOW - timedelta(hours=1), status=VerdictStatus.FAILED)

    assert known(copy, first, second) == first


def test_a_verdict_of_a_transaction_that_failed_is_not_known(known, ledger):
    nobodys = a_verdict("app-7-1-00000000")

    with pytest.raises(NotFoundError):
        ledger.commit([Append(row=RAN), Append(row=nobodys)])

    assert known() is None
