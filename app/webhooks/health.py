"""How an endpoint is doing: counted with each attempt, and given up when it stays bad."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM, write_change
from app.outbox.outbox import queue_practice_mail
from app.webhooks.repository import count_failure, reset_failures, write_endpoint
from app.webhooks.targets import host_of

# Both have to be true: one bad hour of a busy day disables nothing, nor does one event in a week.
FAILURES_IN_A_ROW = 20
FAILING_FOR = timedelta(hours=24)


async def record_success(db: AsyncConnection, practice_id: UUID, endpoint_id: UUID) -> None:
    """Forget the failures that came before."""
    await reset_failures(db, practice_id, endpoint_id)


async def record_failure(
    db: AsyncConnection,
    practice_id: UUID,
    endpoint_id: UUID,
    error: str,
    now: datetime,
    *,
    gone: bool,
) -> None:
    """Count a failed attempt; where it is `gone`, or has failed for too long, disable it.

    The practice is told by one mail: who disables it is who finds it active.
    """
    found = await count_failure(db, practice_id, endpoint_id, now)
    if found is None or found.failing_since is None:
        return
    hopeless = found.failures >= FAILURES_IN_A_ROW and now - found.failing_since >= FAILING_FOR
    if not gone and not hopeless:
        return
    await write_endpoint(db, practice_id, endpoint_id, {"active": False, "disabled_at": now})
    change_id = await write_change(
        db,
        practice_id,
        SYSTEM,
        now,
        subject="webhook_endpoint",
        subject_id=endpoint_id,
        kind="disabled",
        details={
            "host": host_of(found.url),
            "gone": gone,
            "failures": found.failures,
            "failing_since": found.failing_since.isoformat(),
            "error": error,
        },
    )
    await queue_practice_mail(db, practice_id, change_id, "webhook_disabled", now)
