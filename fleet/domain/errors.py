"""Everything fleet refuses or fails at, as one small tree."""

import errno

_SHORT = frozenset({errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class FleetError(Exception):
    """An expected failure: what, which id, what to do."""

    code = "failed"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class TransientError(FleetError):
    """It may go through when tried again: engine busy, database locked."""

    code = "transient"


def short_of(error: BaseException | None) -> bool:
    """Tell whether the machine had no process, thread, file or memory to give: it soon has."""
    if isinstance(error, OSError):
        return error.errno in _SHORT
    # Python has no error of its own for a thread that cannot be started
    return isinstance(error, RuntimeError) and "can't start new thread" in str(error)


class EngineDownError(TransientError):
    """The container engine does not answer."""

    code = "engine_down"


class HalfStartedError(TransientError):
    """The engine died while it started this container: nobody can tell whether it runs."""

    code = "half_started"


class TooSlowError(FleetError):
    """It was not done in the time it was given: there is too much of it, or the machine hangs."""

    code = "too_slow"


class StaleLeaseError(FleetError):
    """The row moved on since it was read; the writer is a revenant and changes nothing."""

    code = "stale_lease"


class DuplicateError(FleetError):
    """A row of that key, or a second live one, exists already."""

    code = "duplicate"


class DeposedError(FleetError):
    """Another coordinator has taken over; whoever is told so ends at once."""

    code = "deposed"


class IllegalMoveError(FleetError):
    """There is no road between these two states."""

    code = "illegal_move"


class ConfigError(FleetError):
    """A file the user wrote is wrong: file, line, what was expected."""

    code = "config"


class NotFoundError(FleetError):
    """Nothing of that id stands in the ledger."""

    code = "not_found"


class WorkspaceError(FleetError):
    """The repository cannot be worked on: missing, empty, foreign, in conflict."""

    code = "workspace"


class DiskFullError(WorkspaceError):
    """No space: nobody's fault, and over as soon as somebody frees some."""

    code = "disk_full"


class CredentialError(FleetError):
    """An account's credential is missing or malformed; the message never shows it."""

    code = "credential"


class EmbeddingError(FleetError):
    """The provider of vectors does not answer, or answers nonsense; lexical search goes on."""

    code = "embedding"


class IndexDamagedError(FleetError):
    """The index of lessons cannot be read; it is made anew from the ledger."""

    code = "index_damaged"


class IndexDownError(TransientError):
    """The server of the index does not answer; lessons are searched exactly meanwhile."""

    code = "index_down"


class BusyError(FleetError):
    """Another coordinator holds the home."""

    code = "busy"
