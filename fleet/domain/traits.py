"""What is noticed of a diff: pure facts in, traits out, the same in whatever order they come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fleet.domain.change import EXECUTABLE_MODE, LINK_MODE, SUBMODULE_MODE, Change, Diff, under
from fleet.domain.licences import Licence
from fleet.domain.manifests import only_versions
from fleet.domain.names import collisions, leads_out, odd
from fleet.domain.policy import Category, Trait
from fleet.domain.profile import Project
from fleet.domain.suites import defined_tests, holds_tests, may_define
from fleet.domain.watched import BUILD, CI, LOCK, MANIFESTS, shadowed

# more is not read by a person in one sitting; lock files are not counted
LARGE_LINES = 2000
LARGE_FILES = 200


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A secret that stands in an added line: where, and of which kind; never the secret itself."""

    path: str
    line: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A diff and what is known of it: added lines with their numbers and removed ones, by path.

    `cut` are files that were not read whole; `standing` all paths of the tree once it is changed.
    """

    diff: Diff
    added: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    leaks: tuple[Leak, ...] = ()
    licences: tuple[Licence, ...] = ()
    standing: frozenset[str] = frozenset()

    def lines(self, path: str) -> tuple[str, ...]:
        """Answer the lines added to a file, without their numbers."""
        return tuple(line for _, line in self.added.get(path, ()))


def traits_of(facts: Facts, project: Project) -> tuple[Trait, ...]:
    """Answer everything noticed of a diff, each once, by category and file."""
    found = {
        *_by_place(facts.diff, project),
        *(trait for change in facts.diff for trait in _by_kind(change, facts)),
        *_by_content(facts),
        *_odd(facts),
        *_tests(facts),
        *_large(facts.diff),
    }
    order = list(Category)
    ordered = sorted(found, key=lambda each: (order.index(each.category), each.file, each.detail))
    return (*ordered, *_changes(facts.diff))


def _changes(diff: Diff) -> Iterator[Trait]:
    """Yield every file once; what was moved away counts where it was as well."""
    for path in sorted({path for change in diff for path in change.paths}):
        yield Trait(category=Category.CHANGE, file=path)


def _by_place(diff: Diff, project: Project) -> Iterator[Trait]:
    places = (
        (Category.CHECK_FILE, project.check_files),
        (Category.PROTECTED, project.protected),
        (Category.CI, CI),
        (Category.LOCK, LOCK),
        (Category.BUILD, BUILD),
    )
    for path in {path for change in diff for path in change.paths}:
        for category, patterns in places:
            if under(path, patterns):
                yield Trait(category=category, file=path)


def _by_kind(change: Change, facts: Facts) -> Iterator[Trait]:
    """Yield what a change is by its mode and its form."""
    path = change.path
    if change.mode == SUBMODULE_MODE or path.casefold() == ".gitmodules":
        yield Trait(category=Category.SUBMODULE, file=path)
    if change.mode == LINK_MODE and not change.deleted:
        yield from _link(path, facts)
    if change.binary and not change.deleted:
        yield Trait(category=Category.BINARY, file=path, detail="not searched for secrets")
    if change.mode == EXECUTABLE_MODE and _newly_executable(change):
        yield Trait(category=Category.MODE, file=path, detail="can be executed now")
    module = shadowed(change)
    if module is not None:
        detail = f"is found before the module {module}"
        yield Trait(category=Category.BUILD, file=path, detail=detail)


def _newly_executable(change: Change) -> bool:
    # git tells the mode after a change alone; where no line changed, the mode did
    return change.new or not (change.added or change.removed or change.binary)


def _link(path: str, facts: Facts) -> Iterator[Trait]:
    lines = facts.lines(path)
    if not lines or path in facts.cut:
        detail = "a link, and where it leads was not read"
        yield Trait(category=Category.UNREAD, file=path, detail=detail)
    elif leads_out(path, "\n".join(lines)):
        yield Trait(category=Category.SYMLINK, file=path, detail="leads out of the tree")


def _by_content(facts: Facts) -> Iterator[Trait]:
    """Yield what is told by the lines of files."""
    kinds = {change.path: change for change in facts.diff}
    for leak in facts.leaks:
        detail = f"line {leak.line} holds what looks like a secret ({leak.kind})"
        yield Trait(category=Category.SECRET, file=leak.path, detail=detail)
    for each in facts.licences:
        yield Trait(category=Category.LICENCE, file=each.path, detail=each.detail)
    for path in facts.cut & kinds.keys():
        if _is_text(kinds[path]):
            detail = "too large to be searched for secrets"
            yield Trait(category=Category.UNREAD, file=path, detail=detail)
    for change in facts.diff:
        if under(change.path, MANIFESTS) and not _only_versions(change, facts):
            detail = "more than versions of dependencies"
            yield Trait(category=Category.BUILD, file=change.path, detail=detail)


def _is_text(change: Change) -> bool:
    return not (change.deleted or change.binary or change.mode == LINK_MODE)


def _only_versions(change: Change, facts: Facts) -> bool:
    """Tell whether every line that changed was read, and is a version or a dependency."""
    added, removed = facts.lines(change.path), facts.removed.get(change.path, ())
    whole = len(added) == change.added and len(removed) == change.removed
    plain = not (change.binary or change.deleted or change.new)
    return plain and whole and only_versions((*added, *removed))


def _odd(facts: Facts) -> Iterator[Trait]:
    """Yield new files whose names other tools and file systems take for something else."""
    new = [change.path for change in facts.diff if change.new]
    for path in new:
        what = odd(path)
        if what:
            yield Trait(category=Category.ODD_NAME, file=path, detail=what)
    for path, other in collisions(new, facts.standing).items():
        detail = f"differs from {other} by case alone"
        yield Trait(category=Category.ODD_NAME, file=path, detail=detail)


def _tests(facts: Facts) -> Iterator[Trait]:
    """Yield tests that go, and a fall of their number over all files together."""
    for change in facts.diff:
        moved = change.old_path is not None and not holds_tests(change.path)
        gone = change.old_path if moved else change.path if change.deleted else None
        if gone is not None and holds_tests(gone):
            yield Trait(category=Category.TESTS_DELETED, file=gone)
    counted = {c.path: _balance(c.path, facts) for c in facts.diff if may_define(c.path)}
    if sum(counted.values()) >= 0:
        return
    for path, balance in counted.items():
        if balance < 0:
            detail = f"{-balance} fewer, {-sum(counted.values())} over all files"
            yield Trait(category=Category.FEWER_TESTS, file=path, detail=detail)


def _balance(path: str, facts: Facts) -> int:
    return defined_tests(facts.lines(path)) - defined_tests(facts.removed.get(path, ()))


def _large(diff: Diff) -> Iterator[Trait]:
    written = [change for change in diff if not under(change.path, LOCK)]
    added = sum(change.added for change in written)
    if added > LARGE_LINES or len(written) > LARGE_FILES:
        detail = f"{added} lines added in {len(written)} files"
        yield Trait(category=Category.LARGE, detail=detail)
