"""The newest question is found by an index: it is asked for with every snapshot."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the index."""
    op.create_index("actions_by_number", "pending_actions", ["number"])
