"""A document turned into its model, every mistake into a line that says what was expected."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from fleet.config.document import Document, Location, Unreadable, read_document
from fleet.config.entry import Entry, not_built
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
    try:
        # as JSON: strict there means no conversion, yet lists are tuples and texts are enums
        entry = model.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        schema = model.model_json_schema()
        for each in error.errors(include_url=False):
            text = _said(each, schema)
            problems.append(problem(path, document.line(each["loc"]), text))
        return None
    parsed = Parsed(entry=entry, document=document)
    problems.extend(_not_built(parsed))
    return parsed


def _not_built(parsed: Parsed[Model]) -> list[Problem]:
    text = "known, but not built in this version; leave the key out"
    found = not_built(parsed.entry)
    return [parsed.problem(where, f"{_named(where)}: {text}") for where in found]


def _said(error: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    where: Location = error["loc"]
    named = _named(where)
    match error["type"]:
        case "extra_forbidden":
            names = _names_at(schema, where[:-1])
            return f"{named}: unknown key{nearest(str(where[-1]), names)}"
        case "missing":
            return f"{named}: the key is missing"
        case "value_error":
            return f"{named}: {error['ctx']['error']}" if named else str(error["ctx"]["error"])
        case "enum" | "literal_error":
            hint = nearest(str(error["input"]), _choices(error["ctx"]["expected"]))
            return f"{named}: {_found(error['input'])} is not valid{hint}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{named or 'the file'}: expected keys and values, {_found(error['input'])}"
    said = error["msg"].replace("Input should be", "expected").replace("array", "list")
    return f"{named}: {said}, {_found(error['input'])}"


def _found(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return f"found {shown[:FOUND_SHOWN]}{'...' if len(shown) > FOUND_SHOWN else ''}"


def _named(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
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
