"""The agent `kilo`: a fork of opencode that names its things otherwise and tells more to its maker.

It reads its configuration more than once, so an `api_key` lies in its own file in the home, where
its shell tools can read it.
"""

from fleet_agent.clis.model import CATEGORIES, Ask, Cli, Invocation, Meter
from fleet_agent.clis.opencode import Fork, choice_of, start, switches
from fleet_agent.clis.opencode_lines import overhear, parse
from fleet_agent.clis.reasons import judge

KILO = Fork(
    program="kilo",
    environment={
        **switches("KILO"),
        "KILO_TELEMETRY_LEVEL": "off",
        "KILO_DISABLE_SESSION_INGEST": "1",
        "KILO_DISABLE_CODEBASE_INDEXING": "1",
        "KILO_DISABLE_PRESENCE": "1",
        "KILO_SESSION_RETRY_LIMIT": "1",
    },
    hides_key=False,
    withheld={"shell": ("background_process",), "agents": ("board_post", "board_read")},
    # what waits for a human or outlives the attempt
    removed=("question", "schedule_wakeup", "cancel_wakeup"),
)


def invocation(ask: Ask) -> Invocation:
    """Return how to start Kilo; raises BadSecretError and PacketError."""
    return start(ask, KILO, choice_of(ask.packet.agent))


CLI = Cli(
    invocation=invocation,
    parse=parse,
    overhear=overhear,
    classify=judge,
    meter=Meter.LIVE,
    resumes=True,
    withholds=frozenset(CATEGORIES),
    version=("kilo", "--version"),
    kept=KILO.sessions,
)
