"""How many new files of one attempt are taken: a loop makes a million of them in seconds."""

from collections import Counter
from collections.abc import Iterable, Iterator

from fleet.adapters.git.command import text

MOST_FILES = 100_000


def taken(paths: Iterable[bytes], *, notes: list[str]) -> Iterator[bytes]:
    """Yield the paths that are taken, and note what is left out of which folder.

    Folders of few files go first: what somebody wrote does not lie among a hundred thousand others.
    """
    by_folder = Counter(map(_folder, found := tuple(paths)))
    if len(found) <= MOST_FILES:
        yield from found
        return
    ordered = sorted(found, key=lambda path: (by_folder[_folder(path)], path))
    yield from ordered[:MOST_FILES]
    for folder, left in Counter(map(_folder, ordered[MOST_FILES:])).items():
        notes.append(
            f"{left} of {by_folder[folder]} files in {text(folder) or '.'} are left out: "
            f"{MOST_FILES} new files are taken of an attempt"
        )


def _folder(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]
