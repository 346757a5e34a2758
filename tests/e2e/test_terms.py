"""A home is coordinated by one alone, between machines too; the succeeded leave all as it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.system import SystemClock
from fleet.domain.errors import StaleLeaseError
from fleet.domain.term import Term
from fleet.ports import Save
from tests.e2e.fleets import Home
from tests.e2e.test_adoption import (
    WRITES,
    coordinating,
    eventually,
    running,
    states,
    works,
)

pytestmark = [
    pytest.mark.docker,
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.timeout(400),
]


@contextmanager
def ledger_of(url: str) -> Iterator[SqlLedger]:
    ledger = SqlLedger(url, clock=SystemClock())
    try:
        yield ledger
    finally:
        ledger.close()


@pytest.fixture
def shared(home: Home, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home whose ledger other machines use as well."""
    (home.folder / ".fleet" / "ledger-id").unlink()
    monkeypatch.setenv("FLEET_DATABASE_URL", postgres_url)
    return postgres_url


def elsewhere(standing: Term | None, *, silent_for: float = 0.0) -> Term:
    """Answer the term of a coordinator of the same home on another machine."""
    now = datetime.now(UTC) - timedelta(seconds=silent_for)  # noqa: TID251 - the command's clock
    number, version = (standing.number + 1, standing.version) if standing else (1, 0)
    return Term(
        number=number,
        holder="another",
        host="other:/srv/fleet",
        pid=99,
        what="fleet up",
        since=now,
        beat=now,
        version=version,
    )


def seized(ledger: SqlLedger) -> bool:
    """Take the term from whoever has it; False where a beat of theirs came in between."""
    try:
        ledger.commit([Save(row=elsewhere(ledger.term()))])
    except StaleLeaseError:
        return False
    return True


def test_a_home_that_is_coordinated_on_another_machine_is_refused_naming_it(
    home: Home, shared: str
) -> None:
    works(home, 1)
    key = home.task("do it")
    with ledger_of(shared) as ledger:
        ledger.commit([Save(row=elsewhere(None))])

    refused = home.run("run")
    holder = home.ask("status", "--json").json["coordinator"]
    shown = home.ask("status")

    assert refused.code == 1
    (line,) = refused.err.splitlines()
    assert "process 99 on other:/srv/fleet (fleet up) coordinates this home since" in line
    assert "stop it there" in line
    assert (holder["pid"], holder["host"], holder["holder"]) == (
        99, "other:/srv/fleet", "fleet up"
    )  # fmt: skip
    assert "process 99 on other:/srv/fleet (fleet up)" in shown.out
    assert states(home, key) == []


def test_a_term_that_lapsed_on_another_machine_is_taken_over(home: Home, shared: str) -> None:
    works(home, 1)
    key = home.task("do it")
    with ledger_of(shared) as ledger:
        ledger.commit([Save(row=elsewhere(None, silent_for=61))])

    done = home.run("run")

    assert done.code == 0, done.err
    assert states(home, key) == ["merged"]
    with ledger_of(shared) as ledger:
        term = ledger.term()
    assert term is not None
    assert (term.number, term.ended) == (2, True)
    assert term.host.endswith(f":{home.folder}")


def test_a_deposed_coordinator_ends_with_one_line_and_its_container_lives_on(
    home: Home, shared: str
) -> None:
    flag = home.waiting_agent("works", WRITES)
    key = home.task("do it")
    with coordinating(home) as process:
        eventually(running(home, key))
        with ledger_of(shared) as ledger:
            eventually(lambda: seized(ledger))
        late = home.task("do it too")
        _, said = process.communicate(timeout=150)

    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        "fleet: process 99 on other:/srv/fleet (fleet up) coordinates this home now "
        "(leave it the work)"
    )
    assert states(home, key) == ["running"]
    assert states(home, late) == []
    assert home.containers() == [f"fleet-{key.lower()}-1-{home.home8}"]

    with ledger_of(shared) as ledger:
        term = ledger.term()
        assert term is not None
        ledger.commit([Save(row=replace(term, ended=True))])
    flag.write_text("go")
    done = home.run("run")

    assert done.code == 0, done.err
    assert (states(home, key), states(home, late)) == (["merged"], ["merged"])
