"""Where a licence is looked for: the head of a file, and what was found there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# a licence stands at the beginning of a file
_HEAD_LINES = 60
_HEAD_LETTERS = 6000
_MARKS = re.compile(r"^[\s#*/;!<>%\"'.-]+|[\s*]+$")


@dataclass(frozen=True, kw_only=True)
class Licence:
    """A file whose head a pattern of the user matches, or may match where it is not `told`."""

    path: str
    pattern: str
    told: bool = True

    @property
    def detail(self) -> str:
        """Word it for people."""
        if self.told:
            return f"begins with a licence that matches {self.pattern!r}"
        return f"may begin with a licence: looking for {self.pattern!r} took too long"


def head(lines: Sequence[str]) -> str:
    """Answer the beginning of a file as one line without the marks of comments.

    A licence is broken into lines anywhere.
    """
    words = (_MARKS.sub("", line[:400]) for line in lines[:_HEAD_LINES])
    return " ".join(filter(None, words))[:_HEAD_LETTERS]
