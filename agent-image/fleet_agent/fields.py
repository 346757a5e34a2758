"""Reads typed fields out of JSON that others wrote; every refusal names the field."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Larger numbers mean nothing here, and a float holds whole numbers up to it exactly.
NO_LIMIT = 1e15


class FieldError(ValueError):
    """A field is missing, has the wrong type or is out of range."""


@dataclass(frozen=True)
class Fields:
    """A JSON object and the name under which refusals speak of it."""

    values: Mapping[str, object]
    name: str

    def text(self, key: str) -> str:
        """Return a required text that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key, "a text that is not empty")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text or None."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.refuse(key, "a text or null")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when absent or null."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refuse(key, "a list of texts")
        return tuple(value)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return a boolean; without a default it is required."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false")
        return value

    def number(self, key: str, *, low: float = 0, high: float = NO_LIMIT) -> float | None:
        """Return a number from `low` to `high`, or None when absent or null."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(key, "a number")
        if not low <= value <= high:
            raise self.refuse(key, f"a number from {low} to {high}")
        return float(value)

    def count(self, key: str, *, low: int = 0, high: float = NO_LIMIT) -> int | None:
        """Return a whole number from `low` to `high`, or None when absent or null."""
        value = self.values.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self.refuse(key, "a whole number")
        self.number(key, low=low, high=high)
        return value

    def within(self, key: str) -> "Fields":
        """Return the object under `key`; an empty one when absent or null."""
        value = self.values.get(key)
        if value is None:
            return Fields({}, f"{self.name}.{key}")
        if not isinstance(value, dict):
            raise self.refuse(key, "an object")
        return Fields(value, f"{self.name}.{key}")

    def refuse(self, key: str, expected: str) -> FieldError:
        """Return the error that says what was expected of the field."""
        return FieldError(f"{self.name}.{key} must be {expected}")


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON number")


def fields_of(
    data: bytes, name: str, *, constant: Callable[[str], object] = _refuse_constant
) -> Fields:
    """Parse a JSON object; raises FieldError when it is none.

    `constant` answers for NaN and the infinities, which are no JSON.
    """
    try:
        value = json.loads(data, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise FieldError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise FieldError(f"{name} must be a JSON object")
    return Fields(value, name)
