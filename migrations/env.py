"""Runs the migrations on the connection that app/database/migrations.py hands over."""

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

from app.tables import metadata


def ours(
    item: SchemaItem,  # noqa: ARG001 - alembic's signature
    name: str | None,
    type_: str,
    reflected: bool,  # noqa: ARG001, FBT001
    compare_to: SchemaItem | None,  # noqa: ARG001
) -> bool:
    """Leave out the job library's tables: they are its own to describe."""
    return not (type_ == "table" and (name or "").startswith("pgqueuer"))


connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, include_object=ours)
with context.begin_transaction():
    context.run_migrations()
