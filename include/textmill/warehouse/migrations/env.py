"""Alembic environment: runs on the connection that `textmill.warehouse.migrate` hands over."""

from alembic import context

from textmill.warehouse.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    # The server commits at each DDL statement anyway; one transaction per migration keeps the version right.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
