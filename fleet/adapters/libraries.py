"""Heavy libraries are loaded where they are used: what they raise becomes ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from fleet.domain.errors import EmbeddingError, FleetError
from fleet.domain.quoting import one_line

_LONGEST = 300  # characters of an error of theirs


@contextmanager
def library(name: str) -> Iterator[None]:
    """Raise EmbeddingError for whatever is raised inside; lessons are found by their words then.

    Only the import and the calls of the library belong inside.
    """
    try:
        yield
    except (FleetError, KeyboardInterrupt, SystemExit):
        raise
    # half installed they raise anything; their errors have no class in common, and where one has
    # a Rust half its panic is no Exception but a BaseException
    except BaseException as error:
        said = one_line(f"{type(error).__name__}: {error}", _LONGEST)
        raise EmbeddingError(
            f"{name} cannot be used: {said}", remedy="install fleet's requirements anew"
        ) from error
