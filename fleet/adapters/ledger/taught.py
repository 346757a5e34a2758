"""The tables of the memory: lessons, their vectors, what was recalled and what came of it."""

import sqlalchemy as sa

from fleet.adapters.ledger.columns import at, flag, json, metadata, text, whole

lessons = sa.Table(
    "lessons",
    metadata,
    text("id", key=True),
    whole("number"),
    text("digest"),
    text("title"),
    text("problem"),
    text("cause"),
    text("remedy"),
    json("tags"),
    json("files"),
    text("project", null=True),
    text("role", null=True),
    text("status"),
    text("origin"),
    text("author"),
    at("created"),
    at("updated"),
    text("task", null=True),
    text("attempt", null=True),
    whole("helpful"),
    whole("harmful"),
    json("twins"),
    text("reason"),
    whole("version"),
    sa.UniqueConstraint("number", name="one_number_a_lesson"),
    sa.UniqueConstraint("digest", name="one_lesson_a_digest"),
)

embeddings = sa.Table(
    "embeddings",
    metadata,
    sa.Column("lesson", sa.Text, sa.ForeignKey("lessons.id"), primary_key=True),
    sa.Column("space", sa.Text, primary_key=True),
    sa.Column("values", sa.LargeBinary, nullable=False),
)

recalls = sa.Table(
    "recalls",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("lesson", sa.Text, sa.ForeignKey("lessons.id"), primary_key=True),
    sa.Column("task", sa.Text, nullable=False, index=True),
    text("project"),
    whole("place"),
    sa.Column("score", sa.Float, nullable=False),
    flag("given"),
    at("at"),
)

credits_ = sa.Table(
    "credits",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("lesson", sa.Text, sa.ForeignKey("lessons.id"), primary_key=True, index=True),
    sa.Column("evidence", sa.Text, primary_key=True),
    at("at"),
)
