"""Distributes the tables over the nodes of a Citus cluster, by practice (decision 49).

Every key, constraint and reference of a practice's rows contains `practice_id`, so all rows of a
practice lie in one shard of each table, and these shards lie on one node. Tables without
`practice_id` (the queue, sign-in requests, the schema's version) stay on the coordinator, where the
other nodes find them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, ForeignKeyConstraint, MetaData, Table, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import AddConstraint

from app.configuration.settings import SettingsError
from app.database.engine import HAS_CITUS, brief_engine
from app.database.migrations import grant, lock_migrations, schema_problem

_COLUMN = "practice_id"
_FIRST = "practices"
_HAS_EXTENSION = text(f"SELECT {HAS_CITUS}")
_DISTRIBUTED = text(
    "SELECT relname FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid"
    " WHERE partmethod = 'h'"
)
_OTHERS = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND NOT relation_is_a_known_shard(oid)"
    " AND oid NOT IN (SELECT logicalrelid FROM pg_dist_partition WHERE partmethod = 'h')"
)
_UNKNOWN_TO_OTHER_NODES = text(
    "SELECT tablename FROM unnest(CAST(:names AS text[])) AS tablename"
    " WHERE tablename::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition)"
)
_MAKE_KNOWN = text("SELECT citus_add_local_table_to_metadata(:name)")
_DISTRIBUTE = text("SELECT create_distributed_table(:name, :column, colocate_with => :with)")
# The rows of before are in the shards now; those in the table itself are hidden copies.
_TRUNCATE = text("SELECT truncate_local_data_after_distributing_table(:name)")
_HAS_CONSTRAINT = text(
    "SELECT EXISTS (SELECT FROM pg_constraint"
    " WHERE conname = :name AND conrelid = CAST(:table AS regclass))"
)
# A transaction may create a table and refer to it only if it changes one shard after another.
_ONE_SHARD_AFTER_ANOTHER = text("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
# Else each new connection takes 420 ms to ask for the types of the database.
_SEES_SHARDS = "SET citus.override_table_visibility = off"


class Distribution(NamedTuple):
    """The names of the tables that are distributed, and of those on the coordinator alone."""

    distributed: list[str]
    local: list[str]


async def distribute(owner_url: str, service_role: str, metadata: MetaData) -> Distribution:
    """Distribute each table that has `practice_id`, with its rows. Runs as the owner.

    Each table is distributed in a transaction of its own, and a distributed one is left as it is,
    so the command can be repeated after a failure.

    Raises:
        SettingsError: the database has no citus extension, or not the schema of this version.
    """
    async with brief_engine(owner_url, bounded=False) as engine:
        await _check(engine)
        known = await _distributed(engine)
        for table in distributed_tables(metadata):
            if table.name not in known:
                await _distribute(engine, table)
        async with engine.begin() as db:
            await lock_migrations(db)
            # A table becomes known to the other nodes only if these change it one after another.
            await db.execute(_ONE_SHARD_AFTER_ANOTHER)
            for table in distributed_tables(metadata):
                await _complete(db, table)
            local = sorted(await db.scalars(_OTHERS))
            for name in await db.scalars(_UNKNOWN_TO_OTHER_NODES, {"names": local}):
                await db.execute(_MAKE_KNOWN, {"name": name})
            # Citus makes the sequence of an identity column anew, without privileges.
            await grant(db, service_role)
        return Distribution(sorted(await _distributed(engine)), local)


async def see_shards(url: str) -> None:
    """Make the role of a URL see shards in the catalogue. Runs as that role."""
    async with brief_engine(url) as engine, engine.begin() as db:
        database = await db.scalar(text("SELECT quote_ident(current_database())"))
        await db.execute(text(f"ALTER ROLE CURRENT_USER IN DATABASE {database} {_SEES_SHARDS}"))


def distributed_tables(metadata: MetaData) -> list[Table]:
    """Return the tables to distribute, each after those that it refers to."""
    tables = [table for table in metadata.sorted_tables if _COLUMN in table.columns]
    return sorted(tables, key=lambda table: table.name != _FIRST)


@contextmanager
def distributing_new_tables(connection: Connection) -> Iterator[None]:
    """Distribute each table that is created meanwhile, if `practices` is distributed.

    A migration creates a table with its references. Such a table could not be distributed any
    more, so the references are added after it was.
    """
    if not _is_distributed(connection):
        yield
        return
    connection.execute(_ONE_SHARD_AFTER_ANOTHER)
    event.listen(Table, "before_create", _leave_references_out)
    event.listen(Table, "after_create", _distribute_new)
    try:
        yield
    finally:
        event.remove(Table, "before_create", _leave_references_out)
        event.remove(Table, "after_create", _distribute_new)


def _is_distributed(connection: Connection) -> bool:
    if not connection.scalar(_HAS_EXTENSION):
        return False
    return _FIRST in connection.scalars(_DISTRIBUTED).all()


def _leave_references_out(table: Table, *_: object, **__: object) -> None:
    for reference in table.foreign_key_constraints:
        reference.use_alter = True


def _distribute_new(table: Table, connection: Connection, **_: object) -> None:
    if _COLUMN in table.columns:
        connection.execute(_DISTRIBUTE, _arguments(table))
    for reference in table.foreign_key_constraints:
        connection.execute(AddConstraint(reference))


def _arguments(table: Table) -> dict[str, Any]:
    colocated = "none" if table.name == _FIRST else _FIRST
    return {"name": table.name, "column": _COLUMN, "with": colocated}


async def _check(engine: AsyncEngine) -> None:
    async with engine.begin() as db:
        if not await db.scalar(_HAS_EXTENSION):
            raise SettingsError(
                "The database has no citus extension: a superuser creates it on each node, and "
                "names the nodes to the coordinator (docs/how-to/scale-out.md)."
            )
    wrong = await schema_problem(engine)
    if wrong is not None:
        raise SettingsError(wrong)


async def _distributed(engine: AsyncEngine) -> set[str]:
    async with engine.begin() as db:
        return set(await db.scalars(_DISTRIBUTED))


async def _distribute(engine: AsyncEngine, table: Table) -> None:
    async with engine.begin() as db:
        await lock_migrations(db)
        for reference in _back_references(table):
            await db.execute(
                text(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {reference.name}")
            )
        await db.execute(_DISTRIBUTE, _arguments(table))


async def _complete(db: AsyncConnection, table: Table) -> None:
    """Add the references that were dropped, and delete the hidden copies of the rows."""
    for reference in _back_references(table):
        values = {"name": reference.name, "table": table.name}
        if not await db.scalar(_HAS_CONSTRAINT, values):
            await db.execute(AddConstraint(reference))
    await db.execute(_TRUNCATE, {"name": table.name})


def _back_references(table: Table) -> list[ForeignKeyConstraint]:
    """Return the references to a table that itself refers to this one, and is distributed later."""
    return [one for one in table.foreign_key_constraints if one.use_alter]
