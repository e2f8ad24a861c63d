"""Alembic's entry: it runs in the transaction of the caller."""

from alembic import context

from punctual.store.process_tables import nodes

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=nodes.metadata,  # which all tables are in
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
