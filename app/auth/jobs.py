"""The job that answers a wish to sign in. Its payload is the request's id and nothing else."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.notices.jobs import enqueue_by_id

SEND_SIGN_IN = "send_sign_in"

# Somebody sits before a screen and waits: it goes before the mails of notices.
_PRIORITY = 10


async def enqueue_sign_ins(db: AsyncConnection, request_ids: Sequence[UUID]) -> None:
    """Enqueue in the caller's transaction; a request that has a job already gets no other."""
    await enqueue_by_id(db, SEND_SIGN_IN, request_ids, priority=_PRIORITY)
