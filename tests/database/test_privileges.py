"""The privileges of the service's role: no more than it needs (product.md)."""

import asyncpg
import pytest

from app.database.embedded import SERVICE
from tests.world import NOW, World

FORBIDDEN = [
    "UPDATE changes SET actor = 'practice'",
    "DELETE FROM changes",
    "TRUNCATE changes",
    "UPDATE policy_versions SET text = ''",
    "DELETE FROM policy_versions",
    "UPDATE change_notes SET note = 'x'",
    "DELETE FROM sessions",
    "DELETE FROM fees",
    "DELETE FROM credit_redemptions",
    "DELETE FROM allowance_uses",
    "DELETE FROM clients",
    "TRUNCATE sessions CASCADE",
    "UPDATE alembic_version SET version_num = 'x'",
    "CREATE TABLE stray (id int)",
    "CREATE INDEX stray ON sessions (id)",
    "ALTER TABLE taken_times DROP CONSTRAINT no_overlap_after",
    "ALTER TABLE changes ADD COLUMN stray int",
    "DROP TABLE sessions",
    "CREATE SCHEMA stray",
    "SET ROLE reslot_owner",
]


async def test_the_service_changes_no_history_no_policy_version_and_no_table(
    service: asyncpg.Connection, world: World
) -> None:
    await world.add_policy({})
    await world.book(NOW)
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(statement)
    assert await service.fetchval("SELECT count(*) FROM changes") == 1


async def test_the_service_may_erase_a_note(service: asyncpg.Connection) -> None:
    await service.execute("DELETE FROM change_notes")


async def test_the_service_owns_nothing(service: asyncpg.Connection) -> None:
    owned = await service.fetch(
        """
        SELECT c.relname AS name FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
         WHERE r.rolname = $1
        UNION ALL
        SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolname = $1
        UNION ALL
        SELECT n.nspname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
         WHERE r.rolname = $1
        UNION ALL
        SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
         WHERE r.rolname = $1
        """,
        SERVICE,
    )
    assert owned == []


async def test_the_service_is_no_superuser_and_in_no_other_role(
    service: asyncpg.Connection,
) -> None:
    row = await service.fetchrow(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
        "FROM pg_roles WHERE rolname = $1",
        SERVICE,
    )
    assert row is not None
    assert not any(row.values())
    roles = await service.fetchval(
        "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
        "WHERE r.rolname = $1",
        SERVICE,
    )
    assert roles == 0
