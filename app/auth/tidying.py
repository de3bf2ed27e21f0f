"""What the worker does for sign-ins beside their mails: forgetting, and the sweep."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.asking import WINDOW
from app.auth.jobs import sign_in_wake
from app.auth.models import SignIn, SignInCounter, SignInFamily
from app.notices.jobs import HAS_NO_WAKE, queue_wakes
from app.notices.sweeping import AT_ONCE

# So long a link that comes too late is told from one that never was.
LINKS_KEPT = timedelta(days=7)
# So long it can be looked up when a sign-in began and ended.
FAMILIES_KEPT = timedelta(days=30)

log = structlog.get_logger()


async def tidy_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Delete what is over, used or not."""
    await db.execute(delete(SignIn).where(SignIn.expires_at <= now - LINKS_KEPT))
    ended = (SignInFamily.expires_at <= now - FAMILIES_KEPT) | (
        SignInFamily.ended_at <= now - FAMILIES_KEPT
    )
    await db.execute(delete(SignInFamily).where(ended))
    await db.execute(delete(SignInCounter).where(SignInCounter.since <= now - WINDOW))


_DUE = text(
    "SELECT id, attempt_at FROM sign_in_requests"  # noqa: S608 - our own words
    " WHERE attempt_at <= :now"
    f" AND {HAS_NO_WAKE.format(table='sign_in_requests')} ORDER BY attempt_at LIMIT :most"
)


async def sweep_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Queue a wake for each request that is due and has none."""
    rows = (await db.execute(_DUE, {"now": now, "most": AT_ONCE})).all()
    if rows:
        log.warning("sign_ins_stranded", count=len(rows))
        await queue_wakes(db, [sign_in_wake(*row) for row in rows], now)
