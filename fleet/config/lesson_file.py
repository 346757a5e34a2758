"""Lessons in a file: JSON lines, or a list in YAML or JSON; all of it is judged before any."""

import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from fleet.config.document import Document, Location, Unreadable, read_document, read_text
from fleet.config.lesson_entry import LessonEntry
from fleet.config.parse import judged
from fleet.config.problems import Problem, problem, refuse
from fleet.domain.errors import ConfigError

# ten thousand lessons as long as they may be are 30 MiB
_MOST_BYTES = 64 * 1024**2
_YAML = (".yaml", ".yml")
# other words for the same, as lessons are often written down elsewhere
_ALSO = {"what_went_wrong": "problem", "why": "cause", "what_to_do": "remedy"}


def read_lessons(path: Path) -> tuple[LessonEntry, ...]:
    """Read the lessons of a file in their order; none of an empty one, as a home without writes it.

    Raises ConfigError naming the first ten mistakes with file, line and what was expected.
    """
    # not resolve(): that raises RuntimeError for a link that leads to itself
    path = Path(os.path.realpath(path))
    problems: list[Problem] = []
    found: list[LessonEntry | None] = []
    try:
        found.extend(_judged(each, problems) for each in _documents(path, problems))
    except Unreadable as error:
        problems.append(error.problem)
    refuse(problems)
    return tuple(each for each in found if each is not None)


def write_lessons(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write a file of lessons, one a line, whole or not at all; raises ConfigError."""
    # a name of its own: one made of the file's could be too long
    aside = path.with_name(f".fleet-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_to_replace(path)
        aside.unlink(missing_ok=True)
        with aside.open("x", encoding="utf-8") as stream:
            # keys in order: the same lessons are the same file, for whoever compares
            stream.writelines(
                json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows
            )
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except OSError as error:
        # what cannot be written there can seldom be deleted there
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _refuse_to_replace(path: Path) -> None:
    """Refuse whatever stands there and is no plain file, a link too; raises ConfigError, OSError.

    A device would be replaced by a file, for everybody; a link leads to a file of somebody else.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        said = "is a link" if stat.S_ISLNK(mode) else "is no plain file"
        raise ConfigError(f"{path} {said} and is left alone", remedy="name another with -o FILE")


def lesson_of(values: Mapping[str, object]) -> LessonEntry:
    """Answer one lesson that was given otherwise; raises ConfigError naming its first mistake."""
    for name, each in values.items():
        if not _whole(each):
            raise ConfigError(f"{name}: expected text in UTF-8, found other bytes")
    problems: list[Problem] = []
    entry = judged(Document(path=Path(), value=values, lines={}), LessonEntry, problems)
    if entry is None:
        raise ConfigError(min(problems).text)
    return entry


def _judged(document: Document, problems: list[Problem]) -> LessonEntry | None:
    value = document.value
    if not isinstance(value, dict):
        text = "expected a lesson: keys and values"
        problems.append(problem(document.path, document.line(()), text))
        return None
    for other, ours in _ALSO.items():
        if other in value and ours in value:
            text = f"{other!r} and {ours!r} mean the same; keep one"
            problems.append(problem(document.path, document.line((other,)), text))
            return None
    renamed = {_ALSO.get(key, key): each for key, each in value.items()}
    return judged(replace(document, value=renamed), LessonEntry, problems)


def _documents(path: Path, problems: list[Problem]) -> Iterator[Document]:
    """Yield each lesson as a document of its own, at the line where it stands."""
    text = read_text(path, most=_MOST_BYTES)
    if not text.strip():
        return
    if path.suffix in _YAML or not text.lstrip().startswith("{"):
        yield from _listed(read_document(path))
        return
    # not splitlines: a text in JSON may hold other separators
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                value = _value(line)
            except (ValueError, RecursionError) as error:
                problems.append(problem(path, number, f"expected one JSON object a line: {error}"))
                continue
            yield Document(path=path, value=value, lines={(): number})


def _value(line: str) -> object:
    """Read one line; raises ValueError for what is no JSON, or holds a key twice."""
    value = json.loads(line, object_pairs_hook=_once, parse_constant=_refused)
    if not _whole(value):
        raise ValueError("half a character")
    return value


def _whole(value: object) -> bool:
    """Tell whether all texts in it are UTF-8: half a character, or a foreign byte, is not."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _listed(document: Document) -> Iterator[Document]:
    value = document.value
    if not isinstance(value, list):
        raise Unreadable(
            problem(document.path, document.line(()), "expected a list of lessons, or JSON lines")
        )
    lines: defaultdict[int, dict[Location, int]] = defaultdict(dict)
    for where, line in document.lines.items():
        if where and isinstance(where[0], int):
            lines[where[0]][where[1:]] = line
    for number, item in enumerate(value):
        yield Document(path=document.path, value=item, lines=lines[number])
