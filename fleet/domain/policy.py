"""Policy on a diff: allow, ask or deny, each with its reason."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from fleet.domain.profile import Project

CHECK_FILES = "check_files"


class Decision(StrEnum):
    """What a rule says; `rank` orders them, the severest last."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class ChangeType(StrEnum):
    """What happened to a file."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RENAME = "rename"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One file of a diff; `mode` is git's after the change, `old_path` where it was before."""

    path: str
    change_type: ChangeType
    added: int = 0
    removed: int = 0
    binary: bool = False
    mode: str = "100644"
    old_path: str | None = None


Diff = tuple[Change, ...]


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A decision, the rule that made it, why, and the files it is about."""

    decision: Decision
    rule: str = ""
    reason: str = ""
    files: tuple[str, ...] = ()


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path falls under a pattern; `DIR/**` covers the folder and all below it.

    Compared without regard to case, so that no other spelling slips by where the file system
    folds case. A pattern also means itself, letter by letter: `pages/[id].tsx` is a file's name.
    """
    path, pattern = path.casefold(), pattern.casefold()
    folder = pattern.removesuffix("/**").rstrip("/")
    if (path + "/").startswith(folder + "/"):
        return True
    # `**/NAME` means NAME in the root as well
    in_root = pattern.startswith("**/") and fnmatchcase(path, pattern[3:])
    return in_root or fnmatchcase(path, pattern)


def touched(diff: Diff, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Answer the paths of the diff, old or new, that fall under any pattern."""
    paths = {path for change in diff for path in (change.path, change.old_path) if path}
    return tuple(sorted(p for p in paths if any(matches(p, pattern) for pattern in patterns)))


def judge(diff: Diff, project: Project) -> Ruling:
    """Rule on a diff: deny outranks ask; a question names the files of all rules that ask."""
    links = tuple(c.path for c in diff if c.mode == "160000")
    if links:
        reason = "a submodule entry was added or moved"
        return Ruling(decision=Decision.DENY, rule="submodules", reason=reason, files=links)
    asked = [
        (rule, reason, files)
        for rule, reason, patterns in (
            (CHECK_FILES, "the diff changes what checks it", project.check_files),
            ("protected", "the diff changes protected paths", project.protected),
        )
        if (files := touched(diff, patterns))
    ]
    if not asked:
        return Ruling(decision=Decision.ALLOW)
    return Ruling(
        decision=Decision.ASK,
        rule=asked[0][0],
        reason=" and ".join(reason for _, reason, _ in asked),
        files=tuple(sorted({path for _, _, files in asked for path in files})),
    )


class ActionStatus(StrEnum):
    """Where a pending action stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLEARED = "cleared"


@dataclass(frozen=True, kw_only=True)
class PendingAction:
    """Something that waits for a human's yes: what would be done, to which SHA, by which rule.

    `id` is `A-<number>`.
    """

    id: str
    number: int
    task: str
    attempt: str
    category: str
    action: str
    created: datetime
    sha: str | None = None
    files: tuple[str, ...] = ()
    diff: str = ""
    risks: tuple[str, ...] = ()
    rule: str = ""
    dry_run: str = ""
    status: ActionStatus = ActionStatus.PENDING
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    replace_check: bool = False
    version: int = 0
