"""The tables: one a kind of row, one column a field; what is nested stands as JSON."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from fleet.adapters.ledger.columns import Day, Instant
from fleet.domain.attempt import LIVE
from fleet.domain.merge import PullRequestStatus

metadata = sa.MetaData()


# SQLite counts up only what it calls INTEGER
_Counted = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _whole(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _later(name: str, kind: "sa.types.TypeEngine[Any]", older: str) -> "sa.Column[Any]":
    """Answer a column that came later, with what stands in it where a row is older."""
    return sa.Column(name, kind, nullable=False, server_default=sa.text(older))


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _at(name: str, *, null: bool = False) -> "sa.Column[datetime]":
    return sa.Column(name, Instant, nullable=null)


def _day(name: str) -> "sa.Column[date]":
    return sa.Column(name, Day, nullable=False)


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.JSON, nullable=False)


tasks = sa.Table(
    "tasks",
    metadata,
    _text("key", key=True),
    _text("project"),
    _whole("number"),
    _text("title"),
    _at("created"),
    _at("updated"),
    _text("goal"),
    _json("accept"),
    _text("kind"),
    _text("parent", null=True),
    _json("depends"),
    _text("role"),
    _text("profile", null=True),
    _text("priority"),
    _json("labels"),
    _whole("budget_micros", null=True),
    _whole("max_retries"),
    _text("review"),
    _json("comments"),
    _json("granted"),
    _text("resolution", null=True),
    _text("reason"),
    _flag("cancel_requested"),
    _whole("red_from"),
    _flag("fresh"),
    _whole("reverts", null=True),
    _whole("version"),
    sa.UniqueConstraint("project", "number", name="one_number_a_task"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    _text("id", key=True),
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.key"), nullable=False, index=True),
    _text("project"),
    _whole("number"),
    _text("profile"),
    _text("account"),
    _text("branch"),
    _text("state"),
    _at("created"),
    _whole("reserved_micros"),
    _flag("fresh"),
    _text("base", null=True),
    _text("head", null=True),
    _at("started", null=True),
    _at("ended", null=True),
    _at("last_beat", null=True),
    _at("last_progress", null=True),
    _whole("last_seq"),
    _whole("claims"),
    _at("last_turn", null=True),
    _text("stopping", null=True),
    _text("cause", null=True),
    _text("outcome", null=True),
    _text("reason"),
    _text("hindered"),
    _text("red", null=True),
    _text("failure_kind"),
    _flag("self_check_red"),
    _text("summary"),
    _text("diagnosis"),
    _json("usage"),
    _text("approved_sha", null=True),
    _later("others", sa.JSON(), "'[]'"),
    _flag("cleaned"),
    _whole("version"),
    sa.UniqueConstraint("task", "number", name="one_number_an_attempt"),
)

pulls = sa.Table(
    "pull_requests",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.key"), nullable=False),
    _text("project"),
    _text("attempt"),
    _text("branch"),
    _text("target"),
    _text("base"),
    _text("head"),
    _text("title"),
    _at("created"),
    _text("status"),
    _text("summary"),
    _text("reason"),
    _text("candidate", null=True),
    _text("candidate_tip", null=True),
    _later("place", sa.BigInteger(), "0"),
    _text("built", null=True),
    _text("merged_sha", null=True),
    _json("reviewers"),
    _later("size", sa.BigInteger(), "0"),
    _later("risk", sa.JSON(), "'[]'"),
    _later("comments", sa.JSON(), "'[]'"),
    _whole("version"),
    sa.UniqueConstraint("attempt", name="one_pull_request_an_attempt"),
)

actions = sa.Table(
    "pending_actions",
    metadata,
    _text("id", key=True),
    _whole("number"),
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.key"), nullable=False, index=True),
    _text("attempt"),
    _text("category"),
    _text("action"),
    _at("created"),
    _text("sha", null=True),
    _json("files"),
    _text("diff"),
    _json("risks"),
    _text("rule"),
    _text("dry_run"),
    _text("status"),
    _text("answer"),
    _later("answered_by", sa.Text(), "''"),
    _at("answered_at", null=True),
    _flag("replace_check"),
    _whole("version"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", _Counted, primary_key=True, autoincrement=True),
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), nullable=False),
    _text("name"),
    _text("sha"),
    _text("tree"),
    _text("status"),
    _json("command"),
    _whole("exit_code", null=True),
    _text("stdout"),
    _text("stderr"),
    sa.Column("duration_seconds", sa.Float, nullable=False),
    _text("error", null=True),
    _at("at"),
    sa.Column("image", sa.Text, nullable=False, server_default=""),
    _later("definition", sa.Text(), "''"),
    _later("source", sa.Text(), "''"),
    _later("flaky", sa.Boolean(), "false"),
    _later("log", sa.Text(), "''"),
    sa.UniqueConstraint("attempt", "name", "sha", "at", name="one_verdict_a_check"),
)

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    _text("task"),
    _text("project"),
    _text("account"),
    _whole("micros"),
    _at("at"),
)

settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    _text("task"),
    _text("project"),
    _text("account"),
    _whole("micros"),
    _flag("estimated"),
    _json("usage"),
    _at("at"),
    _whole("requests"),
    _day("day"),
    _day("project_day"),
    _text("run"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("task", sa.Text, nullable=False, index=True),
    _text("successor"),
    _text("trigger"),
    _text("cause"),
    _text("from_profile"),
    _text("from_account"),
    _text("to_profile"),
    _text("to_account"),
    _text("why"),
    _text("carried"),
    sa.Column("seconds_lost", sa.Float, nullable=False),
    sa.Column("night", Day, nullable=False, index=True),
    _at("at"),
)

health = sa.Table(
    "health",
    metadata,
    _text("subject", key=True),
    _text("kind"),
    _text("reason"),
    _at("since"),
    _at("until", null=True),
    _whole("strikes"),
    _flag("blocked"),
    _whole("version"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _Counted, primary_key=True, autoincrement=True),
    _text("kind"),
    _at("at"),
    _text("who"),
    sa.Column("task", sa.Text, nullable=True, index=True),
    sa.Column("attempt", sa.Text, nullable=True),
    _whole("seq", null=True),
    _text("what"),
    _json("data"),
    sa.UniqueConstraint("attempt", "seq", name="one_event_a_line"),
    sqlite_autoincrement=True,
)

settings = sa.Table("settings", metadata, _text("name", key=True), _text("value"))

# written out in a query too: a database uses a partial index only where it sees the same words
LIVE_NOW = attempts.c.state.in_(
    sa.bindparam(
        "live", sorted(state.value for state in LIVE), expanding=True, literal_execute=True
    )
)
_merging = pulls.c.status == PullRequestStatus.MERGING.value
_open = tasks.c.resolution.is_(None)
_kept = ~attempts.c.cleaned

sa.Index(
    "one_live_attempt_a_task",
    attempts.c.task,
    unique=True,
    sqlite_where=LIVE_NOW,
    postgresql_where=LIVE_NOW,
)
sa.Index(
    "one_merge_a_target",
    pulls.c.project,
    pulls.c.target,
    pulls.c.place,
    unique=True,
    sqlite_where=_merging,
    postgresql_where=_merging,
)
# the same tree is never checked twice: asked before every check
sa.Index("verdicts_by_tree", verdicts.c.tree, verdicts.c.definition, verdicts.c.image)
sa.Index("open_tasks", tasks.c.key, sqlite_where=_open, postgresql_where=_open)
sa.Index("children", tasks.c.parent)
sa.Index("kept_attempts", attempts.c.id, sqlite_where=_kept, postgresql_where=_kept)
sa.Index("pulls_by_status", pulls.c.status)
# each holds all that its sum needs: the planner asks often, and rows lie scattered in the table
_spent = settlements.c
sa.Index("spent_by_account", _spent.day, _spent.account, _spent.micros, _spent.requests)
sa.Index("spent_by_project", _spent.project_day, _spent.project, _spent.micros)
sa.Index("spent_by_task", _spent.task, _spent.micros)
sa.Index("spent_by_run", _spent.run, _spent.micros)
