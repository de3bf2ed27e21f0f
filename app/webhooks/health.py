"""How an endpoint is doing: counted with each attempt, and given up when it stays bad."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.trail import SYSTEM, write_change
from app.notices.outbox import tell_practice
from app.webhooks.models import WebhookEndpoint
from app.webhooks.targets import host_of

# Both have to be true: one bad hour of a busy day disables nothing, nor does one event in a week.
FAILURES_IN_A_ROW = 20
FAILING_FOR = timedelta(hours=24)


async def note_success(db: AsyncConnection, practice_id: UUID, endpoint_id: UUID) -> None:
    """Forget the failures that came before."""
    await db.execute(
        update(WebhookEndpoint)
        .where(
            *_own(practice_id, endpoint_id), WebhookEndpoint.active, WebhookEndpoint.failures > 0
        )
        .values(failures=0, failing_since=None)
    )


async def note_failure(
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
    row = (
        await db.execute(
            update(WebhookEndpoint)
            .where(*_own(practice_id, endpoint_id), WebhookEndpoint.active)
            .values(
                failures=WebhookEndpoint.failures + 1,
                failing_since=func.coalesce(WebhookEndpoint.failing_since, now),
            )
            .returning(WebhookEndpoint.url, WebhookEndpoint.failures, WebhookEndpoint.failing_since)
        )
    ).one_or_none()
    if row is None or row.failing_since is None:
        return
    hopeless = row.failures >= FAILURES_IN_A_ROW and now - row.failing_since >= FAILING_FOR
    if not gone and not hopeless:
        return
    await db.execute(
        update(WebhookEndpoint)
        .where(*_own(practice_id, endpoint_id))
        .values(active=False, disabled_at=now)
    )
    change_id = await write_change(
        db,
        practice_id,
        SYSTEM,
        now,
        subject="webhook_endpoint",
        subject_id=endpoint_id,
        kind="disabled",
        details={
            "host": host_of(row.url),
            "gone": gone,
            "failures": row.failures,
            "failing_since": row.failing_since.isoformat(),
            "error": error,
        },
    )
    await tell_practice(db, practice_id, change_id, "webhook_disabled", now)


def _own(practice_id: UUID, endpoint_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (WebhookEndpoint.practice_id == practice_id, WebhookEndpoint.id == endpoint_id)
