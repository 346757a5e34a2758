"""A YAML file read with care: plain values, the line of each, no duplicate key, no alias."""

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fleet.config.problems import Problem, problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """The values of a file, and the line on which each of them starts."""

    path: Path
    value: object
    lines: Mapping[Location, int]

    def line(self, location: Location) -> int:
        """Answer the line of a value, or that of the nearest thing around it."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return self.lines.get((), 1)


class Unreadable(Exception):  # noqa: N818 - it carries a problem; what is refused is a ConfigError
    """A file cannot be read as YAML values at all."""

    def __init__(self, found: Problem) -> None:
        super().__init__(str(found))
        self.problem = found


def read_document(path: Path) -> Document:
    """Read a YAML file; raises Unreadable with the line of the first fault."""
    text = read_text(path)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise Unreadable(problem(path, 1, "the file is empty; expected keys and values"))
        lines: dict[Location, int] = {}
        return Document(path=path, value=loader.plain(node, (), lines), lines=lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Unreadable(problem(path, line, _said(error))) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        text_said = f"the character U+{error.character:04X} is not allowed in YAML"
        raise Unreadable(problem(path, line, text_said)) from error


def read_text(path: Path, *, most: int = MAX_BYTES) -> str:
    """Read a plain file of at most `most` bytes of UTF-8; raises Unreadable."""
    raw = _bytes(path, most)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(problem(path, line, "not UTF-8; save the file as UTF-8")) from error


def _bytes(path: Path, most: int) -> bytes:
    # opened before it is judged, so that what is judged is what is read; a pipe must not block
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable(problem(path, 1, "expected a plain file"))
    try:
        with os.fdopen(descriptor, "rb") as stream:
            raw = stream.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(raw) > most:
        hint = "; expected a file written by hand" if most == MAX_BYTES else ""
        raise Unreadable(problem(path, 1, f"larger than {most // MAX_BYTES} MiB{hint}"))
    return raw


def _unreadable(path: Path, error: OSError) -> Unreadable:
    said = "is a link" if error.errno == errno.ELOOP else error.strerror or "cannot be read"
    return Unreadable(problem(path, 1, f"{said}; expected a plain file"))


def _said(error: yaml.MarkedYAMLError) -> str:
    said = error.problem or "it cannot be read"
    if isinstance(error, _Refused):
        return said
    if "'\\t'" in said:
        return "a tab where YAML wants spaces; indent with spaces"
    return f"not valid YAML: {said}"


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that no file of a home may use."""


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases, with bounded depth, and with YAML 1.2's plain scalars.

    In YAML 1.1 `off` is false and `22:00` is 1320; nobody who writes a fleet.yaml means that.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise self._refused("aliases (*name) are not allowed; write the value out")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(f"nested deeper than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refused(self, text: str) -> _Refused:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        return _Refused(problem=text, problem_mark=event.start_mark)

    def plain(self, node: yaml.Node, location: Location, lines: dict[Location, int]) -> object:
        """Answer a node's value as dict, list or scalar, noting the line of each location."""
        lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, location, lines)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            items = enumerate(node.value)
            return [self.plain(item, (*location, number), lines) for number, item in items]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node)
        raise _Refused(problem=f"the tag {node.tag!r} is not allowed", problem_mark=node.start_mark)

    def _mapping(
        self, node: yaml.MappingNode, location: Location, lines: dict[Location, int]
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self.plain(key_node, (*location, "\0key"), {})
            if not isinstance(key, str):
                raise _Refused(
                    problem=f"the key {key!r} is no text", problem_mark=key_node.start_mark
                )
            here = (*location, key)
            if key in found:
                raise _Refused(
                    problem=f"the key {key!r} stands twice, first in line {lines[here]}",
                    problem_mark=key_node.start_mark,
                )
            lines[here] = key_node.start_mark.line + 1
            found[key] = self.plain(value_node, here, lines)
        return found

    def _scalar(self, node: yaml.ScalarNode) -> object:
        try:
            value = _SCALARS[node.tag](node.value)
            str(value).encode()
        except (ValueError, OverflowError) as error:
            raise _Refused(
                problem="a value that cannot be read", problem_mark=node.start_mark
            ) from error
        return value


_SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:bool": {"true": True, "True": True, "false": False, "False": False}.get,
    "tag:yaml.org,2002:null": lambda _text: None,
}

for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|false|False)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
    ("null", r"^(?:~|null|Null|)$", "~nN\0"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), [*_first.rstrip("\0"), ""]
    )
