"""Pull requests on a real repository and ledger, without a coordinator or an engine."""

from fleet.bootstrap import office_open
from fleet.config import read_settings
from fleet.domain.attempt import State
from fleet.domain.merge import PullRequestStatus
from fleet.domain.task import Resolution
from fleet.ports import Append, Save
from tests.builders import a_pull, a_task, a_verdict, an_attempt
from tests.e2e.fleets import Home, git


def written(home: Home, *rows, appended=()) -> None:
    """Write rows into the home's ledger."""
    with office_open(read_settings(home.folder)) as office:
        office.ledger.commit([*(Save(row=r) for r in rows), *(Append(row=r) for r in appended)])


def committed(home: Home, files: dict[str, bytes], *, branch: str) -> str:
    """Commit files on a branch that begins at main, by the user's git; main is left as it was."""
    repository = home.repository
    git(repository, "switch", "-q", "-C", branch, "main")
    for name, content in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", f"work on {branch}")
    sha = git(repository, "rev-parse", "HEAD")
    git(repository, "switch", "-q", "--detach", "main")
    return sha


def in_review(home: Home, files: dict[str, bytes], *, key="APP-1", task=None, **pull):
    """Write an open pull request of an attempt that committed those files."""
    base = git(home.repository, "rev-parse", "main")
    head = committed(home, files, branch=f"fleet/{key.lower()}")
    number = int(key.partition("-")[2])
    attempt = an_attempt(key, state=State.VERIFIED, base=base, head=head, cleaned=True)
    opened = a_pull(number, key, **({"base": base, "head": head} | pull))
    verdict = a_verdict(attempt.id, sha=head)
    written(home, a_task(key, **(task or {})), attempt, opened, appended=[verdict])
    return opened


def merged(home: Home, files: dict[str, bytes], *, key="APP-1"):
    """Merge a commit of those files into main, as fleet would have, and write that down."""
    base = git(home.repository, "rev-parse", "main")
    head = committed(home, files, branch=f"fleet/{key.lower()}")
    tree = git(home.repository, "rev-parse", f"{head}^{{tree}}")
    parents = ("-p", base, "-p", head)
    sha = git(home.repository, "commit-tree", tree, *parents, "-m", f"Merge {key}")
    git(home.repository, "update-ref", "refs/heads/main", sha)
    git(home.repository, "switch", "-q", "--detach", "main")
    number = int(key.partition("-")[2])
    landed = {"base": base, "head": head, "status": PullRequestStatus.MERGED, "merged_sha": sha}
    attempt = an_attempt(key, state=State.MERGED, base=base, head=head, cleaned=True)
    written(home, a_task(key, resolution=Resolution.MERGED), attempt, a_pull(number, key, **landed))
    return sha
