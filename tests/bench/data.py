"""Test data of any size: practices that one SQL script inserts (`practice.sql`)."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

import asyncpg

PRACTITIONERS = 25
UPCOMING = 40
CLIENTS = 50
# The maximum of past sessions of a practitioner. For more, another practice is added.
MOST_PAST = 1960

CROWD = 100_000

_SQL = Path(__file__).with_name("practice.sql").read_text()
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = 'taken_times'::regclass AND contype = 'x'
"""


def named(*parts: object) -> UUID:
    """Return the id of a record by its name, as `bench_id` does in the database."""
    name = "/".join(str(part) for part in parts)
    return UUID(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest())


async def fill(admin_url: str, sessions: int, today: date, *, most_past: int = MOST_PAST) -> None:
    """Insert practices until the database has at least this number of sessions.

    A practitioner has up to `most_past` past sessions.
    """
    async with _inserting(admin_url) as db:
        left, number = sessions, 0
        while left > 0:
            past = min(most_past, max(0, left // PRACTITIONERS - UPCOMING))
            await db.execute("SELECT bench_practice($1, $2, $3)", number, past, today)
            left -= PRACTITIONERS * (UPCOMING + past)
            number += 1


async def crowd(admin_url: str, session_id: UUID, today: date) -> None:
    """Give the practitioner of this session 100,000 more: nine of ten long ago, none soon."""
    async with _inserting(admin_url) as db:
        await db.execute("SELECT bench_crowd($1, $2, $3)", session_id, CROWD, today)


@asynccontextmanager
async def _inserting(admin_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Insert many rows quickly, and collect statistics at the end.

    Needs a superuser: foreign keys are not checked, and the exclusion constraints are checked only
    at the end. With checks for each row, a million sessions take many minutes.
    """
    db = await asyncpg.connect(admin_url)
    try:
        await db.execute(_SQL)
        await db.execute("SET session_replication_role = replica")
        constraints = await db.fetch(_CONSTRAINTS)
        for name, _ in constraints:
            await db.execute(f"ALTER TABLE taken_times DROP CONSTRAINT {name}")
        yield db
        for name, definition in constraints:
            await db.execute(f"ALTER TABLE taken_times ADD CONSTRAINT {name} {definition}")
        await db.execute("VACUUM ANALYZE")
    finally:
        await db.close()
