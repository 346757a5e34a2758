"""Verdicts that are known already: the same tree is never checked twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from fleet.domain.result import Verdict, VerdictStatus
from fleet.ports import Ledger

# given to an attempt, but not yet written down when the next one asks
_AT_HAND = 100


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a check's answer depends on."""

    tree: str
    definition: str
    image: str


class Known:
    """The ledger's verdicts, and those that are on their way into it.

    Safe to use from many threads.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._moved = Condition()
        self._in_hand: set[Key] = set()
        self._at_hand: dict[Key, Verdict] = {}

    @contextmanager
    def alone(self, key: Key) -> Iterator[None]:
        """Let nobody else find this out meanwhile; wait for whoever is at it."""
        with self._moved:
            self._moved.wait_for(lambda: key not in self._in_hand)
            self._in_hand.add(key)
        try:
            yield
        finally:
            with self._moved:
                self._in_hand.discard(key)
                self._moved.notify_all()

    def found(self, key: Key) -> Verdict | None:
        """Answer what was said of it before, None where nothing was."""
        said = self._ledger.known_verdict(tree=key.tree, definition=key.definition, image=key.image)
        with self._moved:
            return said or self._at_hand.get(key)

    def keep(self, verdict: Verdict) -> None:
        """Remember what a run said until the ledger does; an error says nothing of the tree."""
        if verdict.status is VerdictStatus.ERROR:
            return
        key = Key(tree=verdict.tree, definition=verdict.definition, image=verdict.image)
        with self._moved:
            self._at_hand[key] = verdict
            for oldest in list(self._at_hand)[:-_AT_HAND]:
                del self._at_hand[oldest]
