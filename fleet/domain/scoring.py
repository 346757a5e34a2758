"""Which lessons fit what an attempt is about to do: how near, what is named, how they fared."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fleet.domain.change import under
from fleet.domain.lesson import Lesson, MemoryRules

# shares of the score beside the cosine; from a measurement, see docs/benchmarks.md
_NAMED = 0.1
_FARED = 0.1
# how far below the floor a lesson may be that is named by what is asked
_LENIENCE = 0.05
_LONGEST = 16_384  # letters of a query that are read

# a name is shorter; what stands alone and is longer is no name
_PIECE = re.compile(r"(?<![\w./\\:-])[\w./\\:-]{2,200}(?![\w./\\:-])")
_SCHEME = re.compile(r"^\w+:(?://|(?=/))")  # or the letter of a drive
_PATH = re.compile(r"(?:[\w.-]*/)+[\w.-]*\w")
_FILE = re.compile(r"(?=.{4})[\w-]*[^\W\d][\w-]*\.[A-Za-z][A-Za-z0-9]{0,4}")
_DOTTED = re.compile(r"[^\W\d]\w+(?:\.[^\W\d]\w+)+")
_SNAKE = re.compile(r"_*[^\W_]+(?:_+[^\W_]+)+_*|_+[^\W_]{2,}_*")
_CAMEL = re.compile(r"[A-Z]?[a-z0-9]+[A-Z][A-Za-z0-9]*|[A-Z]{2,}[a-z][a-z0-9]+")
_CODE = re.compile(r"[A-Z]{1,12}[_-]?[A-Z]?\d{2,6}|(?:[A-Z]{2,12}_){1,4}[A-Z]?\d{2,6}")
_ERRNO = re.compile(r"SIG[A-Z]{3,6}|E(?!RROR|RRNO|XIT|XEC|MPTY|VENT|NTRY|ACH)[A-Z]{4,14}")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_NUMBERED = re.compile(
    r"(?:exit|exited|status|code|errno|error|http)[ :=#]{1,3}(\d{1,5})\b", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A lesson and how well it fits; `matched`: it and what was asked name the same thing."""

    lesson: Lesson
    score: float
    cosine: float
    matched: bool


def ranked(
    query: str, cosines: Mapping[str, float], lessons: Sequence[Lesson]
) -> tuple[Scored, ...]:
    """Answer those of the lessons that have a cosine, best first, equal ones by number."""
    asked = _Asked(named=identifiers(query), words=_words(query))
    scored = (_scored(one, cosines[one.id], asked) for one in lessons if one.id in cosines)
    return tuple(sorted(scored, key=lambda each: (-each.score, each.lesson.number)))


def good_enough(scored: Sequence[Scored], rules: MemoryRules) -> tuple[Scored, ...]:
    """Answer those that score as much as the floor asks, none when unsure."""
    return tuple(each for each in scored if each.score >= _floor(each, rules))


def posterior(lesson: Lesson) -> float:
    """Answer how likely it helps by its outcomes so far, 0 to 1; 0.5 where there are none."""
    return (lesson.helpful + 1) / (lesson.helpful + lesson.harmful + 2)


def identifiers(text: str) -> frozenset[str]:
    """Answer what is named by a name of its own, in lower case.

    Error codes, paths, file names, options, dotted names, CamelCase and snake_case.
    """
    return frozenset(name.casefold() for name in _named(text[:_LONGEST]))


def error_codes(text: str) -> frozenset[str]:
    """Answer the error codes and numbers of errors that a text names, in lower case."""
    return frozenset(name.casefold() for name in _codes(text[:_LONGEST]))


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a query names, and its words in lower case."""

    named: frozenset[str]
    words: frozenset[str]

    @cached_property
    def paths(self) -> frozenset[str]:
        """Answer what may be a path of the project."""
        return frozenset(name for name in self.named if "/" in name or "." in name)


def _scored(lesson: Lesson, cosine: float, asked: _Asked) -> Scored:
    text = lesson.text.casefold() if asked.named else ""
    shared = sum(_stands(name, text) for name in asked.named)
    share = shared / len(asked.named) if shared else 0.0
    score = cosine + _NAMED * share + _FARED * (posterior(lesson) - 0.5)
    matched = shared > 0 or any(tag.casefold() in asked.words for tag in lesson.tags)
    matched = matched or any(under(path, lesson.files) for path in asked.paths)
    return Scored(lesson=lesson, score=score, cosine=cosine, matched=matched)


def _stands(name: str, text: str) -> bool:
    """Tell whether a name stands in a text as a word of its own."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (_inner(text[at - 1 : at]) or _inner(text[end : end + 1])):
            return True
        at = text.find(name, end)
    return False


def _inner(char: str) -> bool:
    return char.isalnum() or char == "_"


def _floor(scored: Scored, rules: MemoryRules) -> float:
    return rules.floor - _LENIENCE if scored.matched else rules.floor


def _words(text: str) -> frozenset[str]:
    words = re.findall(r"\w[\w./-]*", text[:_LONGEST].casefold())
    return frozenset(word.rstrip("./-") for word in words)


def _named(text: str) -> Iterator[str]:
    yield from _codes(text)
    yield from _FLAG.findall(text)
    for piece in _PIECE.findall(text):
        path = _SCHEME.sub("", piece.replace("\\", "/"))
        yield from _names_of(path.strip(".:-"))


def _names_of(piece: str) -> Iterator[str]:
    """Yield the names that a word without blanks is or holds."""
    if _PATH.fullmatch(piece) and (piece.count("/") > 1 or "." in piece):
        yield piece
        piece = piece.rpartition("/")[2]
    for part in re.split(r"[/:]+", piece):
        if _FILE.fullmatch(part) or _DOTTED.fullmatch(part):
            yield part
        for word in part.split("."):
            if _SNAKE.fullmatch(word) or _CAMEL.fullmatch(word):
                yield word


def _codes(text: str) -> Iterator[str]:
    for piece in re.findall(r"[\w-]+", text):
        if _CODE.fullmatch(piece) or _ERRNO.fullmatch(piece):
            yield piece
    yield from _NUMBERED.findall(text)
