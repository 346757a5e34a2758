"""What a database refuses, in fleet's own words: what passes by itself and what does not."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from fleet.domain.errors import DuplicateError, FleetError, NotFoundError, TransientError

_UNIQUE = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "23505"}
)
_FOREIGN = frozenset({sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, "23503"})
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
    }
)
_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
# PostgreSQL's classes: transaction rollback, insufficient resources, operator intervention,
# connection exception, lock not available; and a transaction in which too long nothing was said
_PASSING_CLASSES = ("40", "53", "57", "08", "55", "25P03")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the library's errors inside the block into fleet's.

    Raises DuplicateError and NotFoundError (a row names one that is not there) for constraints,
    TransientError for what may pass when tried again, FleetError for a database that cannot be
    used as it is. Everything else is a mistake in fleet and is left to crash.
    """
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise TransientError(f"the ledger: {error}") from error
    except sa.exc.DBAPIError as error:
        failure = _failure(error)
        if failure is None:
            raise
        raise failure from error


def _failure(error: sa.exc.DBAPIError) -> FleetError | None:
    said = str(error.orig).partition("\n")[0]
    code = _code(error.orig)
    if code in _UNIQUE:
        return DuplicateError(f"it exists already: {said}")
    if code in _FOREIGN:
        return NotFoundError(f"a row names one that is not in the ledger: {said}")
    if _passes(code, error):
        return TransientError(f"the ledger: {said}", remedy="disk full, busy or restarting?")
    if _primary(code) in _UNUSABLE:
        return FleetError(f"the ledger cannot be used: {said}", remedy="see its file and folder")
    return None


def _passes(code: int | str | None, error: sa.exc.DBAPIError) -> bool:
    if isinstance(code, str):
        return code.startswith(_PASSING_CLASSES)
    if code is None:  # PostgreSQL's driver gives none for a server that cannot be reached
        return isinstance(error, sa.exc.OperationalError) or error.connection_invalidated
    return _primary(code) in _PASSING


def _code(error: BaseException | None) -> int | str | None:
    """Answer SQLite's extended code or PostgreSQL's SQLSTATE."""
    found = getattr(error, "sqlite_errorcode", None) or getattr(error, "sqlstate", None)
    return found if isinstance(found, int | str) else None


def _primary(code: int | str | None) -> int | None:
    return code & 0xFF if isinstance(code, int) else None
