"""Practices of any size, written by SQL in one go (`practice.sql`): what is read and changed."""

import hashlib
from datetime import date
from pathlib import Path
from uuid import UUID

import asyncpg

PRACTITIONERS = 25
UPCOMING = 40
CLIENTS = 50
# The most past sessions of a practitioner, before another practice is needed.
MOST_PAST = 1960

_SQL = Path(__file__).with_name("practice.sql").read_text()
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid = 'taken_times'::regclass AND contype = 'x'
"""


def named(*parts: object) -> UUID:
    """Give the id of a record by its name, as `bench_id` does in the database."""
    name = "/".join(str(part) for part in parts)
    return UUID(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest())


async def fill(admin_url: str, sessions: int, today: date) -> None:
    """Write practices until there are at least so many sessions.

    Takes a superuser: foreign keys are not checked meanwhile, and the exclusion constraints only at
    the end. Checked row by row, a million sessions take many minutes.
    """
    db = await asyncpg.connect(admin_url)
    try:
        await db.execute(_SQL)
        await db.execute("SET session_replication_role = replica")
        constraints = await db.fetch(_CONSTRAINTS)
        for name, _ in constraints:
            await db.execute(f"ALTER TABLE taken_times DROP CONSTRAINT {name}")
        left, number = sessions, 0
        while left > 0:
            past = min(MOST_PAST, max(0, left // PRACTITIONERS - UPCOMING))
            await db.execute("SELECT bench_practice($1, $2, $3)", number, past, today)
            left -= PRACTITIONERS * (UPCOMING + past)
            number += 1
        for name, definition in constraints:
            await db.execute(f"ALTER TABLE taken_times ADD CONSTRAINT {name} {definition}")
        await db.execute("VACUUM ANALYZE")
    finally:
        await db.close()
