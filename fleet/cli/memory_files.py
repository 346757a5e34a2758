"""`fleet memory export`, `rebuild`, and what `add` does: lessons in files, and their vectors."""

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import document, plain, put, say, told, who
from fleet.cli.place import Json, opened
from fleet.domain.errors import BusyError, EmbeddingError
from fleet.domain.lesson import Draft, Lesson, LessonStatus, Scope, digest_of
from fleet.domain.trust import brought, put_away

if TYPE_CHECKING:
    from fleet.app.memory import Memory
    from fleet.app.remembering import Kept
    from fleet.bootstrap import Office
    from fleet.config import LessonEntry

EXPORTED = Path("memory", "lessons.jsonl")
_EVERY = 50  # lessons between two words on how far it is


def register(app: typer.Typer) -> None:
    """Add the commands to the noun."""
    app.command()(export)
    app.command()(rebuild)


def taken_in(entries: "Sequence[LessonEntry]", office: "Office") -> "list[Kept]":
    """Keep all of these, tell what is odd of each; the same ones again change nothing."""
    from fleet.bootstrap import memory_of

    if not entries:
        say("0 lessons")
    for word in _strangers(entries, office):
        say(plain(word))
    memory, kept = memory_of(office), []
    for number, entry in enumerate(entries, start=1):
        one = _kept(entry, memory)
        for word in _words(entry, one, office):
            say(plain(word))
        kept.append(one)
        if number % _EVERY == 0 and sys.stderr.isatty():
            say(f"{number} of {len(entries)} lessons")
    _tell_vectors([each.lesson.id for each in kept], memory)
    return kept


def _tell_vectors(ids: Sequence[str], memory: "Memory") -> None:
    """Say how many lessons can only be found by their words."""
    try:
        there = memory.ledger.embeddings(memory.embedder.space(), ids)
    except EmbeddingError:
        # nobody knows the provider's dimension, so there is no vector of it
        there = {}
    lacking = len(set(ids) - there.keys())
    if lacking:
        say(
            f"{lacking} of {len(set(ids))} lessons have no vector yet: they are found by their "
            "words until `fleet memory rebuild` (`fleet doctor` says why)"
        )


def _kept(entry: "LessonEntry", memory: "Memory") -> "Kept":
    from fleet.app.remembering import keep

    by, scope = entry.provenance(author=who()), Scope(project=entry.project, role=entry.role)
    kept = keep(entry.draft(), by, scope=scope, status=entry.status, memory=memory)
    # an agent's lesson may be found in another's words: what is known of one is not of the other
    if not kept.lesson.kept or kept.lesson.digest != digest_of(entry.draft(), entry.project):
        return kept
    # further steps, found or done: a kill between them is mended by the same file again
    _put_away(entry, kept.lesson, memory)
    return replace(kept, lesson=_brought(entry, kept.lesson, memory))


def _put_away(entry: "LessonEntry", known: Lesson, memory: "Memory") -> None:
    """Take over that others put it away, and say so; what they use is not used here for that."""
    from fleet.app.remembering import change

    reason = entry.reason or "it was quarantined where it comes from"

    def to(lesson: Lesson) -> Lesson:
        return put_away(lesson, entry.status, reason=reason)

    row = change(known.id, memory, kind="lesson.quarantined", who=who(), to=to)
    if row.status is not known.status:
        say(
            plain(
                f"{row.id} was {known.status} and is quarantined now, as in the file: {row.reason} "
                f"(`fleet memory accept {row.id}` where that is not meant)"
            )
        )


def _brought(entry: "LessonEntry", known: Lesson, memory: "Memory") -> Lesson:
    """Take over what was counted elsewhere, and since when; answer the lesson as it stands."""
    from fleet.app.remembering import change

    created = entry.created
    if created is None:
        return memory.ledger.lesson(known.id)

    def to(lesson: Lesson) -> Lesson:
        told = brought(lesson, helpful=entry.helpful, harmful=entry.harmful, created=created)
        same = told.status is entry.status and not told.reason
        return replace(told, reason=entry.reason) if same else told

    return change(known.id, memory, kind="lesson.imported", who=who(), to=to)


