"""What can go wrong with a vendor: refusals it words itself, and deliveries that break."""

from enum import StrEnum


class Refusal(StrEnum):
    """The vendor says no; each wire knows the words, status and headers."""

    WRONG_KEY = "wrong-key"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NO_MODEL = "404-model"
    RATE_PLAIN = "429-plain"
    RATE_SHORT = "429-short"
    RATE_LONG = "429-long"
    QUOTA = "quota"
    BILLING = "billing"
    TOO_LONG = "too-long"
    BROKEN = "500"
    UNAVAILABLE = "503"
    OVERLOADED = "529"


class Fault(StrEnum):
    """The answer does not arrive as it should."""

    DROPPED = "dropped"
    HANG = "hang"
    HANG_MIDSTREAM = "hang-midstream"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    EMPTY = "empty"


# seconds that a rate limit tells; the long one is more than anybody should sit and wait for
SHORT_WAIT, LONG_WAIT = 2, 3600


def told_wait(refusal: Refusal) -> int | None:
    """Answer the seconds that this refusal tells to wait; None where it tells nothing."""
    return {Refusal.RATE_SHORT: SHORT_WAIT, Refusal.RATE_LONG: LONG_WAIT}.get(refusal)
