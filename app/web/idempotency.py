"""Idempotency keys: a repeated request gets the stored answer (product.md sections 4 and 10)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError
from app.web.idempotency_repository import add_answer, delete_answer, find_answer, lock_key

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """An idempotency key, the scope of its caller, and a hash of the request.

    The hash is of method, path, query and body.
    """

    practice_id: UUID
    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A 2xx answer as it is sent. `language` is the language of its sentences, if it has any."""

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
    """Run `command` unless its key has a stored answer. Store the answer in the same transaction.

    The key is locked until the end of the transaction, so concurrent requests with one key run
    one at a time. If two run anyway, the table's primary key makes the second one fail.

    Raises:
        IdempotencyKeyInUseError: the first request with this key has not finished.
        IdempotencyKeyReusedError: the key was used with a different request.
    """
    key = {"practice_id": request.practice_id, "scope": request.scope, "key": request.key}
    if not await lock_key(db, key):
        raise IdempotencyKeyInUseError
    found = await find_answer(db, key)
    if found is not None and found["created_at"] > now - LIFETIME:
        if found["fingerprint"] != request.fingerprint:
            raise IdempotencyKeyReusedError
        return StoredAnswer(
            found["status"], found["etag"], found["body"], found["language"], replayed=True
        )
    if found is not None:
        await delete_answer(db, key)
    answer = await command(db)
    stored = {
        "fingerprint": request.fingerprint,
        "status": answer.status,
        "etag": answer.etag,
        "language": answer.language,
        "body": answer.body,
        "created_at": now,
    }
    await add_answer(db, key | stored)
    return answer
