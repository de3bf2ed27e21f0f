"""Idempotency keys: the same request again gets the first answer (product.md sections 4 and 10)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Text, bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.database.writing import Write
from app.domain.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError
from app.tables.idempotency import IdempotencyKey

LIFETIME = timedelta(hours=24)


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
_FORGET = Write(delete(IdempotencyKey).where(_OWN))
_KEEP = Write(insert(IdempotencyKey))


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A key, who used it, and a fingerprint of method, path, query and body."""

    practice_id: UUID
    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A 2xx answer, as it went or will go out. `language` is that of its sentences, if any."""

    status: int
    etag: str | None
    body: bytes
    language: str | None = None
    replayed: bool = False


async def answer_once(
    db: AsyncConnection,
    request: IdempotentRequest,
    command: Callable[[AsyncConnection], Awaitable[StoredAnswer]],
    now: datetime,
) -> StoredAnswer:
    """Run `command` unless its key has an answer already, and keep the answer with its effects.

    Only one of several requests with one key runs at a time: the key is locked for the length of
    the transaction. Should two run in turn all the same, the table's own key stops the second.

    Raises:
        IdempotencyKeyInUseError: the first request with this key has not finished.
        IdempotencyKeyReusedError: the key was used with another request.
    """
    name = f"{request.practice_id}/{request.scope}/{request.key}"
    (lock,) = await _LOCK.rows(db, {"name": name})
    if not lock["is_locked"]:
        raise IdempotencyKeyInUseError
    own = {"practice_id": request.practice_id, "scope": request.scope, "key": request.key}
    found = await _FIND.one(db, own)
    if found is not None and found["created_at"] > now - LIFETIME:
        if found["fingerprint"] != request.fingerprint:
            raise IdempotencyKeyReusedError
        return StoredAnswer(
            found["status"], found["etag"], found["body"], found["language"], replayed=True
        )
    if found is not None:
        await _FORGET.run(db, own)
    answer = await command(db)
    kept = {
        "fingerprint": request.fingerprint,
        "status": answer.status,
        "etag": answer.etag,
        "language": answer.language,
        "body": answer.body,
        "created_at": now,
    }
    await _KEEP.run(db, own | kept)
    return answer
