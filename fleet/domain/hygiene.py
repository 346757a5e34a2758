"""What a lesson may say: cleaned of what cannot be seen, bounded, without orders to agents."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from fleet.domain.errors import ConfigError
from fleet.domain.lesson import Draft
from fleet.domain.lookalikes import visible
from fleet.domain.orders import orders_in

LONGEST_TITLE = 120
LONGEST_TEXT = 600
MOST_TAGS = 8
LONGEST_TAG = 40
MOST_FILES = 10
LONGEST_FILE = 200


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A draft as it may be kept, and a sentence for each order in it that no agent may be given."""

    draft: Draft
    flags: tuple[str, ...]


def cleaned(draft: Draft) -> Cleaned:
    """Answer what is left of a draft, and what is wrong with it.

    Raises ConfigError where no title is left.
    """
    title = _text(draft.title, LONGEST_TITLE)
    if not title:
        raise ConfigError("a lesson has no title", remedy="give it a title of one line")
    clean = Draft(
        title=title,
        problem=_text(draft.problem, LONGEST_TEXT),
        cause=_text(draft.cause, LONGEST_TEXT),
        remedy=_text(draft.remedy, LONGEST_TEXT),
        tags=_tags(draft.tags),
        files=_files(draft.files),
    )
    texts = (clean.title, clean.problem, clean.cause, clean.remedy, *clean.tags, *clean.files)
    return Cleaned(draft=clean, flags=orders_in(texts))


def _text(text: str, limit: int) -> str:
    """Answer the text as people see it: composed, on one line, bounded."""
    # composed last: what stood between a letter and its accent is gone by now
    seen = unicodedata.normalize("NFC", visible(text[: limit * 8]))
    return " ".join(seen.split())[:limit].rstrip()


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Answer them in lower case, each once, without what a tag cannot hold."""
    read = (_text(tag, LONGEST_TAG).lower() for tag in tags)
    plain = (re.sub(r"[^a-z0-9._/-]", "", tag) for tag in read)
    return tuple(dict.fromkeys(filter(None, plain)))[:MOST_TAGS]


def _files(files: Iterable[str]) -> tuple[str, ...]:
    """Answer those that are paths or globs within a project, each once."""
    plain = (_text(file.replace("\\", "/"), LONGEST_FILE + 1).removeprefix("./") for file in files)
    return tuple(dict.fromkeys(filter(_inside, plain)))[:MOST_FILES]


def _inside(path: str) -> bool:
    absolute = path.startswith(("/", "~")) or path[1:2] == ":"
    return 0 < len(path) <= LONGEST_FILE and not absolute and ".." not in path.split("/")
