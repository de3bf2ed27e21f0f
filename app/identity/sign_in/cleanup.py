"""Maintenance of sign-ins by the worker: deletion of old rows, and the sweep for lost wakes."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.sign_in.jobs import sign_in_wake
from app.identity.sign_in.repository import delete_old_sign_ins, due_requests
from app.identity.sign_in.request_link import WINDOW
from app.outbox.queue import queue_wakes
from app.outbox.sweeping import AT_ONCE

# During this time an expired link gets `link-expired`; after it, `link-invalid`.
LINKS_KEPT = timedelta(days=7)
# How long support can look up when a sign-in began and ended.
FAMILIES_KEPT = timedelta(days=30)

log = structlog.get_logger()


async def tidy_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Delete links, sign-ins and counters whose retention time is over."""
    await delete_old_sign_ins(
        db,
        links_until=now - LINKS_KEPT,
        families_until=now - FAMILIES_KEPT,
        counters_until=now - WINDOW,
    )


async def sweep_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Queue a wake for each request that is due and has no wake."""
    due = await due_requests(db, now, AT_ONCE)
    if due:
        log.warning("sign_ins_stranded", count=len(due))
        await queue_wakes(db, [sign_in_wake(*request) for request in due], now)
