"""Every key, unique constraint, exclusion constraint and reference has `practice_id`."""

from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from app.tables.all import metadata

TENANT = "practice_id"
# A sign-in request has only an address: its practices are looked up later.
OF_NO_PRACTICE = {"sign_in_counters", "sign_in_requests"}
TABLES = sorted(
    (table for name, table in metadata.tables.items() if name not in OF_NO_PRACTICE),
    key=lambda table: table.name,
)
NAMES = [table.name for table in TABLES]


def columns(constraint: object) -> list[str]:
    """Name the columns of a constraint of any kind."""
    if isinstance(constraint, ExcludeConstraint):
        return [str(column) for column, _, _ in constraint._render_exprs]  # noqa: SLF001
    assert isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint)
    return [column.name for column in constraint.columns]


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_every_declared_constraint_holds_the_tenant(table: Table) -> None:
    kinds = (PrimaryKeyConstraint, UniqueConstraint, ForeignKeyConstraint, ExcludeConstraint)
    found = [made for made in table.constraints if isinstance(made, kinds)]
    assert any(isinstance(made, PrimaryKeyConstraint) for made in found)
    for constraint in found:
        names = [name.rpartition(".")[2] for name in columns(constraint)]
        assert TENANT in names, constraint.name
    for constraint in table.foreign_key_constraints:
        referred = {element.parent.name: element.column.name for element in constraint.elements}
        assert referred[TENANT] == TENANT, constraint.name
    for index in table.indexes:
        assert index.columns.keys()[0] == TENANT, index.name


async def test_every_constraint_in_the_database_holds_the_tenant(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch(
        """
        SELECT t.relname AS table_name, c.conname AS name, c.contype::text AS kind,
               (SELECT array_agg(a.attname::text) FROM pg_attribute a
                 WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) AS columns
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
         WHERE t.relname = ANY ($1) AND c.contype IN ('p', 'u', 'f', 'x')
        """,
        NAMES,
    )
    assert {row["table_name"] for row in rows if row["kind"] == "p"} == set(NAMES)
    assert sum(row["kind"] == "x" for row in rows) == 2
    assert sum(row["kind"] == "f" for row in rows) > 20
    assert [row["name"] for row in rows if TENANT not in row["columns"]] == []


async def test_every_reference_in_the_database_goes_from_tenant_to_tenant(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch(
        """
        SELECT c.conname AS name,
               bool_or(mine.attname = $2 AND theirs.attname = $2) AS ties_tenant
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
          CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS pair (own, other)
          JOIN pg_attribute mine ON mine.attrelid = c.conrelid AND mine.attnum = pair.own
          JOIN pg_attribute theirs ON theirs.attrelid = c.confrelid AND theirs.attnum = pair.other
         WHERE t.relname = ANY ($1) AND c.contype = 'f'
         GROUP BY c.oid, c.conname
        """,
        NAMES,
        TENANT,
    )
    assert rows
    assert [row["name"] for row in rows if not row["ties_tenant"]] == []


async def test_every_unique_index_in_the_database_holds_the_tenant(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch(
        """
        SELECT i.indexrelid::regclass::text AS name,
               (SELECT array_agg(a.attname::text) FROM pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) AS columns
          FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         WHERE t.relname = ANY ($1) AND i.indisunique
        """,
        NAMES,
    )
    assert len(rows) > len(NAMES)
    assert [row["name"] for row in rows if TENANT not in row["columns"]] == []


async def test_no_table_of_ours_has_its_own_trigger(owner: asyncpg.Connection) -> None:
    triggers = await owner.fetch(
        "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE c.relname = ANY ($1) AND NOT t.tgisinternal",
        NAMES,
    )
    assert triggers == []


async def test_every_table_in_the_database_is_known(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {row["tablename"] for row in rows}
    others = {name for name in found if name.startswith("pgqueuer")} | {"alembic_version"}
    assert found - others == set(NAMES) | OF_NO_PRACTICE


async def test_a_stray_reference_to_another_practice_is_impossible(
    owner: asyncpg.Connection,
) -> None:
    mine, theirs = uuid4(), uuid4()
    for practice_id in (mine, theirs):
        await owner.execute(
            "INSERT INTO practices (practice_id, name, currency, email) "
            "VALUES ($1, 'P', 'USD', 'p@p.example')",
            practice_id,
        )
    await owner.execute(
        "INSERT INTO practitioners (practice_id, id, name, email, time_zone) "
        "VALUES ($1, gen_random_uuid(), 'M', 'm@p.example', 'UTC')",
        mine,
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await owner.execute(
            "INSERT INTO working_hours "
            "(practice_id, id, practitioner_id, weekday, start_minute, end_minute) "
            "SELECT $1, gen_random_uuid(), id, 1, 0, 60 FROM practitioners",
            theirs,
        )
