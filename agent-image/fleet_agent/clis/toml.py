"""Writes TOML, as far as the configuration of a CLI needs it."""

import json
from collections.abc import Mapping, Sequence

Value = str | bool | int | Sequence["Value"] | Mapping[str, "Value"]
Table = dict[str, Value]


def toml(table: Mapping[str, Value]) -> str:
    """Return a document: a line a key, tables inline."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in table.items())


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(key)} = {_value(one)}' for key, one in value.items())}}}"
    return f"[{', '.join(map(_value, value))}]"


def _text(text: str) -> str:
    # as in JSON, but that DEL is escaped and surrogate pairs are not known
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
