"""What is specified: for each case, what the model's side does and how fleet has to call it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.matrix.stage import KEY
from tests.matrix.subjects import EVERY
from tests.model_server.troubles import Fault, Refusal

SUCCESS = "success"
# every failure is told within this time by default; the watchdog's cases have their own
SOON = 15.0
# what is wrong on our own side is told before a model is asked anything
AT_ONCE = 10.0
# the silence after which the watchdog of these tests barks, and what it may take beyond it
QUIET, SLACK = 10.0, 5.0


@dataclass(frozen=True)
class Case:
    """A row of the matrix.

    `path` is the play or trouble the CLI is sent to; None is a port that nobody listens on.
    `kinds` are the failures that are right, `success` among them; `within` counts in seconds from
    the first request of a model. `credential` is its kind, by CLI where it differs, and `secret`
    its text. `image` is another than the matrix's own.
    """

    name: str
    path: str | None
    kinds: frozenset[str]
    within: float = SOON
    limits: Mapping[str, float] = field(default_factory=dict)
    credential: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = KEY
    image: str | None = None
    uid: int = 1000

    @property
    def asks(self) -> bool:
        """Whether a model has to be asked: somebody listens, and nothing is wrong before that."""
        return self.path is not None and self.within != AT_ONCE


def _refused(name: str, refusal: Refusal, *kinds: str) -> Case:
    return Case(name, refusal.value, frozenset(kinds))


def _broken(name: str, fault: Fault, *kinds: str) -> Case:
    return Case(name, fault.value, frozenset(kinds))


def _silent(name: str, fault: Fault) -> Case:
    return Case(
        name,
        fault.value,
        frozenset({"hang"}),
        within=QUIET + SLACK,
        limits={"quiet_seconds": QUIET},
    )


PLAYED = frozenset({SUCCESS})

CASES = (
    Case("success as root", "deeds", PLAYED, uid=0),
    Case("success as a user", "deeds", PLAYED),
    Case("turns used up", "endless", frozenset({"limit"}), limits={"max_turns": 3}),
    Case("no credential", "ok", frozenset({"auth"}), within=AT_ONCE, secret=None),
    Case(
        "malformed auth file",
        "ok",
        frozenset({"auth"}),
        within=AT_ONCE,
        credential=dict.fromkeys(EVERY, "auth_file"),
        secret='{"access_token": ',
    ),
    Case(
        "CLI not in the image",
        "ok",
        frozenset({"agent_missing"}),
        within=AT_ONCE,
        image="fleet-agent:small",
    ),
    _refused("wrong key", Refusal.WRONG_KEY, "auth"),
    _refused("401", Refusal.UNAUTHORIZED, "auth"),
    _refused("403", Refusal.FORBIDDEN, "auth"),
    _refused("404, unknown model", Refusal.NO_MODEL, "model_not_found"),
    _refused("429 without a hint", Refusal.RATE_PLAIN, "rate_limit"),
    _refused("429, again in 2 s", Refusal.RATE_SHORT, "rate_limit"),
    # an hour off, the two are one to whoever waits
    _refused("429, again in an hour", Refusal.RATE_LONG, "rate_limit", "quota"),
    Case(
        "quota used up",
        Refusal.QUOTA.value,
        frozenset({"quota"}),
        credential={"claude": "oauth_token"},
    ),
    _refused("no credit", Refusal.BILLING, "billing"),
    _refused("context too long", Refusal.TOO_LONG, "context_too_long"),
    _refused("500", Refusal.BROKEN, "overloaded"),
    _refused("503", Refusal.UNAVAILABLE, "overloaded"),
    _refused("529", Refusal.OVERLOADED, "overloaded"),
    Case("connection refused", None, frozenset({"network"})),
    _broken("connection dropped", Fault.DROPPED, "network"),
    _silent("hang before headers", Fault.HANG),
    _silent("hang in mid-stream", Fault.HANG_MIDSTREAM),
    _broken("malformed stream", Fault.MALFORMED, "network"),
    _broken("truncated stream", Fault.TRUNCATED, "network", "hang"),
    _broken("empty stream", Fault.EMPTY, "network", "hang"),
)
