"""Runs the migrations, on the connection that app/database/migrations.py passes, or on its own."""

import asyncio
from collections.abc import Iterable

from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

from app.clock import system_clock
from app.configuration.loading import load_settings
from app.database.distribution import distributing_new_tables
from app.database.engine import brief_engine
from app.operations.installation import installation
from app.tables.all import metadata

LONGEST_REVISION = 32  # of the column in alembic's table


def ours(
    item: SchemaItem,  # noqa: ARG001 - alembic's signature
    name: str | None,
    type_: str,
    reflected: bool,  # noqa: ARG001, FBT001
    compare_to: SchemaItem | None,  # noqa: ARG001
) -> bool:
    """Exclude the job library's tables, which the library defines."""
    return not (type_ == "table" and (name or "").startswith("pgqueuer"))


def name_revision(
    _: MigrationContext,
    __: str | Iterable[str | None] | Iterable[str],
    scripts: list[MigrationScript],
) -> None:
    """Name a new migration by its date and its message, like the existing ones."""
    [script] = scripts
    words = "".join(c if c.isalnum() else " " for c in (script.message or "").lower()).split()
    name = "_".join([f"{system_clock():%Y%m%d}", *words])
    while len(name) > LONGEST_REVISION:
        name = name.rpartition("_")[0]
    script.rev_id = name


def run(connection: Connection) -> None:
    """Run the migrations on this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=ours,
        process_revision_directives=name_revision,
    )
    with context.begin_transaction(), distributing_new_tables(connection):
        context.run_migrations()


async def run_as_owner(url: str) -> None:
    """Run the migrations on the database of the settings, for the `alembic` command."""
    async with brief_engine(url, bounded=False) as engine, engine.begin() as db:
        await db.run_sync(run)


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with installation(load_settings(), migrates=True) as settings:
        asyncio.run(run_as_owner(settings.owner_url))
