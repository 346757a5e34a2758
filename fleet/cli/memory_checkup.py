"""What `fleet doctor` says of the memory: its provider, its index, and lessons that wait."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fleet.cli.agent_checkup import Row, row
from fleet.domain.errors import FleetError
from fleet.domain.lesson import Autosave, LessonStatus

if TYPE_CHECKING:
    from fleet.bootstrap import Office

_USED = (LessonStatus.ACTIVE, LessonStatus.PROBATION)


def memory_examined(office: "Office") -> Iterator[Row]:
    """Ask the provider for a vector; compare index and lessons; say what waits for a person."""
    from fleet.bootstrap import embedder

    counts = Counter(lesson.status for lesson in office.ledger.lessons())
    yield _lessons(office, counts)
    provider = embedder(office)
    try:
        provider.embed(["fleet doctor"])
        space = provider.space()
    except FleetError as error:
        told = f"{error.message}: lessons are searched by words alone"
        yield row("embeddings", "warn", told, error.remedy)
        return
    yield row("embeddings", "ok", f"{space} answers")
    yield _index(office, space)


def _lessons(office: "Office", counts: Counter[LessonStatus]) -> Row:
    """Say how many lessons are used, and what becomes of those that attempts teach."""
    rules, waiting = office.fleet.memory, counts[LessonStatus.PROPOSED]
    used = sum(counts[status] for status in _USED)
    said = [f"{used} in use", f"autosave {rules.autosave}"]
    if counts[LessonStatus.QUARANTINED]:
        said.append(f"{counts[LessonStatus.QUARANTINED]} quarantined")
    if rules.top_k == 0:
        said.append("recall is off (memory.top_k is 0)")
    if not waiting:
        return row("lessons", "ok", ", ".join(said))
    off = rules.autosave is Autosave.OFF
    remedy = "fleet memory list --status proposed, then accept or forget them"
    return row("lessons", "warn" if off else "ok", ", ".join([*said, f"{waiting} wait"]), remedy)


def _index(office: "Office", space: str) -> Row:
    from fleet.bootstrap import held_by, index_trouble

    check = "lesson index"
    kept = {lesson.id for lesson in office.ledger.lessons() if lesson.kept}
    lacking = len(kept - office.ledger.embeddings(space).keys())
    if lacking:
        detail = f"{lacking} of {len(kept)} lessons have no vector of {space} yet"
        return row(check, "warn", detail, "fleet memory rebuild")
    holder = held_by(office)
    if holder is not None:
        detail = f"{len(kept)} lessons; process {holder['pid']} ({holder['holder']}) keeps it right"
        return row(check, "ok", detail)
    try:
        trouble = index_trouble(office)
    except FleetError as error:
        return row(check, "warn", f"{error.message}: lessons are searched exactly", error.remedy)
    if trouble:
        remedy = "fleet memory rebuild; the next coordinator does it too"
        return row(check, "warn", trouble, remedy)
    return row(check, "ok", f"{len(kept)} lessons")
