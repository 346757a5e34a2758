"""Finds lessons by their words, BM25, where nobody answers with vectors.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.
"""

import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from fleet.domain.lesson import Lesson
from fleet.domain.scoring import Scored, ranked

_K1 = 1.2
_B = 0.75
_MOST_WORDS = 64  # of a query: the rest of a long text says little that is new
_LONGEST = 8192  # letters of a query that are read
# the best by their words are ranked by names and outcomes as well; those below cannot come near
_RANKED = 200
_WORD = re.compile(r"[^\W_]+")
# what a word may lose at its end, longest first, and what must be left of it
_ENDINGS = (
    *("ization", "ations", "ation", "ments", "ment", "ings", "ness", "ions", "ible", "able"),
    *("ing", "ion", "ied", "ies", "ers", "ed", "er", "es", "ly", "al", "s", "e", "y"),
)
_SHORTEST = 3
_STOP = frozenset(
    _WORD.findall(
        """a about after all also an and any are as at be because been before but by can could did
    do does for from get got had has have how i if in into is it its just make may more most must my
    no not now of on once one only or other our out over own same should so some such than that
    the their them then there these they this those to too under until up us use used using very
    was we were what when where which while who why will with would you your"""
    )
)


def lexical(query: str, lessons: Sequence[Lesson]) -> tuple[Scored, ...]:
    """Answer the lessons that share words with the query, best first, equal ones by number.

    In place of the cosine stands the BM25 of a lesson by that of an imagined one of common length
    in which every word of the query stands once: 0 to 1, so that it can be held to the same floor.
    A word that no lesson has weighs most: who asks for other things gets little.
    """
    shares = _shares(query, [_plain(one.text) for one in lessons])
    best = heapq.nlargest(_RANKED, shares, key=lambda place: (shares[place], -place))
    return ranked(query, {lessons[at].id: shares[at] for at in best}, [lessons[at] for at in best])


def stem(word: str) -> str:
    """Answer a word without its ending: "migrations" and "migrate" have the same."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


def _shares(query: str, texts: Sequence[str]) -> Mapping[int, float]:
    """Answer how much of the query each text holds, by place, of those that hold any of it."""
    lengths = [len(text) for text in texts]
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    found: defaultdict[int, float] = defaultdict(float)
    known = 0.0
    for word in _sought(query):
        counts = [(at, count) for at, text in enumerate(texts) if (count := text.count(word))]
        weight = math.log(1 + (len(texts) - len(counts) + 0.5) / (len(counts) + 0.5))
        known += weight / (1 + _K1)
        for at, count in counts:
            length = _K1 * (1 - _B + _B * lengths[at] / mean)
            found[at] += weight * count / (count + length)
    return {at: min(1.0, share / known) for at, share in found.items()}


def _sought(query: str) -> Iterator[str]:
    """Yield how the words of a query begin, each once; short ones are sought as they are."""
    words = (word for word in _words(query[:_LONGEST]) if word not in _STOP)
    stems = dict.fromkeys(stem(word) for word in words if len(word) > 1)
    for each in list(stems)[:_MOST_WORDS]:
        yield f" {each}" if len(each) > _SHORTEST else f" {each} "


def _plain(text: str) -> str:
    """Answer the words of a text between blanks, so that each can be sought by its beginning."""
    return f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