def _strangers(entries: "Iterable[LessonEntry]", office: "Office") -> Iterator[str]:
    """Say which projects and roles nobody here has: what is for them is told to nobody."""
    fleet = office.fleet
    roles = {role for profile in fleet.profiles.values() for role in profile.roles}
    for key in sorted({e.project for e in entries if e.project} - fleet.projects.keys()):
        yield f"project {key} is not in fleet.yaml: what is for it is told to nobody"
    for role in sorted({e.role for e in entries if e.role} - roles):
        yield f"no profile has the role {role}: what is for it is told to nobody"


def _words(entry: "LessonEntry", kept: "Kept", office: "Office") -> Iterator[str]:
    """Say what a person who adds a lesson would not expect."""
    from fleet.app.remembering import Fate

    lesson = kept.lesson
    if kept.fate is Fate.FOUND:
        yield f"{lesson.id} says that already; it is {lesson.status}"
        return
    if kept.fate is Fate.REVIVED:
        yield f"{lesson.id} was forgotten, and is back"
    if lesson.status is LessonStatus.QUARANTINED and entry.status is not lesson.status:
        yield (
            f"{lesson.id} is quarantined: {lesson.reason} "
            f"(`fleet memory accept {lesson.id}` where that is meant)"
        )
    changed = ", ".join(_changed(entry.draft(), lesson.said))
    if changed:
        yield (
            f"{lesson.id} is not kept word by word: {changed} held a secret, what cannot be seen, "
            f"or too much (`fleet memory show {lesson.id}`)"
        )
    for twin in office.ledger.lessons(lesson.twins) if lesson.twins else ():
        yield f"{lesson.id} is much like {twin.id}: {twin.title}"


def _changed(given: Draft, kept: Draft) -> Iterator[str]:
    for name in ("title", "problem", "cause", "remedy"):
        composed = unicodedata.normalize("NFC", getattr(given, name))
        if " ".join(composed.split()) != getattr(kept, name):
            yield name
    if {tag.lower() for tag in given.tags} != set(kept.tags):
        yield "tags"
    if {file.removeprefix("./") for file in given.files} != set(kept.files):
        yield "files"


def export(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Else memory/lessons.jsonl.")
    ] = None,
    json: Json = False,
) -> None:
    """Write all lessons into a file, one a line, for git or for another home."""
    from fleet.app import views
    from fleet.config import write_lessons

    with opened(ctx) as office:
        rows = [views.lesson_row(each) for each in office.ledger.lessons() if each.kept]
        path = output or office.home / EXPORTED
        write_lessons(path, rows)
    if json:
        document({"file": str(path), "lessons": len(rows)})
    else:
        say(f"{len(rows)} lessons")
        put(str(path))


def rebuild(ctx: typer.Context, json: Json = False) -> None:
    """Embed what the provider has no vector of, and make the index anew."""
    with opened(ctx) as office:
        holder = _index_made_anew(office)
        lessons = sum(each.kept for each in office.ledger.lessons())
    if json:
        document({"lessons": lessons, "rebuilt": not holder})
        return
    word = f"{holder}, and keeps it right by itself" if holder else "the index is made anew"
    put(plain(f"{lessons} lessons have a vector; {word}"))


def _index_made_anew(office: "Office") -> str:
    """Make vectors, and the index where nobody holds it; answer who does, "" for nobody."""
    from fleet.bootstrap import held_by, index_rebuilt, memory_of

    holder = held_by(office)
    if holder is None:
        try:
            index_rebuilt(office, told)
        except BusyError as error:
            held = error.message
        else:
            return ""
    else:
        held = f"process {holder['pid']} ({holder['holder']}) holds the index"
    # vectors are rows of the ledger: they can be made beside whoever holds the index
    finder = memory_of(office).finder
    finder.catch_up(most=0)  # that this process's own, in memory, is filled is no news
    finder.catch_up(told=told)
    return held
