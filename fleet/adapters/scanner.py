"""Secrets in added lines: those that fleet read itself, tokens by their shape, random values."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from fleet.adapters.patterns import Search
from fleet.adapters.redaction import Redaction
from fleet.adapters.secret_shapes import assigned, shapes
from fleet.domain.errors import TooSlowError
from fleet.domain.licences import Licence
from fleet.domain.traits import Leak
from fleet.ports import Added, Scanner

_MOST = 100
# patterns are tried at every letter: the longer the text without a break, the slower some get
_PIECE = 1000
_OVERLAP = 200
_BLOCK = 64 * 1024
_SHORTEST = 12
_BITS_A_LETTER = 3.0


@dataclass(frozen=True)
class _Found:
    """A secret and where it stands."""

    leak: Leak
    value: str


@dataclass(frozen=True)
class _Block:
    """Lines of a file, broken into pieces; `starts` and `numbers` say where which line begins."""

    path: str
    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]

    def line(self, offset: int) -> int:
        """Answer the number of the line at an offset."""
        return self.numbers[bisect_right(self.starts, offset) - 1]


class SecretScanner(Scanner):
    """Looks for what the redaction knows, and for what looks like a secret."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction

    def found(self, added: Added) -> tuple[Leak, ...]:
        leaks = {each.leak for each in self._all(added)}
        return tuple(sorted(leaks, key=lambda leak: (leak.path, leak.line, leak.kind)))

    def licences(self, patterns: Sequence[str], heads: Mapping[str, str]) -> tuple[Licence, ...]:
        return tuple(each for pattern in patterns for each in _matching(pattern, heads))

    def clean(self, text: str, added: Added) -> str:
        values = Redaction([each.value for each in self._all(added)])
        return values.clean(self._redaction.clean(text))

    def without_secrets(self, text: str) -> str:
        """Answer a text of its own, such as a lesson's, with every secret in it replaced."""
        lines = tuple(enumerate(text.split("\n"), start=1))
        return self.clean(text, Added(lines={"": lines}))

    def _all(self, added: Added) -> Iterator[_Found]:
        return islice(self._each(added), _MOST)

    def _each(self, added: Added) -> Iterator[_Found]:
        for path in sorted(added.lines):
            for block in _blocks(path, added.lines[path]):
                yield from self._known(block)
                yield from _shaped(block)
                yield from _assigned(block)

    def _known(self, block: _Block) -> Iterator[_Found]:
        for value in self._redaction.found(block.text):
            line = block.line(block.text.index(value))
            leak = Leak(path=block.path, line=line, kind="a credential of this fleet")
            yield _Found(leak, value)


def _matching(pattern: str, heads: Mapping[str, str]) -> Iterator[Licence]:
    search = Search(pattern, any_case=True)
    for path, head in sorted(heads.items()):
        try:
            if head and search.found(head):
                yield Licence(path=path, pattern=pattern)
        except TooSlowError:
            yield Licence(path=path, pattern=pattern, told=False)


def _blocks(path: str, lines: tuple[tuple[int, str], ...]) -> Iterator[_Block]:
    pieces: list[tuple[int, str]] = []
    size = 0
    for number, line in lines:
        for at in range(0, max(1, len(line)), _PIECE):
            pieces.append((number, line[at : at + _PIECE + _OVERLAP]))
            size += len(pieces[-1][1]) + 1
        if size > _BLOCK:
            yield _block(path, pieces)
            pieces, size = [], 0
    if pieces:
        yield _block(path, pieces)


def _block(path: str, pieces: list[tuple[int, str]]) -> _Block:
    starts, at = [], 0
    for _, text in pieces:
        starts.append(at)
        at += len(text) + 1
    text = "\n".join(text for _, text in pieces)
    return _Block(path, text, tuple(starts), tuple(number for number, _ in pieces))


def _shaped(block: _Block) -> Iterator[_Found]:
    for kind, pattern in shapes():
        for match in pattern.finditer(block.text):
            leak = Leak(path=block.path, line=block.line(match.start()), kind=kind)
            yield _Found(leak, match[0])


def _assigned(block: _Block) -> Iterator[_Found]:
    """Yield random values that are given to names of secrets."""
    for each in assigned(block.text):
        if _random(each.value):
            line = block.line(each.at)
            leak = Leak(path=block.path, line=line, kind="value of a secret's name")
            yield _Found(leak, each.value)


def _random(value: str) -> bool:
    """Tell whether nobody made this up: `changeme` and `${TOKEN}` are no secrets."""
    from detect_secrets.filters import heuristic

    if len(value) < _SHORTEST:
        return False
    if not (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
        return False
    if any(sign in value for sign in "(${<."):  # a call, a variable, a template, an attribute
        return False
    plain = (
        heuristic.is_sequential_string(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_templated_secret(value)
    )
    return not plain and value.isascii() and _bits(value) >= _BITS_A_LETTER


def _bits(value: str) -> float:
    """Answer the entropy of a text in bits a letter."""
    shares = (count / len(value) for count in Counter(value).values())
    return -sum(share * math.log2(share) for share in shares)
