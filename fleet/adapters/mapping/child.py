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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import tree_sitter
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_rust
import tree_sitter_typescript

_MEMORY = 1024**3
_OUTPUT = 8 * 1024**2
# of processor time: a crowded machine is nobody's fault
_SECONDS = 8
_NOBODY = 65534

_MOST_SYMBOLS = 200
_LONGEST_NAME = 100
# deeper stands nothing that belongs on a map
_DEEPEST = 12
# bytes a line in the mean; what has more was written by a machine, and takes a parser long
_LONGEST_MEAN = 200
_WORD = re.compile(rb"[^\W\d]\w{2,}")
# the type at the end of what stands before a method of Go: `(s *Server[T])`
_RECEIVER = re.compile(r"(\w+)(?:\[[^\[\]]*\])?\s*,?\s*\)$")
_CALLABLE = frozenset(("arrow_function", "function_expression", "generator_function"))


@dataclass(frozen=True, kw_only=True)
class _Grammar:
    """A language: which nodes define something, and into which others one has to look.

    A `scope` is no symbol itself, but what stands in it is called by it. Nobody looks into a
    function.
    """

    language: Callable[[], object]
    kinds: dict[str, str]
    inside: frozenset[str]


def _kinds(*, types: Iterable[str], functions: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(types, "type") | dict.fromkeys(functions, "function")


_JAVASCRIPT = _kinds(
    types=("class_declaration",),
    functions=(
        "function_declaration",
        "generator_function_declaration",
        "method_definition",
        "variable_declarator",
    ),
)
_TYPESCRIPT = _JAVASCRIPT | _kinds(
    types=(
        "abstract_class_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
    ),
    functions=("function_signature",),
)
_IN_JAVASCRIPT = frozenset(
    ("program", "export_statement", "class_body", "lexical_declaration", "variable_declaration")
)
_IN_TYPESCRIPT = _IN_JAVASCRIPT | frozenset(
    ("ambient_declaration", "expression_statement", "internal_module", "module", "statement_block")
)
_LANGUAGES = {
    "python": _Grammar(
        language=tree_sitter_python.language,
        kinds=_kinds(types=("class_definition",), functions=("function_definition",)),
        inside=frozenset(
            (
                *("module", "block", "decorated_definition", "if_statement"),
                *("else_clause", "try_statement", "except_clause"),
            )
        ),
    ),
    "javascript": _Grammar(
        language=tree_sitter_javascript.language, kinds=_JAVASCRIPT, inside=_IN_JAVASCRIPT
    ),
    "typescript": _Grammar(
        language=tree_sitter_typescript.language_typescript,
        kinds=_TYPESCRIPT,
        inside=_IN_TYPESCRIPT,
    ),
    "tsx": _Grammar(
        language=tree_sitter_typescript.language_tsx, kinds=_TYPESCRIPT, inside=_IN_TYPESCRIPT
    ),
    "go": _Grammar(
        language=tree_sitter_go.language,
        kinds=_kinds(
            types=("type_spec", "type_alias"),
            functions=("function_declaration", "method_declaration"),
        ),
        inside=frozenset(("source_file", "type_declaration")),
    ),
    "rust": _Grammar(
        language=tree_sitter_rust.language,
        kinds={"impl_item": "scope", "mod_item": "scope"}
        | _kinds(
            types=("struct_item", "enum_item", "union_item", "type_item", "trait_item"),
            functions=("function_item", "function_signature_item", "macro_definition"),
        ),
        inside=frozenset(("source_file", "declaration_list")),
    ),
    "java": _Grammar(
        language=tree_sitter_java.language,
        kinds=_kinds(
            types=(
                "class_declaration",
                "interface_declaration",
                "enum_declaration",
                "record_declaration",
            ),
            functions=("method_declaration",),
        ),
        inside=frozenset(
            ("program", "class_body", "interface_body", "enum_body", "enum_body_declarations")
        ),
    ),
}

_Symbol = tuple[str, str, int]


def main() -> None:
    """Parse what standard input holds; end at any limit, with what was printed until then."""
    _give_up_rights()
    listed = json.loads(sys.stdin.buffer.readline())
    files = [(language, sys.stdin.buffer.read(size)) for language, size in listed]
    # first of all: it needs no parser, and every line printed later is whole
    held = Counter(word for _, content in files for word in set(_WORD.findall(content)))
    # small ones first: what takes a parser long is large, and keeps none but the largest waiting
    for place, (language, content) in sorted(enumerate(files), key=lambda each: len(each[1][1])):
        symbols = list(_symbols(language, content, held)) if _written(content) else []
        print(json.dumps([place, symbols]), flush=True)  # noqa: T201


def _written(content: bytes) -> bool:
    """Tell whether a person may have written it."""
    return b"\0" not in content and len(content) <= _LONGEST_MEAN * (content.count(b"\n") + 1)


@cache
def _parser(language: str) -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(_LANGUAGES[language].language()))


def _symbols(language: str, content: bytes, held: Counter[bytes]) -> Iterator[_Symbol]:
    """Yield what a file defines, in its order.

    By hand: a query of tree-sitter takes minutes over a file of open brackets.
    """
    grammar = _LANGUAGES[language]
    waiting = [(_parser(language).parse(content).root_node, "", 0)]
    told = 0
    while waiting and told < _MOST_SYMBOLS:
        node, owner, depth = waiting.pop()
        kind, name = grammar.kinds.get(node.type), _name(node, owner)
        if kind in {"type", "function"} and name:
            yield name, kind, held[name.rpartition(".")[2].encode()]
            told += 1
        if kind != "function" and depth < _DEEPEST:
            below = name.rpartition(".")[2] if kind else owner
            waiting += [
                (child, below, depth + 1)
                for child in reversed(node.named_children)
                if child.type in grammar.kinds or child.type in grammar.inside
            ]


def _name(node: tree_sitter.Node, owner: str) -> str:
    """Answer what a definition is called, with what it stands in; "" where it is none."""
    value = node.child_by_field_name("value")
    if node.type == "variable_declarator" and (value is None or value.type not in _CALLABLE):
        return ""
    # what Rust implements has a type in place of a name, perhaps with parameters
    named = node.child_by_field_name("name") or node.child_by_field_name("type")
    name = _text(named).partition("<")[0]
    receiver = _RECEIVER.search(_text(node.child_by_field_name("receiver")))
    owner = receiver[1] if receiver else owner
    return f"{owner}.{name}" if owner and name else name


def _text(node: tree_sitter.Node | None) -> str:
    """Answer the first letters of a node, "" where there is none."""
    raw = node.text[:_LONGEST_NAME] if node and node.text else b""
    return raw.decode(errors="replace")


def _give_up_rights() -> None:
    """No file, no memory without end, no time without end; nobody, where it was root."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT, _OUTPUT))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # nothing can be opened any more: no file, no socket
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    # nobody waits for one whose coordinator was killed
    signal.alarm(4 * _SECONDS)
    if os.geteuid() == 0:
        # a container may not allow it, and then grants little itself
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)


if __name__ == "__main__":
    main()
