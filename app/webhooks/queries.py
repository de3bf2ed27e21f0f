"""Reads a practice's webhook endpoints, without their secrets: only the worker reads those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Part, equal, in_order, matching
from app.domain.errors import NotFoundError
from app.tables.webhooks import WebhookEndpoint


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """An endpoint as the API shows it to the practice. Empty `events` means all events."""

    id: UUID
    external_ref: str | None
    active: bool
    url: str
    description: str | None
    events: Sequence[str]
    include_reason: bool
    failures: int
    failing_since: datetime | None
    disabled_at: datetime | None


COLUMNS: tuple[Any, ...] = (
    WebhookEndpoint.id,
    WebhookEndpoint.external_ref,
    WebhookEndpoint.active,
    WebhookEndpoint.url,
    WebhookEndpoint.description,
    WebhookEndpoint.events,
    WebhookEndpoint.include_reason,
    WebhookEndpoint.failures,
    WebhookEndpoint.failing_since,
    WebhookEndpoint.disabled_at,
)


class EndpointPosition(NamedTuple):
    """The position of an endpoint in the list."""

    id: UUID


async def list_endpoints(
    db: AsyncConnection, practice_id: UUID, part: Part[EndpointPosition]
) -> list[EndpointRecord]:
    """List endpoints by their ids."""
    wanted = select(*COLUMNS).where(
        WebhookEndpoint.practice_id == practice_id,
        *matching({"active": equal(WebhookEndpoint.active)}, part.filters),
    )
    rows = await db.execute(in_order(wanted, [WebhookEndpoint.id], part.after, part.limit))
    return [as_record(row) for row in rows.all()]


async def read_endpoint(
    db: AsyncConnection, practice_id: UUID, endpoint_id: UUID
) -> EndpointRecord:
    """Read one endpoint.

    Raises:
        NotFoundError: the practice has no such endpoint.
    """
    return await _read(db, practice_id, WebhookEndpoint.id == endpoint_id)


async def read_endpoint_by_ref(db: AsyncConnection, practice_id: UUID, ref: str) -> EndpointRecord:
    """Read one endpoint by its `external_ref`.

    Raises:
        NotFoundError: the practice has no such endpoint.
    """
    return await _read(db, practice_id, WebhookEndpoint.external_ref == ref)


def as_record(row: Row[*tuple[Any, ...]]) -> EndpointRecord:
    """Convert a row of COLUMNS."""
    return EndpointRecord(*row)


async def _read(
    db: AsyncConnection, practice_id: UUID, which: ColumnElement[bool]
) -> EndpointRecord:
    wanted = select(*COLUMNS).where(WebhookEndpoint.practice_id == practice_id, which)
    row = (await db.execute(wanted)).one_or_none()
    if row is None:
        raise NotFoundError
    return as_record(row)
