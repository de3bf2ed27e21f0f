"""Reading fees: of one client, or of the whole practice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.queries import confirm_caller
from app.auth.tokens import Caller
from app.changes.models import Change
from app.cursors import Place
from app.domain.errors import NotFoundError
from app.domain.money import Money
from app.practices.models import Client, Practitioner, Service
from app.sessions.models import Fee, Session


@dataclass(frozen=True, slots=True)
class FeeRecord:
    """A fee, what caused it, and the session it is about. Instants are UTC.

    `cause_version` is the version that the session had after the change that caused the fee.
    """

    id: UUID
    amount: Money
    status: str
    cause: str
    cause_version: int
    recorded_at: datetime
    closed_at: datetime | None
    payment_reference: str | None
    session_id: UUID
    starts_at: datetime
    service_id: UUID
    service_name: str
    practitioner_id: UUID
    practitioner_name: str
    client_id: UUID
    client_name: str
    client_zone: str


@dataclass(frozen=True, slots=True)
class FeeFilters:
    """Which fees a list holds: all that match what is named; recorded in `[since, until)`."""

    client_id: UUID | None = None
    session_id: UUID | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_client_fees(
    db: AsyncConnection, caller: Caller, *, after: Place | None, limit: int
) -> list[FeeRecord]:
    """List a client's fees, the latest first, `limit` at most.

    Raises:
        UnauthorizedError: the caller's token was revoked.
    """
    await confirm_caller(db, caller)
    filters = FeeFilters(client_id=caller.client_id)
    return await list_fees(db, caller.practice_id, filters, after=after, limit=limit)


async def list_fees(
    db: AsyncConnection,
    practice_id: UUID,
    filters: FeeFilters,
    *,
    after: Place | None,
    limit: int,
) -> list[FeeRecord]:
    """List fees of the practice, the latest first, `limit` at most."""
    statement = _fees(practice_id)
    for column, wanted in (
        (Session.client_id, filters.client_id),
        (Fee.session_id, filters.session_id),
        (Fee.status, filters.status),
    ):
        statement = statement if wanted is None else statement.where(column == wanted)
    if filters.since is not None:
        statement = statement.where(Fee.recorded_at >= filters.since)
    if filters.until is not None:
        statement = statement.where(Fee.recorded_at < filters.until)
    if after is not None:
        statement = statement.where(tuple_(Fee.recorded_at, Fee.id) < tuple_(*after))
    statement = statement.order_by(Fee.recorded_at.desc(), Fee.id.desc()).limit(limit)
    return [_record(row) for row in (await db.execute(statement)).all()]


async def read_fee(db: AsyncConnection, practice_id: UUID, fee_id: UUID) -> FeeRecord:
    """Read one fee.

    Raises:
        NotFoundError: the practice has no such fee.
    """
    row = (await db.execute(_fees(practice_id).where(Fee.id == fee_id))).one_or_none()
    if row is None:
        raise NotFoundError
    return _record(row)


def _fees(practice_id: UUID) -> Select[Any]:
    def of(table: Any, column: Any) -> Any:  # noqa: ANN401 - tables and columns
        return and_(table.practice_id == Fee.practice_id, table.id == column)

    columns: list[Any] = [
        Fee.id,
        Fee.amount_minor,
        Fee.currency,
        Fee.status,
        Change.kind,
        Change.session_version,
        Fee.recorded_at,
        Fee.closed_at,
        Fee.payment_reference,
        Fee.session_id,
        Session.starts_at,
        Session.service_id,
        Service.name.label("service_name"),
        Session.practitioner_id,
        Practitioner.name.label("practitioner_name"),
        Session.client_id,
        Client.name.label("client_name"),
        Client.time_zone,
    ]
    return (
        select(*columns)
        .join(Change, of(Change, Fee.change_id))
        .join(Session, of(Session, Fee.session_id))
        .join(Service, of(Service, Session.service_id))
        .join(Practitioner, of(Practitioner, Session.practitioner_id))
        .join(Client, of(Client, Session.client_id))
        .where(Fee.practice_id == practice_id)
    )


def _record(row: Row[Any]) -> FeeRecord:
    return FeeRecord(
        id=row.id,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
        cause=row.kind,
        cause_version=row.session_version,
        recorded_at=row.recorded_at,
        closed_at=row.closed_at,
        payment_reference=row.payment_reference,
        session_id=row.session_id,
        starts_at=row.starts_at,
        service_id=row.service_id,
        service_name=row.service_name,
        practitioner_id=row.practitioner_id,
        practitioner_name=row.practitioner_name,
        client_id=row.client_id,
        client_name=row.client_name,
        client_zone=row.time_zone,
    )
