"""Statements on API keys. Nothing here commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.tables.identity import ApiKey
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Practice

# One row while the key is not revoked. Commands run it inside their transaction.
UNREVOKED_KEY = Read(
    select(Practice.closed_at)
    .select_from(Practice)
    .join(
        ApiKey,
        of_practice(
            PRACTICE, ApiKey, ApiKey.id == bindparam("key_id"), ApiKey.revoked_at.is_(None)
        ),
    )
    .where(of_practice(PRACTICE, Practice))
)
# A key with the hash of its secret and the time at which its practice was closed.
KEY = Read(
    select(ApiKey.name, ApiKey.scope, ApiKey.secret_hash, ApiKey.revoked_at, Practice.closed_at)
    .select_from(ApiKey)
    .join(Practice, of_practice(PRACTICE, Practice))
    .where(of_practice(PRACTICE, ApiKey, ApiKey.id == bindparam("key_id")))
)
KeyRow = Row[UUID, str, str, datetime, datetime | None]
_COLUMNS = (ApiKey.id, ApiKey.name, ApiKey.scope, ApiKey.created_at, ApiKey.revoked_at)


async def read_keys(db: AsyncConnection, practice_id: UUID) -> Sequence[KeyRow]:
    """Read a practice's keys, oldest first."""
    found = await db.execute(
        select(*_COLUMNS)
        .where(of_practice(practice_id, ApiKey))
        .order_by(ApiKey.created_at, ApiKey.id)
    )
    return found.all()


async def lock_key(db: AsyncConnection, practice_id: UUID, key_id: UUID) -> KeyRow | None:
    """Lock and read a key."""
    wanted = select(*_COLUMNS).where(_own(practice_id, key_id)).with_for_update()
    return (await db.execute(wanted)).one_or_none()


async def add_key(db: AsyncConnection, practice_id: UUID, values: Mapping[str, Any]) -> None:
    """Insert a key."""
    await db.execute(insert(ApiKey).values(practice_id=practice_id, **values))


async def write_revoked(
    db: AsyncConnection, practice_id: UUID, key_id: UUID, now: datetime
) -> None:
    """Set the time at which a key was revoked."""
    await db.execute(update(ApiKey).where(_own(practice_id, key_id)).values(revoked_at=now))


def _own(practice_id: UUID, key_id: UUID) -> ColumnElement[bool]:
    return of_practice(practice_id, ApiKey, ApiKey.id == key_id)
