"""Swaps leave receipts, accounts and vendors have a health, settlements know their days."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_attempts = sa.table(
    "attempts",
    *map(sa.column, ("state", "stopping", "outcome", "reason", "cause")),
)
_settlements = sa.table(
    "settlements",
    *map(sa.column, ("at", "day", "project_day", "run")),
    sa.column("requests", sa.BigInteger),
    sa.column("usage", sa.JSON),
)


def upgrade() -> None:
    """Add tables and columns, and say of older rows what can be known."""
    _receipts()
    _health()
    _why_attempts_were_swapped()
    _what_settlements_belong_to()
    _indexes()


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("from_profile", sa.Text(), nullable=False),
        sa.Column("from_account", sa.Text(), nullable=False),
        sa.Column("to_profile", sa.Text(), nullable=False),
        sa.Column("to_account", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("carried", sa.Text(), nullable=False),
        sa.Column("seconds_lost", sa.Float(), nullable=False),
        sa.Column("night", sa.String(10), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt"],
            ["attempts.id"],
        ),
        sa.PrimaryKeyConstraint("attempt"),
    )
    op.create_index("ix_receipts_task", "receipts", ["task"], unique=False)
    op.create_index("ix_receipts_night", "receipts", ["night"], unique=False)


def _health() -> None:
    op.create_table(
        "health",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("until", sa.String(32), nullable=True),
        sa.Column("strikes", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )


def _why_attempts_were_swapped() -> None:
    """Name the cause of older swaps: there were two, and the reason tells them apart."""
    op.add_column("attempts", sa.Column("last_turn", sa.String(32), nullable=True))
    op.add_column("attempts", sa.Column("cause", sa.Text(), nullable=True))
    old = _attempts.c
    overtime = old.reason.like("longer than%")
    swapped = sa.or_(old.state == "swapped", old.stopping == "swap", old.outcome == "swap")
    cause = sa.case((overtime, "overtime"), else_="stalled")
    op.execute(_attempts.update().where(swapped).values(cause=cause))


def _what_settlements_belong_to() -> None:
    """Give older settlements the day it was in UTC, and no run."""
    added: dict[str, sa.types.TypeEngine[Any]] = {
        "requests": sa.BigInteger(),
        "day": sa.String(10),
        "project_day": sa.String(10),
        "run": sa.Text(),
    }
    for name, kind in added.items():
        op.add_column("settlements", sa.Column(name, kind, nullable=True))
    old = _settlements.c
    day = sa.func.substr(old.at, 1, 10)
    turns = sa.func.coalesce(old.usage["turns"].as_integer(), 0)
    values = {"requests": turns, "day": day, "project_day": day, "run": ""}
    op.execute(_settlements.update().values(values))
    with op.batch_alter_table("settlements") as table:
        for name, kind in added.items():
            table.alter_column(name, existing_type=kind, nullable=False)


def _indexes() -> None:
    """Index what is added up now, and no longer what was."""
    op.drop_index("ix_settlements_at", "settlements")
    op.drop_index("ix_settlements_task", "settlements")
    op.drop_index("ix_reservations_task", "reservations")
    spent = {
        "spent_by_account": ["day", "account", "micros", "requests"],
        "spent_by_project": ["project_day", "project", "micros"],
        "spent_by_task": ["task", "micros"],
        "spent_by_run": ["run", "micros"],
    }
    for name, columns in spent.items():
        op.create_index(name, "settlements", columns, unique=False)
