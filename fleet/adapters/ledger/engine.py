"""Engines: how each database is opened, and its schema brought up to date."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fleet.domain.errors import ConfigError

HEAD = "0001"
_BUSY_MS = 10_000


def engine_for(url: str) -> sa.Engine:
    """Answer an engine for the URL; raises ConfigError for one that fleet does not know."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ConfigError("FLEET_DATABASE_URL is no database URL") from error
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            return sa.create_engine(parsed, isolation_level="REPEATABLE READ", pool_pre_ping=True)
        case other:
            raise ConfigError(f"no ledger on {other}", remedy="use sqlite or postgresql")


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        connection.isolation_level = None  # fleet says BEGIN itself, see below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # a writer takes the lock first: one that began by reading could not be upgraded
        writes = connection.get_execution_options().get("fleet_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrated(engine: sa.Engine) -> None:
    """Bring the schema to HEAD; alembic is imported only when there is something to do."""
    with engine.connect() as connection, connection.begin():
        versioned = sa.inspect(connection).has_table("alembic_version")
        version = sa.text("SELECT version_num FROM alembic_version")
        if versioned and connection.scalar(version) == HEAD:
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(fleet_writes=True) as connection:
        config.attributes["connection"] = connection
        with connection.begin():
            command.upgrade(config, HEAD)
