"""Engines: how each database is opened, what a transaction is there, and the schema's upkeep."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fleet.domain.errors import ConfigError

HEAD = "0007"
_BUSY_SECONDS = 10.0
# any number will do that no other program takes on the same database: "fleet" in hexadecimal
_WRITERS_TURN = 0x666C656574
# libpq's words, seconds but for the last one's milliseconds: a server that is gone is noticed
_NETWORK = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# the server's words: one of many coordinators whose machine died in its turn keeps nobody out,
# and ends before those lose patience that wait for it
_SESSION = {
    "idle_in_transaction_session_timeout": "20s",
    "lock_timeout": "30s",
    "tcp_keepalives_idle": "20s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}


def engine_for(url: str) -> sa.Engine:
    """Answer an engine for the URL; raises ConfigError for one that fleet does not know."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise ConfigError("FLEET_DATABASE_URL is no database URL") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database not in {None, "", ":memory:"}:
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed.set(drivername="postgresql+psycopg"))
        case other:
            remedy = "use sqlite:////PATH or postgresql://"
            raise ConfigError(f"no ledger on {other} without a file or server", remedy=remedy)


def _postgresql(url: sa.URL) -> sa.Engine:
    patience = _patience(url)
    try:
        return sa.create_engine(
            url, isolation_level="REPEATABLE READ", pool_pre_ping=True, connect_args=patience
        )
    except ModuleNotFoundError as error:
        remedy = "pip install 'fleet-orchestrator[postgres]'"
        raise ConfigError("a ledger on PostgreSQL needs psycopg", remedy=remedy) from error


def _patience(url: sa.URL) -> dict[str, Any]:
    """Answer how long server and network are waited for; what the URL itself says comes first."""
    network = {word: value for word, value in _NETWORK.items() if word not in url.query}
    ours = " ".join(f"-c {word}={value}" for word, value in _SESSION.items())
    theirs = url.normalized_query.get("options", ())
    # of two that set the same the server takes the last
    return {**network, "options": " ".join((ours, *theirs))}


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        connection.isolation_level = None  # fleet says BEGIN itself, see below
        # FULL costs 0.2 ms a commit and keeps what was committed through a power cut
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # a writer takes the lock first: one that began by reading could not be upgraded
        writes = connection.get_execution_options().get("fleet_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading_from(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Hold a transaction that sees one instant."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing_to(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Hold the only writing transaction there is; it sees all that was committed before.

    Writers take turns on PostgreSQL too. So event ids appear in the order they rise, and nobody
    who reads "all above N" misses one; and the loser of a race finds the row moved on instead of
    a serialization failure.
    """
    with engine.connect() as plain:
        if engine.dialect.name == "sqlite":
            connection = plain.execution_options(fleet_writes=True)
            with connection.begin():
                yield connection
            return
        connection = plain.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS_TURN)))
            yield connection


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to HEAD; raises ConfigError when a newer fleet wrote it."""
    with reading_from(engine) as connection:
        if _version(connection) == HEAD:
            return  # importing alembic costs more than everything else here
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with writing_to(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, HEAD)
        except CommandError as error:
            message = f"the ledger has schema {_version(connection)}, this fleet knows {HEAD}"
            raise ConfigError(message, remedy="use the newer fleet that wrote it") from error


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return str(found) if found else None
