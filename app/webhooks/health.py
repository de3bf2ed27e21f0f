"""Counts failed attempts of an endpoint, and disables it after too many."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM, write_change
from app.outbound.targets import host_of
from app.outbox.outbox import queue_practice_mail
from app.webhooks.repository import count_failure, reset_failures, write_endpoint

# Both must be reached: a short outage must not disable a busy endpoint, nor a few failed events one
# that is rarely used.
FAILURES_IN_A_ROW = 20
FAILING_FOR = timedelta(hours=24)


async def record_successes(
    db: AsyncConnection, endpoints: Collection[tuple[UUID, UUID, str]]
) -> None:
    """Reset the count of failures of endpoints, given by practice, id and the URL that answered.

    A success at another URL than the present one says nothing about the endpoint.
    """
    # In one order, so that two transactions with the same endpoints do not wait for each other.
    await reset_failures(db, sorted(endpoints))


async def record_failure(
    db: AsyncConnection,
    practice_id: UUID,
    endpoint_id: UUID,
    error: str,
    now: datetime,
    *,
    url: str,
    gone: bool,
) -> None:
    """Count a failed attempt. Disable the endpoint if it is `gone` or has failed for too long.

    A failure at another `url` than the present one says nothing about the endpoint.

    Disabling queues one mail to the practice. Only the caller that finds the endpoint active sends
    it, so concurrent failures cause no second mail.
    """
    found = await count_failure(db, practice_id, endpoint_id, url, now)
    if found is None or found.failing_since is None:
        return
    has_failed_too_long = (
        found.failures >= FAILURES_IN_A_ROW and now - found.failing_since >= FAILING_FOR
    )
    if not gone and not has_failed_too_long:
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
