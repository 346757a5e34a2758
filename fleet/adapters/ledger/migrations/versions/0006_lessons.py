"""Lessons, their vectors, what was recalled for attempts and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables."""
    _lessons()
    op.create_table(
        "embeddings",
        sa.Column("lesson", sa.Text(), sa.ForeignKey("lessons.id"), primary_key=True),
        sa.Column("space", sa.Text(), primary_key=True),
        sa.Column("values", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "recalls",
        sa.Column("attempt", sa.Text(), sa.ForeignKey("attempts.id"), primary_key=True),
        sa.Column("lesson", sa.Text(), sa.ForeignKey("lessons.id"), primary_key=True),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_index("ix_recalls_task", "recalls", ["task"])
    op.create_table(
        "credits",
        sa.Column("attempt", sa.Text(), sa.ForeignKey("attempts.id"), primary_key=True),
        sa.Column("lesson", sa.Text(), sa.ForeignKey("lessons.id"), primary_key=True),
        sa.Column("evidence", sa.Text(), primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_index("ix_credits_lesson", "credits", ["lesson"])


def _lessons() -> None:
    op.create_table(
        "lessons",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("updated", sa.String(32), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Text(), nullable=True),
        sa.Column("helpful", sa.BigInteger(), nullable=False),
        sa.Column("harmful", sa.BigInteger(), nullable=False),
        sa.Column("twins", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("number", name="one_number_a_lesson"),
        sa.UniqueConstraint("digest", name="one_lesson_a_digest"),
    )
