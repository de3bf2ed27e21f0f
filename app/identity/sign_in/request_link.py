"""Asking for a sign-in link. Whether anybody has the address is found by the worker, not here."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.sign_in.jobs import sign_in_wake
from app.identity.sign_in.repository import add_request, count_request
from app.outbox.queue import queue_wakes
from app.standards.addresses import mailbox_key

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
    if await count_request(db, address_hash, now, WINDOW, MOST_REQUESTS) > MOST_REQUESTS:
        return
    request_id = uuid4()
    await add_request(db, request_id, address, now)
    await queue_wakes(db, [sign_in_wake(request_id, now)], now)
