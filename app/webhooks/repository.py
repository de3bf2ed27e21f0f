"""Statements on a practice's webhook endpoints. Nothing here commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.writing import Write
from app.tables.joins import of_practice
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.queries import COLUMNS, EndpointRecord, as_record

_RESET = Write(
    update(WebhookEndpoint)
    .where(
        WebhookEndpoint.practice_id == bindparam("of_practice"),
        WebhookEndpoint.id == bindparam("of_endpoint"),
        WebhookEndpoint.url == bindparam("at_url"),
        WebhookEndpoint.active,
        WebhookEndpoint.failures > 0,
    )
    .values(failures=0, failing_since=None)
)


async def lock_endpoint(
    db: AsyncConnection, practice_id: UUID, endpoint_id: UUID
) -> EndpointRecord | None:
    """Lock and read an endpoint; None if the practice has no such endpoint."""
    return await _lock(db, practice_id, WebhookEndpoint.id == endpoint_id)


async def lock_endpoint_by_ref(
    db: AsyncConnection, practice_id: UUID, external_ref: str
) -> EndpointRecord | None:
    """Lock and read the endpoint with this `external_ref`; None if there is none."""
    return await _lock(db, practice_id, WebhookEndpoint.external_ref == external_ref)


async def count_active(db: AsyncConnection, practice_id: UUID) -> int:
    """Count the practice's active endpoints."""
    active = of_practice(practice_id, WebhookEndpoint, WebhookEndpoint.active)
    return await db.scalar(select(func.count()).where(active)) or 0


async def add_endpoint(
    db: AsyncConnection, practice_id: UUID, values: Mapping[str, Any]
) -> EndpointRecord:
    """Insert an endpoint."""
    new = insert(WebhookEndpoint).values(practice_id=practice_id, id=uuid4(), **values)
    return as_record((await db.execute(new.returning(*COLUMNS))).one())


async def write_endpoint(
    db: AsyncConnection, practice_id: UUID, endpoint_id: UUID, values: Mapping[str, Any]
) -> EndpointRecord:
    """Update columns of an existing endpoint."""
    changed = update(WebhookEndpoint).where(_own(practice_id, endpoint_id)).values(**values)
    return as_record((await db.execute(changed.returning(*COLUMNS))).one())


async def reset_failures(db: AsyncConnection, endpoints: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Reset the failures of endpoints, given by practice, id and URL, to 0.

    Those that are not active, or have another URL, are left as they are.
    """
    own = [
        {"of_practice": practice_id, "of_endpoint": endpoint_id, "at_url": url}
        for practice_id, endpoint_id, url in endpoints
    ]
    await _RESET.run_for_each(db, own)


async def count_failure(
    db: AsyncConnection, practice_id: UUID, endpoint_id: UUID, url: str, now: datetime
) -> EndpointRecord | None:
    """Count a failure of an endpoint at this URL; None if it is not active, or has another one."""
    table = WebhookEndpoint
    row = (
        await db.execute(
            update(table)
            .where(_own(practice_id, endpoint_id), table.active, table.url == url)
            .values(
                failures=table.failures + 1,
                failing_since=func.coalesce(table.failing_since, now),
            )
            .returning(*COLUMNS)
        )
    ).one_or_none()
    return None if row is None else as_record(row)


async def _lock(
    db: AsyncConnection, practice_id: UUID, which: ColumnElement[bool]
) -> EndpointRecord | None:
    wanted = select(*COLUMNS).where(of_practice(practice_id, WebhookEndpoint, which))
    # FOR NO KEY UPDATE: an INSERT that references the row, such as a queued event, does not wait.
    row = (await db.execute(wanted.with_for_update(key_share=True))).one_or_none()
    return None if row is None else as_record(row)


def _own(practice_id: UUID, endpoint_id: UUID) -> ColumnElement[bool]:
    return of_practice(practice_id, WebhookEndpoint, WebhookEndpoint.id == endpoint_id)
