"""The user's regular expressions, looked for in what agents wrote: in bounded time.

An expression may backtrack for years on one line. The standard library holds the interpreter
meanwhile, so that neither a stop nor a signal is heard; this one lets others go on, and gives up.
"""

import time
from collections.abc import Iterable

import regex

from fleet.domain.errors import TooSlowError

# seconds for one expression over all it is looked for in; an honest one takes milliseconds
PATIENCE = 1.0


class Search:
    """One expression with the time that is left for it."""

    def __init__(self, pattern: str, *, any_case: bool = False) -> None:
        self._pattern = pattern
        self._expression = regex.compile(pattern, regex.IGNORECASE if any_case else 0)
        self._left = PATIENCE

    def found(self, text: str) -> bool:
        """Tell whether it is found in a text; raises TooSlowError, and from then on always."""
        began = time.monotonic()
        try:
            # no time at all would not be a time limit
            found = self._expression.search(text, timeout=max(self._left, 0.001))
        except TimeoutError as error:
            self._left = 0.0
            raise TooSlowError(
                f"looking for {self._pattern!r} took longer than {PATIENCE:.0f} s",
                remedy="write it so that nothing repeated is repeated again",
            ) from error
        self._left -= time.monotonic() - began
        return found is not None

    def first(self, texts: Iterable[str]) -> str | None:
        """Answer the first text it is found in; raises TooSlowError."""
        return next((text for text in texts if self.found(text)), None)
