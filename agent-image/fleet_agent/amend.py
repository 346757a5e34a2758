"""Amends constitution and skills by rules, from what a reflection noticed; takes nothing away.

No model reads the findings: each becomes a bullet with its evidence, and a person reviews them.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fleet_agent.fields import FieldError, Fields
from fleet_agent.text import plain_line

CONSTITUTION = "memory/constitution.md"
LARGEST = 16 * 1024  # bytes of the constitution that agents are told
_LARGEST_SKILL = 32 * 1024
_LONGEST = 600
_BLOCK = re.compile(r"^```json\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,15}")
_LONGEST_NAME = 64
_TITLE = "# Constitution"
_HEADINGS = {
    "note": "## Rules that agents asked for",
    "failure": "## Failures that recur: look for these first",
    "swap": "## Why attempts were swapped",
    "lesson": "## Lessons that proved themselves",
    "decision": "## Technical decisions",
}
# the first line of a bullet without its evidence: what it says, however often it was seen
_BULLET = re.compile(r"- (.*?)(?: \[[^\[\]]*\])?")

Read = Callable[[str], str]


@dataclass(frozen=True)
class Noticed:
    """One finding: `parts` are the lessons of a group, `name` what a skill of them is called."""

    kind: str
    text: str
    evidence: tuple[str, ...]
    parts: tuple[str, ...]
    name: str


def noticed_in(goal: str) -> tuple[Noticed, ...]:
    """Return what the goal's block of JSON tells; raises FieldError where it has none to read."""
    blocks = _BLOCK.findall(goal)
    if not blocks:
        raise FieldError("the goal holds no findings: this profile only reflects")
    try:
        told = json.loads(blocks[-1])
    except (ValueError, RecursionError) as error:
        raise FieldError(f"the findings of the goal are not JSON: {error}") from error
    if not isinstance(told, list):
        raise FieldError("the findings of the goal are no list")
    return tuple(_noticed(entry) for entry in told if isinstance(entry, Mapping))


def amended(seen: Sequence[Noticed], read: Read) -> dict[str, str]:
    """Return the new text of each file that changes, by its path; `read` answers the old ones."""
    constitution = read(CONSTITUTION)
    files = {CONSTITUTION: _constitution(constitution, seen)}
    for one in seen:
        if one.kind == "twins" and len(one.name) <= _LONGEST_NAME and _NAME.fullmatch(one.name):
            path = f"memory/skills/{one.name}/SKILL.md"
            files[path] = _skill(files.get(path) or read(path), one)
    return {path: text for path, text in files.items() if text != read(path)}


def _noticed(entry: Mapping[str, object]) -> Noticed:
    fields = Fields(entry, "finding")
    return Noticed(
        kind=fields.text("kind"),
        text=_line(fields.text("text")),
        evidence=tuple(_line(one) for one in fields.texts("evidence")),
        parts=tuple(_line(one) for one in fields.texts("parts")),
        name=fields.optional_text("name") or "",
    )


def _line(text: str) -> str:
    # what begins like a comment would be hidden from whoever reads the page and not its source
    return plain_line(text, _LONGEST).replace("<!", "< !").replace("[", "(").replace("]", ")")


def _constitution(text: str, seen: Sequence[Noticed]) -> str:
    for one in seen:
        heading = _HEADINGS.get(one.kind)
        if heading and one.text not in _said(text):
            longer = _under(heading, _bullet(one.text, one.evidence), text or f"{_TITLE}\n")
            text = longer if len(longer.encode()) <= LARGEST else text
    return text


def _skill(text: str, group: Noticed) -> str:
    for part in group.parts:
        if part not in _said(text):
            longer = f"{text or _front(group)}{_bullet(part, ())}\n"
            text = longer if len(longer.encode()) <= _LARGEST_SKILL else text
    return text


def _front(group: Noticed) -> str:
    # JSON is YAML, and without quotes and backslashes both read it alike
    about = group.text.replace('"', "'").replace("\\", "/")
    description = f'"What earlier work taught: {about}. Read it before such work."'
    head = f"---\nname: {group.name}\ndescription: {description}\n---\n"
    return f"{head}\n# {group.text}\n\nLearnt by agents of this fleet, reviewed by people.\n\n"


def _said(text: str) -> frozenset[str]:
    found = (_BULLET.fullmatch(line.strip()) for line in text.splitlines())
    return frozenset(bullet[1] for bullet in found if bullet)


def _bullet(text: str, evidence: Sequence[str]) -> str:
    return f"- {text} [{', '.join(evidence)}]" if evidence else f"- {text}"


def _under(heading: str, bullet: str, text: str) -> str:
    """Return the text with the bullet as the last under its heading, which is added if missing."""
    lines = text.rstrip("\n").split("\n")
    if heading not in lines:
        return "\n".join([*lines, "", heading, "", bullet, ""])
    start = lines.index(heading) + 1
    after = (place for place in range(start, len(lines)) if lines[place].startswith("#"))
    end = next(after, len(lines))
    while end > start and not lines[end - 1].strip():
        end -= 1
    return "\n".join([*lines[:end], *([""] if end == start else []), bullet, *lines[end:], ""])
