"""Alembic's entry: it runs in the transaction of the caller."""

from alembic import context

from punctual.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
