"""The base of every model, and the mark on keys whose feature is not built yet."""

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel, ConfigDict

from fleet.config.document import Location


class _Later:
    """Marks a key that is known, but accepts its default only until its feature is built."""


LATER: Final = _Later()


class Entry(BaseModel):
    """A mapping in a user's file: no unknown key, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def not_built(entry: Entry, location: Location = ()) -> Iterator[Location]:
    """Answer where a key marked LATER says anything but its default."""
    for name, field in type(entry).model_fields.items():
        here = (*location, field.alias or name)
        value = getattr(entry, name)
        if LATER not in field.metadata:
            yield from _below(value, here)
        elif value != field.get_default(call_default_factory=True):
            yield here


def _below(value: object, location: Location) -> Iterator[Location]:
    if isinstance(value, Entry):
        yield from not_built(value, location)
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _below(item, (*location, number))
