"""What the worker does for sign-ins beside their mails: forgetting, and the sweep."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.sign_in.jobs import sign_in_wake
from app.identity.sign_in.repository import delete_old_sign_ins, due_requests
from app.identity.sign_in.request_link import WINDOW
from app.outbox.queue import queue_wakes
from app.outbox.sweeping import AT_ONCE

# So long a link that comes too late is told from one that never was.
LINKS_KEPT = timedelta(days=7)
# So long it can be looked up when a sign-in began and ended.
FAMILIES_KEPT = timedelta(days=30)

log = structlog.get_logger()


async def tidy_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Delete what is over, used or not."""
    await delete_old_sign_ins(
        db,
        links_until=now - LINKS_KEPT,
        families_until=now - FAMILIES_KEPT,
        counters_until=now - WINDOW,
    )


async def sweep_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Queue a wake for each request that is due and has none."""
    due = await due_requests(db, now, AT_ONCE)
    if due:
        log.warning("sign_ins_stranded", count=len(due))
        await queue_wakes(db, [sign_in_wake(*request) for request in due], now)
