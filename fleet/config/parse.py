"""A document turned into its model, every mistake into a line that says what was expected."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from fleet.config.document import Document, Location, Unreadable, read_document
from fleet.config.entry import Entry
from fleet.config.problems import Problem, nearest, problem

Model = TypeVar("Model", bound=Entry)
FOUND_SHOWN = 60


@dataclass(frozen=True)
class Parsed(Generic[Model]):
    """A valid file: its model, and where each value of it stands."""

    entry: Model
    document: Document

    def problem(self, location: Location, text: str) -> Problem:
        """Make a problem about the value at a location."""
        return problem(self.document.path, self.document.line(location), text)


def parse(path: Path, model: type[Model], problems: list[Problem]) -> Parsed[Model] | None:
    """Read and validate a file; answers None after adding what is wrong to `problems`."""
    try:
        document = read_document(path)
    except Unreadable as error:
        problems.append(error.problem)
        return None
    entry = judged(document, model, problems)
    return None if entry is None else Parsed(entry=entry, document=document)


def judged(document: Document, model: type[Model], problems: list[Problem]) -> Model | None:
    """Validate a document that was read; answers None after adding what is wrong to `problems`."""
    try:
        # as JSON: strict there means no conversion, yet lists are tuples and texts are enums
        return model.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        schema = model.model_json_schema()
        found = error.errors(include_url=False)
        for each in found:
            if _counted_short(each, found):
                continue
            text = _said(each, schema)
            problems.append(problem(document.path, document.line(each["loc"]), text))
        return None


def _counted_short(error: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a list is too short only because what stands in it was refused."""
    where: Location = error["loc"]
    inside = (each["loc"] for each in found if len(each["loc"]) > len(where))
    return error["type"] == "too_short" and any(loc[: len(where)] == where for loc in inside)


def _said(error: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    where: Location = error["loc"]
    return f"{_named(where) or 'the file'}: {_expected(error, where, schema)}"


def _expected(error: Mapping[str, Any], where: Location, schema: Mapping[str, Any]) -> str:
    kind: str = error["type"]
    if kind == "extra_forbidden":
        return f"unknown key{nearest(str(where[-1]), _names_at(schema, where[:-1]))}"
    if kind == "missing":
        return "the key is missing"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    found = _found(error["input"])
    if kind in {"enum", "literal_error"}:
        return f"{found}{nearest(str(error['input']), _choices(error['ctx']['expected']))}"
    return f"{_plain(kind, error['msg'])}, {found}"


def _plain(kind: str, message: str) -> str:
    if kind == "model_type":
        return "expected keys and values"
    for theirs, ours in (
        ("Input should be", "expected"),
        ("array", "list"),
        ("Tuple should", "expected to"),
        ("String should match pattern", "expected a text that matches"),
    ):
        message = message.replace(theirs, ours)
    return message


def _found(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return f"found {shown[:FOUND_SHOWN]}{'...' if len(shown) > FOUND_SHOWN else ''}"


def _named(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _choices(expected: str) -> list[str]:
    """Take pydantic's "'a', 'b' or 'c'" apart."""
    return expected.replace(" or ", ", ").replace("'", "").split(", ")


def _names_at(schema: Mapping[str, Any], location: Location) -> list[str]:
    """Answer the keys that a model's schema knows at a location."""
    node = schema
    for part in location:
        node = _resolved(schema, node)
        node = node["items"] if isinstance(part, int) else node["properties"][part]
    return list(_resolved(schema, node).get("properties", {}))


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, and of "this or null" take this."""
    for choice in node.get("anyOf", ()):
        if choice.get("type") != "null":
            node = choice
    if "$ref" in node:
        found: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node
