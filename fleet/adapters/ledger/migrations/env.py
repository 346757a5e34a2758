"""Alembic's entry: migrate on the connection that fleet hands over."""

from alembic import context

from fleet.adapters.ledger.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
