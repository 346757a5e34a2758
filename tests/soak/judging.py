"""The morning after a soak: what an outsider finds, held against what each kind should come to."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.bootstrap import office_open
from fleet.config import read_settings
from fleet.domain.budget import MICROS
from tests.repos import git
from tests.soak.kinds import KINDS, Kind, Lot
from tests.soak.night import COST_USD, IMAGE, Night

_RECHECK = Path(__file__).with_name("recheck.sh")
_TOGETHER = "red once merged"
_KEY = re.compile(r"\bAPP-\d+\b")
_GREEN = re.compile(r"^green [0-9a-f]{40}$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A task in the morning, as the board shows it."""

    key: str
    lot: Lot
    status: str
    reason: str

    @property
    def merged(self) -> bool:
        """Tell whether the board says that it was merged."""
        return self.status == "done"


@dataclass(frozen=True, kw_only=True)
class Morning:
    """What is found; `breaches` are promises that were not kept, none where all is well."""

    rows: tuple[Row, ...]
    green: int
    breaches: tuple[str, ...]


def morning(night: Night) -> Morning:
    """Look at everything from outside."""
    listed = night.home.run("task", "list", "--json").json
    rows = tuple(
        Row(key=one["key"], lot=night.lots[one["key"]], status=one["status"], reason=one["reason"])
        for one in listed
    )
    command = [str(_RECHECK), str(night.repository), night.start, "main", IMAGE]
    rechecked = subprocess.run(command, check=False, capture_output=True, text=True)
    found = [*ends(rows), *_target(night, rows), *_world(night), *_money(night)]
    if rechecked.returncode:
        found.append(f"the independent check: {rechecked.stdout}{rechecked.stderr}")
    green = len(_GREEN.findall(rechecked.stdout))
    return Morning(rows=rows, green=green, breaches=tuple(found))


def ends(rows: Sequence[Row]) -> Iterator[str]:
    """Yield who was merged though bad, refused though good, or refused for a wrong reason."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.lot.kind.name, row.lot.group), []).append(row)
    for (name, _), group in groups.items():
        kind = KINDS[name]
        merged = [row.key for row in group if row.merged]
        if len(merged) != kind.merged:
            said = "; ".join(f"{row.key} {row.status}: {row.reason}" for row in group)
            yield f"{name}: {len(merged)} of {len(group)} merged, {kind.merged} should be ({said})"
        for row in group:
            if not row.merged and kind.bad and not _refused_rightly(row, kind):
                yield f"{name}: {row.key} is {row.status}, for a wrong reason: {row.reason}"
            elif _TOGETHER in row.reason and not set(merged) & set(_KEY.findall(row.reason)):
                yield f"{name}: {row.key} does not name whom it is red with: {row.reason}"


def _refused_rightly(row: Row, kind: Kind) -> bool:
    return row.status == kind.status and re.search(kind.says, row.reason) is not None


def _target(night: Night, rows: Sequence[Row]) -> Iterator[str]:
    """Yield what is on the target without being merged, not there though merged, or twice."""
    merged = {row.key for row in rows if row.merged}
    listed = git(night.repository, "ls-tree", "--name-only", "main", "work/").splitlines()
    standing = {Path(name).stem for name in listed}
    if standing != merged:
        yield f"on the target without being merged: {sorted(standing - merged)}"
        yield f"merged without being on the target: {sorted(merged - standing)}"
    for way in ("--no-merges", "--first-parent"):
        times = _arrivals(night, way)
        odd = {key: times[key] for key in merged | times.keys() if times[key] != 1}
        if odd:
            yield f"came onto the target otherwise than once ({way}): {odd}"
    for row in rows:
        if row.merged and row.lot.kind.name == "same_list":
            text = git(night.repository, "show", f"main:lists/{row.lot.group}.txt")
            if text.splitlines().count(row.key) != 1:
                yield f"{row.key} does not stand once in its list: {text!r}"


def _arrivals(night: Night, way: str) -> Counter[str]:
    """Answer how often each task's own file was added on the target's way."""
    asked = ("log", way, "-m", "--diff-filter=A", "--format=", "--name-only")
    span = f"{night.start}..main"
    names = git(night.repository, *asked, span, "--", "work/").split()
    return Counter(Path(name).stem for name in names)


def _world(night: Night) -> Iterator[str]:
    """Yield what is left behind, what is broken, and what was planted and ran."""
    left = night.home.containers()
    if left:
        yield f"containers left: {left}"
    checked = subprocess.run(
        ["git", "-C", str(night.repository), "fsck", "--full", "--strict", "--no-dangling"],
        check=False,
        capture_output=True,
        text=True,
    )
    if checked.returncode or checked.stderr.strip():
        yield f"git fsck: {checked.stdout}{checked.stderr}"
    if night.sang.exists():
        yield f"a canary sang: {night.sang.read_text()}"
    pulls = night.home.run("pr", "list", "--json").json
    counts = Counter(pull["task"] for pull in pulls if pull["status"] == "merged")
    yield from (f"{key} was merged {times} times" for key, times in counts.items() if times > 1)


def _money(night: Night) -> Iterator[str]:
    """Yield attempts that ran and are not settled once, by what they told."""
    with office_open(read_settings(night.home.folder)) as office:
        settled = office.ledger.settlements()
        ran = {attempt.id for attempt in office.ledger.attempts() if attempt.outcome is not None}
    counts = Counter(row.attempt for row in settled)
    if counts != Counter(ran):
        odd = sorted(each for each in {*counts, *ran} if (counts[each], each in ran) != (1, True))
        yield f"settled otherwise than once: {odd}"
    wrong = {row.attempt for row in settled if row.micros not in {0, round(COST_USD * MICROS)}}
    if wrong:
        yield f"settled with another sum than was told: {sorted(wrong)}"
