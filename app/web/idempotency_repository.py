"""Statements on stored answers of idempotent requests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read, Row
from app.database.writing import Write
from app.tables.idempotency import IdempotencyKey

_OWN = (
    (IdempotencyKey.practice_id == bindparam("practice_id"))
    & (IdempotencyKey.scope == bindparam("scope"))
    & (IdempotencyKey.key == bindparam("key"))
)
_LOCK = Read(
    select(
        func.pg_try_advisory_xact_lock(
            func.hashtextextended(bindparam("name", type_=Text), 0)
        ).label("is_locked")
    )
)
_FIND = Read(
    select(
        IdempotencyKey.fingerprint,
        IdempotencyKey.status,
        IdempotencyKey.etag,
        IdempotencyKey.language,
        IdempotencyKey.body,
        IdempotencyKey.created_at,
    ).where(_OWN)
)
_DELETE = Write(delete(IdempotencyKey).where(_OWN))
_ADD = Write(insert(IdempotencyKey))


async def lock_key(db: AsyncConnection, key: Mapping[str, Any]) -> bool:
    """Lock a key for the transaction, without waiting. Return whether it is locked.

    `key` has `practice_id`, `scope` and `key`. The lock holds for a key without a row too.
    """
    name = "{practice_id}/{scope}/{key}".format_map(key)
    (lock,) = await _LOCK.rows(db, {"name": name})
    return bool(lock["is_locked"])


async def find_answer(db: AsyncConnection, key: Mapping[str, Any]) -> Row | None:
    """Read the answer that is stored under a key, however old."""
    return await _FIND.one(db, key)


async def delete_answer(db: AsyncConnection, key: Mapping[str, Any]) -> None:
    """Delete the answer that is stored under a key."""
    await _DELETE.run(db, key)


async def add_answer(db: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Store an answer; `values` has all columns of the table."""
    await _ADD.run(db, values)


async def delete_answers_until(db: AsyncConnection, until: datetime) -> None:
    """Delete the answers of all practices that were stored at `until` or before."""
    await db.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= until))
