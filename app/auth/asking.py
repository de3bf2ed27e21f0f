"""Asking for a sign-in link. Whether anybody has the address is found by the worker, not here."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import case, func, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.addresses import mailbox_key
from app.auth.jobs import sign_in_wake
from app.auth.models import SignInCounter, SignInRequest
from app.notices.jobs import queue_wakes

MOST_REQUESTS = 5
WINDOW = timedelta(minutes=15)


def hash_address(keys: Sequence[str], address: str) -> bytes:
    """Make of an address what its counter is kept under, with the key that signs now."""
    text = f"reslot/sign-in-counter/{mailbox_key(address)}"
    return hmac.digest(keys[-1].encode(), text.encode(), hashlib.sha256)


async def ask_for_link(
    db: AsyncConnection, address: str, address_hash: bytes, *, now: datetime
) -> None:
    """Write down that somebody wants to sign in with this address, and queue the answer.

    The same statements whether the address is known or not. More than five times in fifteen
    minutes does nothing; the caller is told the same. Source: product.md section 10, "Sign-in".
    """
    if await _count(db, address_hash, now) > MOST_REQUESTS:
        return
    request_id = uuid4()
    request = {"id": request_id, "address": address, "requested_at": now, "attempt_at": now}
    await db.execute(insert(SignInRequest).values(request))
    await queue_wakes(db, [sign_in_wake(request_id, now)], now)


async def _count(db: AsyncConnection, address_hash: bytes, now: datetime) -> int:
    """Count one more, in a window that begins with the first."""
    is_over = SignInCounter.since <= now - WINDOW
    # Above the limit nothing depends on the number, so it stops there.
    more = func.least(SignInCounter.count + 1, MOST_REQUESTS + 1)
    counted = (
        upsert(SignInCounter)
        .values(address_hash=address_hash, since=now, count=1)
        .on_conflict_do_update(
            index_elements=[SignInCounter.address_hash],
            set_={
                "since": case((is_over, now), else_=SignInCounter.since),
                "count": case((is_over, 1), else_=more),
            },
        )
        .returning(SignInCounter.count)
    )
    return (await db.execute(counted)).scalar_one()
