"""A token bucket: so many a second, with a burst."""


class Allowance:
    """How much may pass; the caller brings the time, in seconds of a monotonic clock."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._seen: float | None = None

    def take(self, at: float) -> bool:
        """Take one if there is one."""
        self._refill(at)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def owe(self, at: float) -> None:
        """Take one even if there is none: what may not be refused delays what may."""
        self._refill(at)
        self._left -= 1

    def _refill(self, at: float) -> None:
        passed = 0.0 if self._seen is None else max(0.0, at - self._seen)
        self._left = min(self._burst, self._left + passed * self._rate)
        self._seen = at
