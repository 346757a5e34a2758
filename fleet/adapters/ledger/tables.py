"""The tables: one a kind of row, one column a field; what is nested stands as JSON."""

import sqlalchemy as sa

from fleet.adapters.ledger.columns import (
    COUNTED,
    Day,
    at,
    day,
    flag,
    json,
    later,
    metadata,
    text,
    whole,
)
from fleet.domain.attempt import LIVE
from fleet.domain.merge import PullRequestStatus

tasks = sa.Table(
    "tasks",
    metadata,
    text("key", key=True),
    text("project"),
    whole("number"),
    text("title"),
    at("created"),
    at("updated"),
    text("goal"),
    json("accept"),
    text("kind"),
    text("parent", null=True),
    json("depends"),
    text("role"),
    text("profile", null=True),
    text("priority"),
    json("labels"),
    whole("budget_micros", null=True),
    whole("max_retries"),
    text("review"),
    json("comments"),
    json("granted"),
    text("resolution", null=True),
    text("reason"),
    flag("cancel_requested"),
    whole("red_from"),
    flag("fresh"),
    whole("reverts", null=True),
    whole("version"),
    sa.UniqueConstraint("project", "number", name="one_number_a_task"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    text("id", key=True),
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.key"), nullable=False, index=True),
    text("project"),
    whole("number"),
    text("profile"),
    text("account"),
    text("branch"),
    text("state"),
    at("created"),
    whole("reserved_micros"),
    flag("fresh"),
    text("base", null=True),
    text("head", null=True),
    at("started", null=True),
    at("ended", null=True),
    at("last_beat", null=True),
    at("last_progress", null=True),
    whole("last_seq"),
    whole("claims"),
    at("last_turn", null=True),
    at("last_work", null=True),
    sa.Column("ran_seconds", sa.Float, nullable=True),
    text("stopping", null=True),
    text("cause", null=True),
    text("outcome", null=True),
    text("reason"),
    text("hindered"),
    text("red", null=True),
    text("failure_kind"),
    flag("self_check_red"),
    text("summary"),
    text("diagnosis"),
    json("usage"),
    text("approved_sha", null=True),
    later("others", sa.JSON(), "'[]'"),
    flag("cleaned"),
    whole("version"),
    sa.UniqueConstraint("task", "number", name="one_number_an_attempt"),
)

pulls = sa.Table(
    "pull_requests",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.key"), nullable=False),
    text("project"),
    text("attempt"),
    text("branch"),
    text("target"),
    text("base"),
    text("head"),
    text("title"),
    at("created"),
    text("status"),
    text("summary"),
    text("reason"),
    text("candidate", null=True),
    text("candidate_tip", null=True),
    later("place", sa.BigInteger(), "0"),
    text("built", null=True),
    text("merged_sha", null=True),
    json("reviewers"),
    later("size", sa.BigInteger(), "0"),
    later("risk", sa.JSON(), "'[]'"),
    later("comments", sa.JSON(), "'[]'"),
    whole("version"),
    sa.UniqueConstraint("attempt", name="one_pull_request_an_attempt"),
)

actions = sa.Table(
    "pending_actions",
    metadata,
    text("id", key=True),
    whole("number"),
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.key"), nullable=False, index=True),
    text("attempt"),
    text("category"),
    text("action"),
    at("created"),
    text("sha", null=True),
    json("files"),
    text("diff"),
    json("risks"),
    text("rule"),
    text("dry_run"),
    text("status"),
    text("answer"),
    later("answered_by", sa.Text(), "''"),
    at("answered_at", null=True),
    flag("replace_check"),
    whole("version"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", COUNTED, primary_key=True, autoincrement=True),
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), nullable=False),
    text("name"),
    text("sha"),
    text("tree"),
    text("status"),
    json("command"),
    whole("exit_code", null=True),
    text("stdout"),
    text("stderr"),
    sa.Column("duration_seconds", sa.Float, nullable=False),
    text("error", null=True),
    at("at"),
    sa.Column("image", sa.Text, nullable=False, server_default=""),
    later("definition", sa.Text(), "''"),
    later("source", sa.Text(), "''"),
    later("flaky", sa.Boolean(), "false"),
    later("log", sa.Text(), "''"),
    sa.UniqueConstraint("attempt", "name", "sha", "at", name="one_verdict_a_check"),
)

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    text("task"),
    text("project"),
    text("account"),
    whole("micros"),
    at("at"),
)

settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    text("task"),
    text("project"),
    text("account"),
    whole("micros"),
    flag("estimated"),
    json("usage"),
    at("at"),
    whole("requests"),
    day("day"),
    day("project_day"),
    text("run"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("attempt", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
    sa.Column("task", sa.Text, nullable=False, index=True),
    text("successor"),
    text("trigger"),
    text("cause"),
    text("from_profile"),
    text("from_account"),
    text("to_profile"),
    text("to_account"),
    text("why"),
    text("carried"),
    sa.Column("seconds_lost", sa.Float, nullable=False),
    sa.Column("night", Day, nullable=False, index=True),
    at("at"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", COUNTED, primary_key=True, autoincrement=True),
    text("kind"),
    at("at"),
    text("who"),
    sa.Column("task", sa.Text, nullable=True, index=True),
    sa.Column("attempt", sa.Text, nullable=True),
    whole("seq", null=True),
    text("what"),
    json("data"),
    sa.UniqueConstraint("attempt", "seq", name="one_event_a_line"),
    sqlite_autoincrement=True,
)

settings = sa.Table("settings", metadata, text("name", key=True), text("value"))

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
# the newest number is asked for with every snapshot, and rows hold whole diffs
sa.Index("actions_by_number", actions.c.number)
# each holds all that its sum needs: the planner asks often, and rows lie scattered in the table
_spent = settlements.c
sa.Index("spent_by_account", _spent.day, _spent.account, _spent.micros, _spent.requests)
sa.Index("spent_by_project", _spent.project_day, _spent.project, _spent.micros)
sa.Index("spent_by_task", _spent.task, _spent.micros)
sa.Index("spent_by_run", _spent.run, _spent.micros)
