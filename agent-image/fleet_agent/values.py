"""Frozen values, for which no code has to be compiled when a runner starts.

`dataclasses` writes and compiles six methods a class, and imports Python's own parser for it: a
quarter of what the start of a runner took, and every attempt waits for that.
"""

from typing import ClassVar, TypeVar, dataclass_transform

_Some = TypeVar("_Some", bound="Value")


@dataclass_transform(frozen_default=True)
class Value:
    """What a class annotates are the fields of its values, in that order; they never change.

    Values of the same class with equal fields are equal. A default is shared by all.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *given: object, **named: object) -> None:
        name, defaults = type(self).__name__, vars(type(self))
        if len(given) > len(self._fields):
            raise TypeError(f"{name} has no more fields than {self._fields}")
        told = dict(zip(self._fields, given, strict=False))
        if wrong := named.keys() & told.keys() | named.keys() - set(self._fields):
            raise TypeError(f"{name} has no place for {sorted(wrong)}")
        told |= named
        if lacking := set(self._fields) - told.keys() - defaults.keys():
            raise TypeError(f"{name} lacks {sorted(lacking)}")
        vars(self).update((f, told[f] if f in told else defaults[f]) for f in self._fields)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"

    def __setattr__(self, name: str, _value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")


def replace(before: _Some, **changes: object) -> _Some:
    """Return the same value with other fields; raises TypeError for one that it has not."""
    return type(before)(**(vars(before) | changes))
