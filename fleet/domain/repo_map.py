"""The repository map: which files and symbols are worth a glance, in a few kilobytes.

Everything in it is worded by a repository, hence data.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fleet.domain.quoting import one_line
from fleet.domain.quoting import size as size_of
from fleet.domain.suites import holds_tests

_MOST_FOLDERS = 12
_MOST_TOP = 20
_MOST_SYMBOLS = 8
_LONGEST_PATH = 160
_LONGEST_NAME = 60
# a shorter word of small letters alone (`key`, `text`, `run`) stands in many files by chance
_TELLING = 8
_FAINT = 0.1
# what others wrote, or a machine
_FOREIGN = frozenset(
    ("vendor", "vendored", "third_party", "node_modules", "dist", "generated", "migrations")
)


class Kind(StrEnum):
    """What a symbol is."""

    TYPE = "type"
    FUNCTION = "function"


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """What a file defines, `Type.method` for what stands in a type.

    `held` is the number of files that hold its last word, those that define it among them.
    """

    name: str
    kind: Kind
    held: int

    @property
    def word(self) -> str:
        """Answer the word that others would call it by."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file and what it defines."""

    path: str
    symbols: tuple[Symbol, ...] = ()


def worth(path: str) -> tuple[bool, bool, int, str]:
    """Answer the order in which files are looked at: tests and what others wrote last, deep later.

    Where there are too many files, the last ones are left out.
    """
    folders = path.split("/")[:-1]
    foreign = not _FOREIGN.isdisjoint(folders) or any(f.startswith(".") for f in folders)
    return foreign, holds_tests(path), len(folders), path


def drawn(paths: Sequence[str], sources: Sequence[Source], *, limit: int) -> str:
    """Answer the map in at most `limit` bytes: where things lie, then the most telling files.

    `paths` are all files of the tree, `sources` those that were parsed. "" where nothing fits.
    """
    lines = [line for line in (*_overview(paths), *_files(sources)) if line]
    kept, left = [], limit
    for line in lines:
        left -= size_of(line) + 1
        # the last line has no line feed
        if left < -1:
            break
        kept.append(line)
    return "\n".join(kept)


def _overview(paths: Sequence[str]) -> Iterator[str]:
    """Yield a line of the folders with how many files lie in each, and one of the files beside."""
    folders = Counter(path.partition("/")[0] for path in paths if "/" in path)
    most = sorted(folders.items(), key=lambda each: (-each[1], each[0]))[:_MOST_FOLDERS]
    if most:
        yield f"folders: {', '.join(f'{_path(name)}/ {count}' for name, count in most)}"
    top = sorted(path for path in paths if "/" not in path)[:_MOST_TOP]
    if top:
        yield f"files: {', '.join(map(_path, top))}"


def _files(sources: Sequence[Source]) -> Iterator[str]:
    definers = Counter(word for one in sources for word in {symbol.word for symbol in one.symbols})
    ranked = sorted(sources, key=lambda one: _rank(one, definers))
    return (_line(source, definers) for source in ranked if source.symbols)


def _rank(source: Source, definers: Mapping[str, int]) -> tuple[bool, bool, float, int, str]:
    """Answer the place of a file: what other files speak of most stands first."""
    foreign, tests, depth, path = worth(source.path)
    weights = sorted((_weight(symbol, definers) for symbol in source.symbols), reverse=True)
    fame = sum(weights[:_MOST_SYMBOLS])
    return foreign, tests, -round(fame, 3), depth, path


def _weight(symbol: Symbol, definers: Mapping[str, int]) -> float:
    """Answer in how many files the symbol is used; a word that many define is nobody's alone."""
    word, defined = symbol.word, max(1, definers[symbol.word])
    used = max(0, symbol.held - defined) / defined
    common = word.islower() and "_" not in word and len(word) < _TELLING
    return used * _FAINT if common or word.startswith("_") else used


def _line(source: Source, definers: Mapping[str, int]) -> str:
    ranked = sorted(source.symbols, key=lambda symbol: -_weight(symbol, definers))
    told = dict.fromkeys(_called(symbol) for symbol in ranked)
    return f"{_path(source.path)}: {', '.join(list(told)[:_MOST_SYMBOLS])}"


def _called(symbol: Symbol) -> str:
    name = one_line(symbol.name, _LONGEST_NAME)
    return f"{name}()" if symbol.kind is Kind.FUNCTION else name


def _path(path: str) -> str:
    return one_line(path, _LONGEST_PATH)
