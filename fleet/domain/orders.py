"""Whether a lesson gives orders that no agent may be given: what reaches one reaches all of them.

Told by patterns: a sign, no proof. Whatever is not noticed here is still quoted as data, on
probation in its project alone, and can be taken back. What warns of a thing is no order to do it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fleet.domain import orders_abroad as abroad
from fleet.domain import orders_commands as commands
from fleet.domain import orders_english as english
from fleet.domain import orders_green as green
from fleet.domain.escapes import decoded
from fleet.domain.lookalikes import readings

# what a blank of a pattern stands for; none: words that were spelled out are joined
_GAP = r"(?:[^\w.!?;\n]{0,3}|_)"
_BLANK = re.compile(r"(\\.|\[(?:\\.|[^\]\\])+\])| ")
# what `…` stands for: a dot within a name ends no sentence
_LETTER = r"(?:[^.!?;\n]|[.!?](?=\w))"
# what stands before an order that a text warns of, and what may stand between the two
_WARNED = re.compile(
    r"(?:\b(?:do not|don.?t|never|must not|mustn.?t|should not|shouldn.?t|may not|instead of|avoid|"
    r"rather than|not to|nobody should|no one should|refuse to|forbids?|without|nicht|niemals|nie|"
    r"statt|nunca|jam[aá]s|ne|jamais|не|никогда не|нельзя)|不要|请勿|勿)[ \t\"'`*_-]{0,3}"
    r"(?:\w{2,14},? (?:or|nor|oder|o|u|ou|ни|или) ){0,2}"
    r"(?:(?:ever|just|simply|silently|quietly|blindly|again|be tempted to|try to|use|using|pass|"
    r"passing|add|adding|commit with|commit|committing with|push with|merge with|set|setting|do|"
    r"put|write|call|git|the|a|an|any|by|to|merely|only|even|of|with)[ \t\"'`*_-]{1,3}){0,4}$"
)
_LOOKS_BACK = 80
_HIDES = "it holds text that nobody can read"
# base64 or base32: no digest, which has sixteen letters, and no path, which has small ones alone
_ENCODED = re.compile(
    r"(?<![\w/+-])(?:(?=[a-z0-9+/]{0,60}[A-Z])(?=[A-Z0-9+/]{0,60}[a-z])[A-Za-z0-9+/]{60,}|"
    r"[A-Z2-7]{60,})={0,6}(?![\w/-])"
)


@dataclass(frozen=True, kw_only=True)
class _Order:
    """A kind of order: what is said of it; `warnable`: a warning of it is none."""

    says: str
    patterns: tuple[re.Pattern[str], ...]
    warnable: bool

    def given(self, text: str) -> bool:
        """Tell whether a text gives it."""
        found = (match for pattern in self.patterns for match in pattern.finditer(text))
        return any(not (self.warnable and _warned(text, match.start())) for match in found)


def orders_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Answer a plain sentence for each kind of order that bounded texts give together."""
    wholes = decoded("\n".join(texts))
    ways = tuple(dict.fromkeys(way for whole in wholes for way in readings(whole)))
    given = tuple(order.says for order in _ORDERS if any(map(order.given, ways)))
    return (*given, _HIDES) if any(map(_ENCODED.search, wholes)) else given


def _warned(text: str, start: int) -> bool:
    return _WARNED.search(text, max(0, start - _LOOKS_BACK), start) is not None


def _order(says: str, patterns: Iterable[str], *, warnable: bool = True) -> _Order:
    whole = (_BLANK.sub(lambda found: found[1] or _GAP, each) for each in patterns)
    compiled = tuple(re.compile(each.replace("…", _LETTER)) for each in whole)
    return _Order(says=says, patterns=compiled, warnable=warnable)


_ORDERS = (
    _order(
        "it tells agents to get around checks or tests",
        (*english.CHECKS, *green.CHECKS, *abroad.CHECKS),
    ),
    _order("it tells agents to handle credentials", (*commands.CREDENTIALS, *abroad.CREDENTIALS)),
    _order("it tells agents to run what is fetched or hidden", commands.FETCHED),
    _order(
        "it tells agents to ignore what they were told",
        (*english.OVERRIDE, *abroad.OVERRIDE),
        warnable=False,
    ),
    _order(
        "it speaks in the name of the system, a person or another agent",
        (*english.ROLE, *abroad.ROLE),
        warnable=False,
    ),
    _order("it tells agents to send something away", (*commands.SEND, *abroad.SEND)),
    _order(
        "it tells agents to get around review or to hide from people",
        (*english.REVIEW, *abroad.REVIEW),
    ),
    _order("it tells agents to destroy or to open what is protected", commands.DAMAGE),
)
