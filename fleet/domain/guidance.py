"""What people reviewed for agents to go by: constitution, a project's bible, skills."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LONGEST_TEXT = 16 * 1024  # bytes of the constitution, and of a bible
MOST_SKILLS = 20
MOST_FILES = 200  # of all skills
LONGEST_SKILLS = 64 * 1024  # bytes of all files of all skills
_DESCRIPTION = 1024  # characters, as the agents' common format has it
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,15}")
_LONGEST_NAME = 64
# a path of a skill's file: nothing that leads elsewhere or hides
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_DEEPEST = 5
_FENCE = "---"
_FIELD = re.compile(r"(name|description):(.*)")
_FOLDED = (">", "|", ">-", "|-")


@dataclass(frozen=True, kw_only=True)
class Skill:
    """How some kind of work is done: `files` by their path in its folder, one is SKILL.md."""

    name: str
    description: str
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """What an attempt goes by; `notes` tell what was left out of it, and why."""

    constitution: str = ""
    bible: str = ""
    skills: tuple[Skill, ...] = ()
    notes: tuple[str, ...] = ()


UNGUIDED = Guidance()


def guidance_of(constitution: bytes, bible: bytes, skills: Mapping[str, bytes]) -> Guidance:
    """Answer what the files say within their bounds; `skills` by path, such as `NAME/SKILL.md`."""
    notes: list[str] = []
    return Guidance(
        constitution=_text(constitution, "the constitution", notes),
        bible=_text(bible, "the project's bible", notes),
        skills=tuple(_skills(skills, notes)),
        notes=tuple(notes),
    )


def _text(raw: bytes, what: str, notes: list[str]) -> str:
    if len(raw) > LONGEST_TEXT:
        notes.append(f"{what} is longer than {LONGEST_TEXT} bytes: only its beginning is told")
    return _printable(raw[:LONGEST_TEXT].decode(errors="replace")).strip()


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def _skills(files: Mapping[str, bytes], notes: list[str]) -> Iterator[Skill]:
    """Yield the skills in the order of their names while there is room."""
    room, count, most = LONGEST_SKILLS, MOST_SKILLS, MOST_FILES
    for name, own in sorted(_by_folder(files).items()):
        size = sum(map(len, own.values()))
        skill = _skill(name, own, notes)
        if skill is None:
            continue
        if count == 0 or size > room or len(own) > most:
            notes.append(f"skill {name} is left out: there are too many, or they are too large")
            continue
        room, count, most = room - size, count - 1, most - len(own)
        yield skill


def _by_folder(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    folders: dict[str, dict[str, bytes]] = {}
    for path, raw in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = raw
    return folders


def _skill(name: str, files: Mapping[str, bytes], notes: list[str]) -> Skill | None:
    wrong = _wrong(name, files)
    texts = {} if wrong else {path: raw.decode() for path, raw in files.items()}
    front = {} if wrong else front_matter(texts["SKILL.md"])
    if not wrong and front.get("name", name) != name:
        wrong = f"SKILL.md says its name is {_printable(front['name'])[:_LONGEST_NAME]}"
    if not wrong and not front.get("description"):
        wrong = "SKILL.md has no description in its front matter"
    if wrong:
        notes.append(f"skill {_printable(name)[:_LONGEST_NAME]} is left out: {wrong}")
        return None
    description = " ".join(_printable(front["description"]).split())[:_DESCRIPTION]
    return Skill(name=name, description=description, files=texts)


def _wrong(name: str, files: Mapping[str, bytes]) -> str:
    """Answer why it is no skill, "" where it may be one."""
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        return "its folder's name must be small letters, digits and hyphens"
    if "SKILL.md" not in files:
        return "it has no SKILL.md"
    odd = next((path for path in files if not _plain(path)), None)
    if odd is not None:
        return f"{_printable(odd)[:100]} is no plain path"
    try:
        for raw in files.values():
            raw.decode()
    except UnicodeDecodeError:
        return "all its files must be UTF-8"
    return ""


def _plain(path: str) -> bool:
    parts = path.split("/")
    return len(parts) <= _DEEPEST and all(_PART.fullmatch(part) for part in parts)


def front_matter(text: str) -> dict[str, str]:
    """Answer name and description from between the first two lines of `---`.

    As YAML has them on one line, quoted or not, or folded on lines that are indented.
    """
    first, *lines = text.splitlines() or [""]
    if first.strip() != _FENCE or _FENCE not in (line.rstrip() for line in lines):
        return {}
    found: dict[str, str] = {}
    key = ""
    for line in lines:
        if line.rstrip() == _FENCE:
            break
        field = _FIELD.fullmatch(line.rstrip())
        if field:
            key, value = field[1], field[2].strip()
            found[key] = "" if value in _FOLDED else _unquoted(value)
        elif key and line.startswith((" ", "\t")):
            found[key] = f"{found[key]} {line.strip()}".strip()
        else:
            key = ""
    return found


def _unquoted(value: str) -> str:
    quoted = value[:1] in {"'", '"'} and value[-1:] == value[:1] and len(value) > 1
    return value[1:-1] if quoted else value
