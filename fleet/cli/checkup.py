"""The examinations of `fleet doctor`: each answers one line, with what to do about it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.cli.agent_checkup import Row, agents_examined, row
from fleet.cli.egress_checkup import egress_examined
from fleet.cli.guidance_checkup import guidance_examined
from fleet.cli.memory_checkup import memory_examined
from fleet.cli.pool_checkup import pool_examined
from fleet.domain.errors import FleetError

if TYPE_CHECKING:
    from fleet.bootstrap import Office

_GIT = (2, 39)
_UNWISE = "mend it in fleet.yaml or profiles/, or remove what you do not use"


def examined(home: Path | None) -> list[Row]:
    """Examine everything; what cannot be examined for want of something else is left out."""
    from fleet.bootstrap import office_open
    from fleet.config import read_settings

    rows = [_line("git", _git)]
    try:
        with office_open(read_settings(home)) as office:
            rows.append(_ok("home", str(office.home)))
            rows += _in_home(office)
    except FleetError as error:
        rows.append(_fail("home", error))
    return rows


def _in_home(office: "Office") -> Iterator[Row]:
    from fleet.config import check_profiles

    for warning in check_profiles(office.fleet):
        yield row("profiles", "warn", warning, _UNWISE)
    yield from _machine(office)
    yield from pool_examined(office)
    yield from memory_examined(office)
    yield guidance_examined(office)
    yield from _engine(office)
    for key in office.fleet.projects:
        yield from _project(office, key)


def _line(check: str, examine: Callable[[], str]) -> Row:
    try:
        return _ok(check, examine())
    except FleetError as error:
        return _fail(check, error)


def _ok(check: str, detail: str) -> Row:
    return row(check, "ok", detail)


def _fail(check: str, error: FleetError) -> Row:
    return row(check, "fail", error.message, error.remedy)


def _git() -> str:
    try:
        told = subprocess.run(
            ["git", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.split()[2]
    except (OSError, subprocess.SubprocessError) as error:
        raise FleetError("git does not answer", remedy="install git 2.39 or newer") from error
    if tuple(map(int, told.split(".")[:2])) < _GIT:
        raise FleetError(f"git is {told}", remedy="install git 2.39 or newer")
    return told


def _machine(office: "Office") -> Iterator[Row]:
    """Tell whether attempts may start: disks stay full until somebody acts, the rest passes."""
    from fleet.bootstrap import guards_now

    for guard in guards_now(office):
        if guard.lack:
            status = "fail" if guard.lasting else "warn"
            remedy = f"{guard.remedy}: nothing is dispatched until then"
            yield row(guard.name, status, guard.detail, remedy)
        elif guard.told:
            yield _ok(guard.name, guard.detail)
        else:
            yield row(guard.name, "warn", f"{guard.detail}: it is not guarded", guard.remedy)


def _engine(office: "Office") -> Iterator[Row]:
    from fleet.bootstrap import runtime

    try:
        engine = runtime(office)
        yield _ok("engine", f"Docker {engine.ping()}")
        yield from agents_examined(office, engine)
        yield from egress_examined(office)
    except FleetError as error:
        yield _fail("engine", error)


def _project(office: "Office", key: str) -> Iterator[Row]:
    from fleet.bootstrap import worktrees

    project = office.fleet.projects[key]
    git = worktrees(office)
    name = f"project {key}"
    try:
        tip = git.validate(project)
        yield _ok(name, f"{project.target} at {tip[:12]}")
        for path in project.check_files:
            if not git.has_file(project, tip, path):
                detail = f"{path} is not in {project.target}"
                yield row(
                    name, "fail", detail, f"write the check and commit it to {project.target}"
                )
        blocked = git.target_blocked(project)
        if blocked:
            remedy = "git switch --detach there, or another target"
            yield row(name, "warn", f"merges will wait: {blocked}", remedy)
    except FleetError as error:
        yield _fail(name, error)
