"""Forgetting what signing in leaves behind; a part of the worker's hourly tidying."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.asking import WINDOW
from app.auth.jobs import enqueue_sign_ins
from app.auth.models import SignIn, SignInCounter, SignInFamily

# So long a link that comes too late is told from one that never was.
LINKS_KEPT = timedelta(days=7)
# So long it can be looked up when a sign-in began and ended.
FAMILIES_KEPT = timedelta(days=30)
STRANDED_AT_ONCE = 1000

log = structlog.get_logger()


async def tidy_sign_ins(db: AsyncConnection, now: datetime) -> None:
    """Delete what is over, used or not, and give requests without a job a new one.

    One that has waited too long by then is given up by that job, which says so in the log.
    """
    await db.execute(delete(SignIn).where(SignIn.expires_at <= now - LINKS_KEPT))
    ended = (SignInFamily.expires_at <= now - FAMILIES_KEPT) | (
        SignInFamily.ended_at <= now - FAMILIES_KEPT
    )
    await db.execute(delete(SignInFamily).where(ended))
    await db.execute(delete(SignInCounter).where(SignInCounter.since <= now - WINDOW))
    stranded = (await db.scalars(_STRANDED, {"most": STRANDED_AT_ONCE})).all()
    if stranded:
        log.warning("sign_ins_stranded", count=len(stranded))
        await enqueue_sign_ins(db, stranded)


_STRANDED = text(
    "SELECT id FROM sign_in_requests WHERE NOT EXISTS"
    " (SELECT FROM pgqueuer WHERE dedupe_key = sign_in_requests.id::text"
    " AND status IN ('queued', 'picked')) ORDER BY requested_at LIMIT :most"
)
