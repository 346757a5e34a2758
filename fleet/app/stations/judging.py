"""Judging: the facts of a diff are gathered, and policy rules on them."""

from dataclasses import replace
from itertools import pairwise

from fleet.app.tools import Tools
from fleet.domain import licences
from fleet.domain.change import Diff
from fleet.domain.licences import Licence
from fleet.domain.merge import MergeWay
from fleet.domain.policy import Ruling
from fleet.domain.profile import Project
from fleet.domain.ruling import judge
from fleet.domain.traits import Facts, Leak
from fleet.ports import Added

# beyond that a diff is too large to be searched, which is a fact about it
_READ = 2 * 1024 * 1024
_PATCH = 20_000
# a branch has a commit for each attempt
_COMMITS = 20


def ruling_on(project: Project, tools: Tools, *, base: str, head: str) -> Ruling:
    """Rule on what `head` changes of what both share; raises TransientError to be tried again."""
    return judge(_facts(project, tools, base=base, head=head), project, tools.fleet.policy)


def ruling_on_branch(project: Project, tools: Tools, *, base: str, head: str) -> Ruling:
    """Rule on a branch: what an attempt took out again still lands with the commit it stands in."""
    facts = _facts(project, tools, base=base, head=head)
    if facts.diff and project.merge is MergeWay.MERGE:
        past = _past(project, tools, base=base, head=head)
        known = {(leak.path, leak.kind) for leak in facts.leaks}
        leaks = (leak for leak in past if (leak.path, leak.kind) not in known)
        earlier = (replace(each, kind=f"{each.kind}, in an earlier commit") for each in leaks)
        facts = replace(facts, leaks=(*facts.leaks, *earlier))
    return judge(facts, project, tools.fleet.policy)


def _past(project: Project, tools: Tools, *, base: str, head: str) -> tuple[Leak, ...]:
    """Answer the secrets that single commits of a branch added."""
    commits = tools.worktrees.commits_between(project, base, head)[:_COMMITS]
    if len(commits) <= 1:
        return ()
    steps = pairwise((*commits, base))
    read = (tools.worktrees.added(project, old, new, limit=_READ) for new, old in steps)
    return tuple({leak: None for added in read for leak in tools.scanner.found(added)})


def excerpt(project: Project, tools: Tools, *, base: str, head: str) -> str:
    """Answer the beginning of the diff for people, without secrets."""
    patch = tools.worktrees.patch(project, base, head, limit=_PATCH)
    added = tools.worktrees.added(project, base, head, limit=_READ)
    shown = tools.scanner.clean(patch, added)
    if len(patch) >= _PATCH:
        shown += f"\n(cut here; all of it: git diff {base}...{head})"
    return shown


def _facts(project: Project, tools: Tools, *, base: str, head: str) -> Facts:
    diff = tools.worktrees.diff(project, base, head)
    if not diff:
        return Facts(diff=diff)
    added = tools.worktrees.added(project, base, head, limit=_READ)
    # only a new name can be mistaken for one that stands there
    standing = any(change.new for change in diff)
    return Facts(
        diff=diff,
        added=added.lines,
        removed=added.removed,
        cut=frozenset(added.cut),
        leaks=tools.scanner.found(added),
        licences=_licences(diff, added, tools),
        standing=tools.worktrees.paths(project, head) if standing else frozenset(),
    )


def _licences(diff: Diff, added: Added, tools: Tools) -> tuple[Licence, ...]:
    """Answer what the user's policies look for at the beginning of new files."""
    patterns = tools.fleet.policy.licences
    if not patterns:
        return ()
    heads = {
        change.path: licences.head([line for _, line in added.lines.get(change.path, ())])
        for change in diff
        if change.new
    }
    return tools.scanner.licences(patterns, heads)
