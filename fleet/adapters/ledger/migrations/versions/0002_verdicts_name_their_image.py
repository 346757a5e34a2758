"""A verdict names the image its check ran in: another image may say otherwise of the same tree."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; of verdicts written before nobody knows, so they are not used again."""
    op.add_column("verdicts", sa.Column("image", sa.Text(), nullable=False, server_default=""))
