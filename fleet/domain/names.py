"""Names and links of a tree that are harmless to git and to nobody else."""

from collections.abc import Collection, Iterable, Mapping


def leads_out(link: str, target: str) -> bool:
    """Tell whether a link leads, or may lead, out of the tree it stands in.

    `..` is taken only at its beginning: after the name of another link it would mean that one's
    parent, so that a chain of links, each inside, could leave the tree. What git keeps of itself
    is no part of the tree.
    """
    parts = target.split("/")
    if target.startswith("/") or "\0" in target or not target:
        return True
    if any(part.casefold() == ".git" for part in parts):
        return True
    steps = [part for part in parts if part not in {"", "."}]
    up = next((n for n, part in enumerate(steps) if part != ".."), len(steps))
    return ".." in steps[up:] or up > link.count("/")


def odd(path: str) -> str:
    """Say what is odd about a path, "" where nothing is."""
    if not path.isprintable():
        return "a character that is not shown"
    parts = path.split("/")
    if any(part.startswith("-") for part in parts):
        return "a name that looks like an option"
    if any(part != part.strip() or part.endswith(".") for part in parts):
        return "a name with a blank or a dot at its end"
    if "\\" in path or ":" in path:
        return "a name that is a path elsewhere"
    return ""


def collisions(paths: Iterable[str], standing: Collection[str]) -> Mapping[str, str]:
    """Answer which of the paths differ from one of `standing` by case alone, folders included."""
    spelled: dict[str, set[str]] = {}
    for each in {way for path in standing for way in _ways(path)}:
        spelled.setdefault(each.casefold(), set()).add(each)
    found = {}
    for path in paths:
        others = {other for each in _ways(path) for other in spelled.get(each.casefold(), ())}
        others -= set(_ways(path))
        if others:
            found[path] = min(others)
    return found


def _ways(path: str) -> Iterable[str]:
    """Yield a path and every folder on its way."""
    yield path
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)
