"""The tables of what stands until it is changed: health, holds and the coordinator's term."""

import sqlalchemy as sa

from fleet.adapters.ledger.columns import at, flag, metadata, text, whole

health = sa.Table(
    "health",
    metadata,
    text("subject", key=True),
    text("kind"),
    text("reason"),
    at("since"),
    at("until", null=True),
    whole("strikes"),
    flag("blocked"),
    whole("version"),
)

holds = sa.Table(
    "holds",
    metadata,
    text("subject", key=True),
    text("kind"),
    flag("active"),
    text("who"),
    at("at"),
    text("reason"),
    whole("version"),
)

terms = sa.Table(
    "terms",
    metadata,
    text("name", key=True),
    whole("number"),
    text("holder"),
    text("host"),
    whole("pid"),
    text("what"),
    at("since"),
    at("beat"),
    flag("ended"),
    whole("version"),
)
