"""Starts the program that parses, and believes of it what has the right shape."""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

from pydantic import Field, TypeAdapter, ValidationError

from fleet.domain.repo_map import Kind, Symbol

log = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("child.py")
# on the wall; of the processor it takes eight at most
_SECONDS = 20.0
_LONGEST_LINE = 128 * 1024
_LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
}

_Name = Annotated[str, Field(min_length=1, max_length=400)]
_Row = tuple[_Name, Kind, Annotated[int, Field(ge=0)]]
_LINE: TypeAdapter[tuple[int, list[_Row]]] = TypeAdapter(tuple[int, list[_Row]])


@dataclass(frozen=True, kw_only=True)
class Code:
    """A file to be parsed: untrusted in every byte."""

    language: str
    content: bytes


def language_of(path: str) -> str:
    """Answer the language a file's name tells, "" where it tells none that can be parsed."""
    return _LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


def symbols_of(codes: Sequence[Code]) -> dict[int, tuple[Symbol, ...]]:
    """Answer what each file defines, by its place.

    A file that breaks the parser, or holds it for more than a few seconds, ends it: this file and
    larger ones are missing. Raises OSError where nothing can be written down.
    """
    if not codes:
        return {}
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        listed = [[code.language, len(code.content)] for code in codes]
        question.write(json.dumps(listed).encode() + b"\n")
        question.writelines(code.content for code in codes)
        question.seek(0)
        _run(question, answer)
        answer.seek(0)
        return dict(_believed(answer, len(codes)))


def _run(question: IO[bytes], answer: IO[bytes]) -> None:
    # isolated, without environment: nothing of the repository, and no secret, is within its reach
    command = [sys.executable, "-I", "-X", "utf8", str(_CHILD)]
    try:
        done = subprocess.run(
            command,
            stdin=question,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("the repository map was not parsed in time")
        return
    if done.returncode:
        log.warning("the parser of the repository map ended", extra={"code": done.returncode})


def _believed(answer: IO[bytes], most: int) -> Iterator[tuple[int, tuple[Symbol, ...]]]:
    """Yield what lines tell, up to the first that is none: it was cut, or is not the parser's."""
    for _ in range(most):
        try:
            place, rows = _LINE.validate_json(answer.readline(_LONGEST_LINE), strict=False)
        except ValidationError:
            return
        yield place, tuple(Symbol(name=name, kind=kind, held=held) for name, kind, held in rows)
