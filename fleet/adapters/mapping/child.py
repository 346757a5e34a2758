"""The program that parses: started alone, fed by standard input, nothing of fleet in it.

Its input is a line of JSON, `[[language, bytes], ...]`, and then all contents in that order. For
each file it prints a line of JSON, `[place, [[name, kind, files], ...]]`: what the file defines,
and how many files hold the name. What is parsed may be made to break a parser written in C, so
before the first byte of it is read this process gives up all that it does not need.
"""

import json
import os
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import tree_sitter
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_rust
import tree_sitter_typescript

_MEMORY = 1024**3
_OUTPUT = 8 * 1024**2
_SECONDS = 10
_NOBODY = 65534

_MOST_SYMBOLS = 200
_LONGEST_NAME = 100
_WORD = re.compile(rb"[^\W\d]\w{2,}")

_JAVASCRIPT = """
(class_declaration name: (_) @name) @type
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: (property_identifier) @name) @function
(variable_declarator
  name: (identifier) @name value: [(arrow_function) (function_expression)]) @function
"""
_TYPESCRIPT = f"""{_JAVASCRIPT}
(abstract_class_declaration name: (_) @name) @type
(interface_declaration name: (_) @name) @type
(type_alias_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
"""
# a `scope` is no symbol itself; `of` is the type that a method of Go stands beside
_LANGUAGES: dict[str, tuple[Callable[[], object], str]] = {
    "python": (
        tree_sitter_python.language,
        """
        (class_definition name: (_) @name) @type
        (function_definition name: (_) @name) @function
        """,
    ),
    "javascript": (tree_sitter_javascript.language, _JAVASCRIPT),
    "typescript": (tree_sitter_typescript.language_typescript, _TYPESCRIPT),
    "tsx": (tree_sitter_typescript.language_tsx, _TYPESCRIPT),
    "go": (
        tree_sitter_go.language,
        """
        (function_declaration name: (_) @name) @function
        (method_declaration
          receiver: (parameter_list (parameter_declaration type: [
            (type_identifier) @of
            (pointer_type (type_identifier) @of)
            (generic_type type: (_) @of)
            (pointer_type (generic_type type: (_) @of))]))
          name: (_) @name) @function
        (type_spec name: (_) @name) @type
        """,
    ),
    "rust": (
        tree_sitter_rust.language,
        """
        (struct_item name: (_) @name) @type
        (enum_item name: (_) @name) @type
        (union_item name: (_) @name) @type
        (type_item name: (_) @name) @type
        (trait_item name: (_) @name) @type
        (function_item name: (_) @name) @function
        (function_signature_item name: (_) @name) @function
        (macro_definition name: (_) @name) @function
        (mod_item name: (_) @name body: (_)) @scope
        (impl_item type: [(type_identifier) @name (generic_type type: (_) @name)]) @scope
        """,
    ),
    "java": (
        tree_sitter_java.language,
        """
        (class_declaration name: (_) @name) @type
        (interface_declaration name: (_) @name) @type
        (enum_declaration name: (_) @name) @type
        (record_declaration name: (_) @name) @type
        (method_declaration name: (_) @name) @function
        """,
    ),
}

_Definition = tuple[int, int, str, str]
_Symbol = tuple[str, str, int]


def main() -> None:
    """Parse what standard input holds; end at any limit, with what was printed until then."""
    _give_up_rights()
    listed = json.loads(sys.stdin.buffer.readline())
    files = [(language, sys.stdin.buffer.read(size)) for language, size in listed]
    # first of all: it needs no parser, and every line printed later is whole
    held = Counter(word for _, content in files for word in set(_WORD.findall(content)))
    queries: dict[str, _Query] = {}
    for place, (language, content) in enumerate(files):
        query = queries.get(language) or queries.setdefault(language, _Query(language))
        print(json.dumps([place, list(_symbols(query, content, held))]), flush=True)  # noqa: T201


class _Query:
    """A language's parser, and its question for definitions."""

    def __init__(self, name: str) -> None:
        grammar, question = _LANGUAGES[name]
        language = tree_sitter.Language(grammar())
        self._parser = tree_sitter.Parser(language)
        self._question = tree_sitter.Query(language, question)

    def definitions(self, content: bytes) -> list[_Definition]:
        """Answer begin, end, kind and name of each, outer ones first."""
        tree = self._parser.parse(content)
        found = tree_sitter.QueryCursor(self._question).matches(tree.root_node)
        return sorted((_definition(match) for _, match in found), key=lambda d: (d[0], -d[1]))


def _definition(match: dict[str, list[Any]]) -> _Definition:
    kind = next(kind for kind in ("type", "function", "scope") if kind in match)
    whole, name = match[kind][0], _text(match["name"][0])
    if "of" in match:
        name = f"{_text(match['of'][0])}.{name}"
    return whole.start_byte, whole.end_byte, kind, name


def _text(node: Any) -> str:  # noqa: ANN401 - a node of a grammar
    raw: bytes = node.text
    return raw[:_LONGEST_NAME].decode(errors="replace")


def _symbols(query: _Query, content: bytes, held: Counter[bytes]) -> Iterator[_Symbol]:
    """Yield what stands outside of functions, each with the type or scope that it stands in."""
    around: list[_Definition] = []
    told = 0
    for definition in query.definitions(content):
        start, _, kind, name = definition
        while around and around[-1][1] <= start:
            around.pop()
        local = any(outer[2] == "function" for outer in around)
        if not local and kind != "scope":
            last = name.rpartition(".")[2].encode()
            yield ".".join([*(outer[3] for outer in around[-1:]), name]), kind, held[last]
            told += 1
            if told == _MOST_SYMBOLS:
                return
        around.append(definition)


def _give_up_rights() -> None:
    """No file, no memory without end, no time without end; nobody, where it was root."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT, _OUTPUT))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # nothing can be opened any more: no file, no socket
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    # nobody waits for one whose coordinator was killed
    signal.alarm(2 * _SECONDS)
    if os.geteuid() == 0:
        # a container may not allow it, and then grants little itself
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)


if __name__ == "__main__":
    main()
