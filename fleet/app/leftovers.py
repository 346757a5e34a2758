"""What lies about when a coordinator begins or ends: containers, networks, secrets."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from fleet.app.tools import Tools
from fleet.domain.errors import EngineDownError, FleetError, TransientError
from fleet.domain.plan import Snapshot

log = logging.getLogger(__name__)

STOP_WITHIN = 60.0  # seconds a clean stop may take
_LOOK = 0.5  # seconds between two looks for checks that still run


class Settling(Protocol):
    """Who carries out what is in hand."""

    def settled(self, *, within: float) -> bool:
        """Tell whether nothing is being carried out any more, after at most `within` seconds."""
        ...


def sweep(tools: Tools, snapshot: Snapshot) -> None:
    """Remove what an earlier life left: containers of checks, and of attempts cleaned since.

    Their networks too, and secrets, but for those that a container has been given and has
    not read yet. A check that was under way may be known by now: nobody would clear its tree.
    """
    wanted = {a.id for a in snapshot.attempts if not a.cleaned}
    unread: set[str] = set()
    for container in tools.runtime.containers():
        if container.purpose != "agent" or container.attempt not in wanted:
            log.info("orphan removed", extra={"container": container.name})
            _removed(partial(tools.runtime.remove, container.name))
        elif container.running:
            unread.add(container.attempt)
    _removed(partial(tools.networks.sweep, wanted))
    _removed(tools.worktrees.drop_checkouts)
    tools.secrets.sweep(unread)


def _removed(remove: Callable[[], None]) -> None:
    """Remove it, or leave it to the next life: one that sticks must not keep fleet from its work.

    Raises EngineDownError.
    """
    try:
        remove()
    except EngineDownError:
        raise
    except FleetError as error:
        log.warning("orphan stays", extra={"reason": str(error)})


def end_checks(tools: Tools, crew: Settling, *, keep: Callable[[], None]) -> None:
    """Kill checks that are under way; what they would say is void, the next life asks again.

    Again and again until no hand is at work: one may be about to start a container, and a
    next life must not meet it. Without an engine nothing is to be ended, and nobody waits for it.
    `keep` is asked before each look whether they are still ours; it raises DeposedError.
    """
    for _ in range(int(STOP_WITHIN / _LOOK)):
        keep()
        try:
            for container in tools.runtime.containers():
                if container.purpose != "agent":
                    tools.runtime.remove(container.name)
        except EngineDownError:
            return
        except TransientError as error:
            log.warning("checks not ended", extra={"reason": str(error)})
        if crew.settled(within=_LOOK):
            return
