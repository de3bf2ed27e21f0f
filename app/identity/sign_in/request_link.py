"""Request a sign-in link. The worker, not this command, looks for clients with the address."""

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
    """Hash an address with the current signing key, for its counter."""
    text = f"reslot/sign-in-counter/{mailbox_key(address)}"
    return hmac.digest(keys[-1].encode(), text.encode(), hashlib.sha256)


async def ask_for_link(
    db: AsyncConnection, address: str, address_hash: bytes, *, now: datetime
) -> None:
    """Store a request for a sign-in link and queue its delivery.

    A known and an unknown address run the same statements. After five requests in fifteen minutes
    nothing is stored, and the caller gets the same answer. Source: product.md section 10,
    "Sign-in, asking".
    """
    if await count_request(db, address_hash, now, WINDOW, MOST_REQUESTS) > MOST_REQUESTS:
        return
    request_id = uuid4()
    await add_request(db, request_id, address, now)
    await queue_wakes(db, [sign_in_wake(request_id, now)], now)
