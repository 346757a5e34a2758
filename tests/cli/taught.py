"""Lessons in a home, written as an attempt's and a person's would be."""

import json

from fleet.app.remembering import keep
from fleet.bootstrap import memory_of, office_open
from fleet.config import read_settings
from fleet.domain.lesson import Draft, LessonStatus, Origin, Provenance, Scope
from tests.e2e.fleets import Home

# texts that have little to do with each other
CACHE = "Tests pass alone but fail in the full suite"
LOCK = "Database is locked with parallel writers"
SOCKET = "Docker socket permission denied in the agent container"


def taught(home: Home, title: str, *, task="APP-1", author="dev", status="proposed", **said) -> str:
    """Keep what an agent taught of the project APP; answer the lesson's id."""
    by = Provenance(origin=Origin.AGENT, author=author, task=task, attempt=f"{task}-1")
    with office_open(read_settings(home.folder)) as office:
        kept = keep(
            Draft(title=title, **said),
            by,
            scope=Scope(project="APP"),
            status=LessonStatus(status),
            memory=memory_of(office),
        )
    return kept.lesson.id


def statuses(home: Home) -> dict[str, str]:
    """Answer the status of every lesson by its id."""
    return {row["id"]: row["status"] for row in home.run("memory", "list", "--all", "--json").json}


def lines(home: Home, name: str, rows) -> str:
    """Write a file of lessons beside the home; answer its path."""
    path = home.folder.parent / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)
