"""A provider that failed is left alone for a while: not every launch waits for it again."""

from threading import Lock

from fleet.domain.errors import EmbeddingError
from fleet.ports import Clock

# of a provider's wish to be left alone, in seconds
_MOST = 600.0


class Circuit:
    """Knows until when a provider is left alone. Safe to use from many threads."""

    def __init__(self, clock: Clock, rest: float) -> None:
        self._clock = clock
        self._rest = rest
        self._lock = Lock()
        self._until = 0.0
        self._failure: EmbeddingError | None = None

    def enter(self) -> None:
        """Raise EmbeddingError while the provider is left alone.

        Then one may try: the others are kept away until it has.
        """
        with self._lock:
            if self._failure is None:
                return
            left = self._until - self._clock.monotonic()
            if left > 0:
                raise EmbeddingError(
                    f"{self._failure.message}; it is left alone for {left:.0f} s more",
                    remedy=self._failure.remedy,
                )
            self._until = self._clock.monotonic() + self._rest

    def failed(self, failure: EmbeddingError, wish: float) -> None:
        """Leave the provider alone for as long as it wishes, in seconds, within bounds."""
        with self._lock:
            self._failure = failure
            self._until = self._clock.monotonic() + max(self._rest, min(wish, _MOST))

    def worked(self) -> None:
        """Let everybody in again."""
        with self._lock:
            self._failure = None
