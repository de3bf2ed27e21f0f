"""Migrates a database, and grants the service role the minimum privileges."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.configuration.settings import SettingsError
from app.database.engine import PLANS, PLANS_VALUE, SERVICE_SETTINGS, brief_engine
from app.database.transactions import INSUFFICIENT_PRIVILEGE, sqlstate

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"

# The service's privileges by table. The audit log and policy versions are append-only. A note must
# be erasable, so it has its own table.
_PRIVILEGES = {
    "alembic_version": "SELECT",
    "changes": "SELECT, INSERT",
    "policy_versions": "SELECT, INSERT",
    "change_notes": "SELECT, INSERT, DELETE",
    "sign_in_requests": "SELECT, INSERT, UPDATE, DELETE",
    "sign_in_counters": "SELECT, INSERT, UPDATE, DELETE",
    "sign_ins": "SELECT, INSERT, UPDATE, DELETE",
    "sign_in_families": "SELECT, INSERT, UPDATE, DELETE",
    "service_formats": "SELECT, INSERT, UPDATE, DELETE",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
    "working_hours": "SELECT, INSERT, UPDATE, DELETE",
    "hours_overrides": "SELECT, INSERT, UPDATE, DELETE",
    "busy_intervals": "SELECT, INSERT, UPDATE, DELETE",
    "taken_times": "SELECT, INSERT, UPDATE, DELETE",
    "held_times": "SELECT, INSERT, UPDATE, DELETE",
    "sign_in_providers": "SELECT, INSERT, UPDATE, DELETE",
    "holidays": "SELECT, INSERT, DELETE",
    "feeds": "SELECT, INSERT, UPDATE, DELETE",
    "notifications": "SELECT, INSERT, UPDATE, DELETE",
    "pictures": "SELECT, INSERT, DELETE",
    "short_links": "SELECT, INSERT, DELETE",
}
_OTHERWISE = "SELECT, INSERT, UPDATE"
_JOB_TABLES = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
_MIGRATING = 7_365_110  # arbitrary key of an advisory lock
_UNKNOWN = "The database has the schema of another version. Install that version of Reslot."


async def migrate(owner_url: str, service_role: str, revision: str = "head") -> None:
    """Migrate as the owner, then grant the service role its privileges. Idempotent.

    Concurrent calls wait for one another. A migration has no time limits for locks and statements.

    Raises:
        SettingsError: the database has the schema of another version that is not known here.
    """
    async with brief_engine(owner_url, bounded=False) as engine, engine.begin() as db:
        await lock_migrations(db)
        found = await _revision(db)
        if found is not None and found not in _schemas().known:
            raise SettingsError(_UNKNOWN)
        await db.run_sync(_upgrade, revision)
        await grant(db, service_role)


async def set_role_limits(service_url: str) -> None:
    """Store the settings of the service's connections at its role. Runs as that role.

    With a pooler in transaction mode, settings of a connection have no effect.
    """
    async with brief_engine(service_url) as engine, engine.begin() as db:
        await lock_migrations(db)
        database = await db.scalar(text("SELECT quote_ident(current_database())"))
        plans = {PLANS: await db.scalar(text(f"SELECT {PLANS_VALUE}"))}
        for name, value in (SERVICE_SETTINGS | plans).items():
            role = f"ROLE CURRENT_USER IN DATABASE {database}"
            await db.exec_driver_sql(f"ALTER {role} SET {name} = '{value}'")


async def lock_migrations(db: AsyncConnection) -> None:
    """Wait until no other transaction migrates, and keep others waiting until this one ends."""
    await db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})


def role_of(url: str) -> str:
    """Return the role in a database URL.

    Raises:
        SettingsError: the URL has no role.
    """
    role = unquote(urlsplit(url).username or "")
    if not role:
        raise SettingsError("DATABASE_URL names no role: postgresql://ROLE:PASSWORD@HOST/DATABASE.")
    return role


async def schema_problem(engine: AsyncEngine) -> str | None:
    """Describe what is wrong with the schema and what to do; None if nothing is wrong."""
    try:
        async with engine.connect() as db:
            found = await _revision(db)
    except DBAPIError as error:
        if sqlstate(error) != INSUFFICIENT_PRIVILEGE:
            raise
        return "The service's role has no rights in the database. Run `reslot migrate`."
    if found is None:
        return "The database has no tables of Reslot. Run `reslot migrate`."
    if found == _schemas().newest:
        return None
    if found in _schemas().known:
        return "The database has the schema of an older version. Run `reslot migrate`."
    return _UNKNOWN


def alembic_config(connection: Connection | None = None) -> Config:
    """Read alembic.ini."""
    config = Config(ALEMBIC_INI)
    config.attributes["connection"] = connection
    return config


class _Schemas(NamedTuple):
    """Revisions that this version knows: the one that it needs, and all before it."""

    newest: str | None
    known: frozenset[str]


@lru_cache(maxsize=1)
def _schemas() -> _Schemas:
    """Read the migrations. Cached: probes call this every few seconds."""
    scripts = ScriptDirectory.from_config(alembic_config())
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return _Schemas(scripts.get_current_head(), known)


async def _revision(db: AsyncConnection) -> str | None:
    """Return the revision of a database; None if it has no schema."""
    if await db.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = await db.scalar(text("SELECT max(version_num) FROM alembic_version"))
    return found


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(alembic_config(connection), revision)


async def grant(db: AsyncConnection, role: str) -> None:
    """Grant the service role its privileges on each table, and revoke all others. Idempotent."""
    owner = await db.scalar(text("SELECT current_user"))
    if role == owner:
        return
    quoted = await db.scalar(text("SELECT quote_ident(:role)"), {"role": role})
    # Citus grants the rights on shards itself. Without citus the setting has no effect.
    await db.execute(text("SET LOCAL citus.override_table_visibility = on"))
    tables = await db.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    for table in tables.all():
        privileges = _PRIVILEGES.get(table, _OTHERWISE)
        if table.startswith("pgqueuer"):
            privileges = _JOB_TABLES
        await db.execute(text(f"REVOKE ALL ON {table} FROM {quoted}"))
        await db.execute(text(f"GRANT {privileges} ON {table} TO {quoted}"))
    await db.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}"))
