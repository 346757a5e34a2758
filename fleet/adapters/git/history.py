"""What stands between two commits of a history."""

from fleet.adapters.git.commits import read_commit
from fleet.adapters.git.repository import Repository

_MOST = 50_000


def between(repository: Repository, base: str, tip: str) -> tuple[str, ...]:
    """Answer the commits that `tip` contains and `base` does not, children before parents."""
    if read_commit(repository, tip).parents == (base,):
        return (tip,)
    asked = ("rev-list", "--topo-order", f"--max-count={_MOST}", tip, f"^{base}")
    told = repository.store.run(*asked)
    return tuple(told.out.decode("ascii").split())
