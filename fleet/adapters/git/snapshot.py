"""Turn the files of a worktree into a tree object, trusting nothing an agent may have written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.adapters.git.blobs import Entry, write_blobs
from fleet.adapters.git.command import Git
from fleet.adapters.git.files import copy_index
from fleet.adapters.git.ignore import entries_of, folded, folders_of, ignored, rules_in
from fleet.adapters.git.listing import Listing, listed, under
from fleet.adapters.git.place import Place
from fleet.adapters.git.repository import Repository

_LINK = "160000"
# of what the base ignores, a salvage keeps what a human may want back, not a build's gigabytes
_SALVAGED_FILE_BYTES = 100 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The tree of a worktree, and the one with the ignored files too where that was asked.

    None stands for the tree of the base: nothing differs.
    """

    tree: str | None
    salvage: str | None = None
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Sorted:
    """Paths by what becomes of them."""

    stored: list[bytes] = field(default_factory=list)
    deleted: list[bytes] = field(default_factory=list)
    ignored: list[bytes] = field(default_factory=list)


def snapshot(
    repository: Repository,
    place: Place,
    facts: Mapping[str, str],
    *,
    skip: tuple[str, ...],
    salvage: bool,
) -> Snapshot:
    """Store what changed since `base` of the facts; the ignore rules are those of its `rules`."""
    git = repository.store.over(place.tree, index=place.index)
    base = _tracked(git)
    links = frozenset(path for path, (mode, _) in base.items() if mode == _LINK)
    tracked = base.keys() - links
    above = {folder for path in tracked for folder in folders_of(path)}
    found = listed(place.tree, tracked=frozenset(tracked | above), links=links)
    ruling = base if facts["rules"] == facts["base"] else entries_of(repository, facts["rules"])
    work = _sorted(repository, place, found, tracked=tracked, rules=rules_in(ruling), skip=skip)
    written = write_blobs(repository, place.tree, work.stored)
    # a file may be written anew with what it held
    changed = {p: entry for p, entry in written.entries.items() if base.get(p) != entry}
    tree = None
    if changed or work.deleted:
        tree = _tree(repository, place, changed, deleted=work.deleted)
    notes = [*found.notes, *written.notes]
    kept = None
    if salvage and work.ignored:
        more = write_blobs(repository, place.tree, work.ignored, limit=_SALVAGED_FILE_BYTES)
        both = {**changed, **more.entries}
        kept = _tree(repository, place, both, deleted=work.deleted)
        notes += more.notes
    return Snapshot(
        tree=tree,
        salvage=kept,
        ignored=folded([*found.ignored, *work.ignored], {*tracked, *work.stored}),
        notes=tuple(notes),
    )


def _tracked(git: Git) -> dict[bytes, Entry]:
    """Answer the base's files and submodules, from the index made before the start."""
    entries = {}
    for listed_entry in git.run("ls-files", "--stage", "-z").fields:
        about, path = listed_entry.split(b"\t", 1)
        mode, blob, _ = about.decode().split(" ")
        entries[path] = (mode, blob)
    return entries


def _sorted(
    repository: Repository,
    place: Place,
    found: Listing,
    *,
    tracked: set[bytes],
    rules: Mapping[bytes, str],
    skip: tuple[str, ...],
) -> _Sorted:
    git = repository.store.over(place.tree, index=place.index)
    # compares by stat, and by content where the clock cannot tell: no filter is configured here
    differing = set(git.run("diff-files", "-z", "--name-only").fields)
    left = {name.removesuffix("/").encode(errors="surrogateescape") for name in skip}
    untracked = [
        path
        for path in sorted(found.files - tracked)
        if path not in left and left.isdisjoint(folders_of(path))
    ]
    hidden = ignored(repository, rules, untracked, scratch=place.scratch)
    changed = differing & found.files
    return _Sorted(
        stored=sorted(changed | (set(untracked) - hidden)),
        deleted=sorted(p for p in differing - changed if not under(p, found.unreadable)),
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
