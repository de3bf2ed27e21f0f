"""Writes a new migration: the difference between the declared tables and the migrations.

`make migration m="services get a colour"`. The tables are compared with those of an empty database
that is migrated to the newest schema, on an embedded server of its own.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import Connection

from app.database.embedded import OWNER, embedded_server
from app.database.engine import brief_engine
from app.database.migrations import alembic_config


async def write_migration(owner_url: str, message: str) -> None:
    """Migrate an empty database to the newest revision, and write the missing migration."""
    async with brief_engine(owner_url) as engine, engine.begin() as db:
        await db.run_sync(lambda connection: command.upgrade(alembic_config(connection), "head"))
        await db.run_sync(_compare, message)


def _compare(connection: Connection, message: str) -> None:
    command.revision(alembic_config(connection), message, autogenerate=True)


def main() -> None:
    """Write a migration. Its message is the first argument."""
    with TemporaryDirectory() as folder, embedded_server(Path(folder) / "postgres") as server:
        asyncio.run(write_migration(server.url(OWNER), sys.argv[1]))


if __name__ == "__main__":
    main()
