"""Idempotency keys: the same request again gets the first answer (product.md sections 4 and 10)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, OfPractice
from app.domain.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError

LIFETIME = timedelta(hours=24)


class IdempotencyKey(OfPractice, Base):
    """The answer given to a key. `scope` is who used it: a client, or a link's session."""

    __tablename__ = "idempotency_keys"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    etag: Mapped[str | None]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("char_length(key) BETWEEN 1 AND 255", name="length"),)


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A key, who used it, and a fingerprint of method, path, query and body."""

    practice_id: UUID
    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A 2xx answer, as it went or will go out."""

    status: int
    etag: str | None
    body: bytes
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
    keys = IdempotencyKey
    name = f"{request.practice_id}/{request.scope}/{request.key}"
    if not await db.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))):
        raise IdempotencyKeyInUseError
    own = (
        (keys.practice_id == request.practice_id)
        & (keys.scope == request.scope)
        & (keys.key == request.key)
    )
    found = (
        await db.execute(
            select(keys.fingerprint, keys.status, keys.etag, keys.body, keys.created_at).where(own)
        )
    ).one_or_none()
    if found is not None and found.created_at > now - LIFETIME:
        if found.fingerprint != request.fingerprint:
            raise IdempotencyKeyReusedError
        return StoredAnswer(found.status, found.etag, found.body, replayed=True)
    if found is not None:
        await db.execute(delete(keys).where(own))
    answer = await command(db)
    await db.execute(
        insert(keys).values(
            practice_id=request.practice_id,
            scope=request.scope,
            key=request.key,
            fingerprint=request.fingerprint,
            status=answer.status,
            etag=answer.etag,
            body=answer.body,
            created_at=now,
        )
    )
    return answer
