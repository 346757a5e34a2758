"""Turn the files of a worktree into a tree object, trusting nothing an agent may have written."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from fleet.adapters.git.blobs import Entry, write_blobs
from fleet.adapters.git.bounds import taken
from fleet.adapters.git.files import copy_index
from fleet.adapters.git.ignore import entries_of, folded, folders_of, ignored, rules_in
from fleet.adapters.git.index import Index, read_index
from fleet.adapters.git.listing import Listing, listed, under
from fleet.adapters.git.place import Place
from fleet.adapters.git.repository import Repository

_LINK = "160000"
# of what the base ignores, a salvage keeps what a human may want back, not a build's gigabytes
_SALVAGED_FILE_BYTES = 100 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The tree of a worktree, and the one with the ignored files too where that was asked.

    None stands for the tree of the base: nothing differs. `paths` are those of the tree.
    """

    tree: str | None
    paths: frozenset[bytes]
    salvage: str | None = None
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What lies in the worktree, the base's files, and how those looked at first."""

    found: Listing
    tracked: Set[bytes]
    index: Index


@dataclass(kw_only=True)
class _Sorted:
    """Paths by what becomes of them."""

    stored: list[bytes] = field(default_factory=list)
    deleted: list[bytes] = field(default_factory=list)
    ignored: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def snapshot(
    repository: Repository,
    place: Place,
    facts: Mapping[str, str],
    *,
    skip: tuple[str, ...],
    salvage: bool,
) -> Snapshot:
    """Store what changed since `base` of the facts; the ignore rules are those of its `rules`."""
    files, work = _looked_at(repository, place, facts, skip=skip)
    found, base, tracked = files.found, files.index.entries, files.tracked
    held = frozenset(blob for _, blob in base.values())
    written = write_blobs(repository, place.tree, work.stored, held=held)
    # a file may be written anew with what it held
    changed = {p: entry for p, entry in written.entries.items() if base.get(p) != entry}
    tree = None
    if changed or work.deleted:
        tree = _tree(repository, place, changed, deleted=work.deleted)
    notes = [*found.notes, *work.notes, *written.notes]
    kept = None
    if salvage and work.ignored:
        wanted = list(taken(work.ignored, notes=notes))
        more = write_blobs(repository, place.tree, wanted, limit=_SALVAGED_FILE_BYTES)
        both = {**changed, **more.entries}
        kept = _tree(repository, place, both, deleted=work.deleted)
        notes += more.notes
    return Snapshot(
        tree=tree,
        paths=frozenset(base.keys() - set(work.deleted)) | changed.keys(),
        salvage=kept,
        ignored=folded([*found.ignored, *work.ignored], {*tracked, *work.stored}),
        notes=tuple(notes),
    )


def touched(repository: Repository, place: Place, facts: Mapping[str, str]) -> bool:
    """Tell whether a worktree may differ from its base, ignored files counted; nothing is stored.

    A file that was written anew with what it held counts too.
    """
    _, work = _looked_at(repository, place, facts, skip=())
    return bool(work.stored or work.deleted or work.ignored)


def _looked_at(
    repository: Repository, place: Place, facts: Mapping[str, str], *, skip: tuple[str, ...]
) -> tuple[_Files, _Sorted]:
    index = read_index(place.index, algorithm=repository.object_format)
    base = index.entries
    links = frozenset(path for path, (mode, _) in base.items() if mode == _LINK)
    tracked = base.keys() - links
    above = {folder for path in tracked for folder in folders_of(path)}
    found = listed(place.tree, tracked=frozenset(tracked | above), links=links)
    ruling = base if facts["rules"] == facts["base"] else entries_of(repository, facts["rules"])
    files = _Files(found=found, tracked=tracked, index=index)
    return files, _sorted(repository, place, files, rules=rules_in(ruling), skip=skip)


def _sorted(
    repository: Repository,
    place: Place,
    files: _Files,
    *,
    rules: Mapping[bytes, str],
    skip: tuple[str, ...],
) -> _Sorted:
    found, tracked = files.found, files.tracked
    changed = files.index.touched(place.tree, tracked & found.files, since_ns=place.marked_ns)
    left = {name.removesuffix("/").encode(errors="surrogateescape") for name in skip}
    untracked = [
        path
        for path in sorted(found.files - tracked)
        if path not in left and left.isdisjoint(folders_of(path))
    ]
    hidden = ignored(repository, rules, untracked, scratch=place.scratch)
    gone, notes = tracked - found.files, list[str]()
    new = taken((path for path in untracked if path not in hidden), notes=notes)
    return _Sorted(
        notes=notes,
        stored=sorted(changed.union(new)),
        deleted=sorted(path for path in gone if not under(path, found.unreadable)),
        ignored=sorted(hidden),
    )


def _tree(
    repository: Repository, place: Place, entries: dict[bytes, Entry], *, deleted: list[bytes]
) -> str:
    """Answer the tree of the base with these entries put in and those paths taken out."""
    index = place.beside / "index.next"
    copy_index(place.index, index, repository.owner)
    git = repository.store.over(place.tree, index=index)
    nothing = b"0" * (40 if repository.object_format == "sha1" else 64)
    lines = [b"0 %s\t%s\0" % (nothing, path) for path in deleted]
    for path, (mode, blob) in entries.items():
        lines.append(b"%s %s\t%s\0" % (mode.encode(), blob.encode(), path))
    # deletions first: a folder may take the place of a file
    git.run("update-index", "-z", "--index-info", stdin=b"".join(lines))
    tree = git.line("write-tree")
    index.unlink()
    return tree
