"""Batches of merges, verdicts that are known by their tree, reverts, and who answered what."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NONE = "'[]'"
# what older rows have in the new columns
_ADDED: tuple[tuple[str, str, sa.types.TypeEngine[Any], str], ...] = (
    ("attempts", "others", sa.JSON(), _NONE),
    ("pull_requests", "place", sa.BigInteger(), "0"),
    ("pull_requests", "size", sa.BigInteger(), "0"),
    ("pull_requests", "risk", sa.JSON(), _NONE),
    ("pull_requests", "comments", sa.JSON(), _NONE),
    ("pending_actions", "answered_by", sa.Text(), "''"),
    ("verdicts", "definition", sa.Text(), "''"),
    ("verdicts", "source", sa.Text(), "''"),
    ("verdicts", "flaky", sa.Boolean(), "false"),
    ("verdicts", "log", sa.Text(), "''"),
)
_MERGING = sa.text("status = 'merging'")


def upgrade() -> None:
    """Add the columns, and let several pull requests of one target merge together."""
    for table, name, kind, older in _ADDED:
        column = sa.Column(name, kind, nullable=False, server_default=sa.text(older))
        op.add_column(table, column)
    op.add_column("tasks", sa.Column("reverts", sa.BigInteger(), nullable=True))
    op.add_column("pull_requests", sa.Column("built", sa.Text(), nullable=True))
    op.add_column("pending_actions", sa.Column("answered_at", sa.String(32), nullable=True))
    op.drop_index("one_merge_a_target", "pull_requests")
    op.create_index(
        "one_merge_a_target",
        "pull_requests",
        ["project", "target", "place"],
        unique=True,
        sqlite_where=_MERGING,
        postgresql_where=_MERGING,
    )
    op.create_index("verdicts_by_tree", "verdicts", ["tree", "definition", "image"], unique=False)
