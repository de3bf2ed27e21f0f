"""Reading the trail: everything that was done at a practice, the latest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.models import Change, ChangeNote
from app.cursors import Place
from app.domain.money import Money
from app.sessions.models import Session
from app.sessions.read.records import ReasonCode


@dataclass(frozen=True, slots=True)
class Moment:
    """When and how a session took place, before or after a change."""

    starts_at: datetime
    ends_at: datetime
    format: str
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One entry of the trail. `before` and `after` are there for what changed a session."""

    id: UUID
    at: datetime
    subject: str
    subject_id: UUID
    kind: str
    actor: str
    actor_name: str | None
    key_id: UUID | None
    origin: str | None
    session_id: UUID | None
    session_version: int | None
    reason_code: ReasonCode | None
    note: str | None
    before: Moment | None
    after: Moment | None
    fee: Money | None
    credit: str | None
    details: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class TrailFilters:
    """Which entries: all that match what is named; done in `[since, until)`."""

    subject: str | None = None
    subject_id: UUID | None = None
    kind: str | None = None
    actor: str | None = None
    key_id: UUID | None = None
    session_id: UUID | None = None
    client_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_trail(
    db: AsyncConnection,
    practice_id: UUID,
    filters: TrailFilters,
    *,
    after: Place | None,
    limit: int,
) -> list[TrailEntry]:
    """List what was done at a practice, the latest first, `limit` at most."""
    statement = (
        select(Change.__table__, ChangeNote.note, ChangeNote.origin)
        .outerjoin(
            ChangeNote,
            and_(ChangeNote.practice_id == Change.practice_id, ChangeNote.change_id == Change.id),
        )
        .where(Change.practice_id == practice_id)
        .order_by(Change.at.desc(), Change.id.desc())
        .limit(limit)
    )
    for column, wanted in (
        (Change.subject, filters.subject),
        (Change.subject_id, filters.subject_id),
        (Change.kind, filters.kind),
        (Change.actor, filters.actor),
        (Change.key_id, filters.key_id),
        (Change.session_id, filters.session_id),
    ):
        statement = statement if wanted is None else statement.where(column == wanted)
    if filters.client_id is not None:
        statement = statement.where(_of_client(filters.client_id))
    if filters.since is not None:
        statement = statement.where(Change.at >= filters.since)
    if filters.until is not None:
        statement = statement.where(Change.at < filters.until)
    if after is not None:
        statement = statement.where(tuple_(Change.at, Change.id) < tuple_(*after))
    return [_entry(row) for row in (await db.execute(statement)).all()]


def _of_client(client_id: UUID) -> Any:  # noqa: ANN401 - a condition
    """Choose what was done to a client's record, or to one of his sessions."""
    own_session = exists().where(
        Session.practice_id == Change.practice_id,
        Session.id == Change.session_id,
        Session.client_id == client_id,
    )
    return (Change.subject_id == client_id) | own_session


def _entry(row: Row[Any]) -> TrailEntry:
    before = after = fee = None
    if row.old_starts_at is not None:
        before = Moment(row.old_starts_at, row.old_ends_at, row.old_format, row.old_location_id)
    if row.starts_at is not None:
        after = Moment(row.starts_at, row.ends_at, row.format, row.location_id)
    if row.fee_minor is not None:
        fee = Money(row.fee_minor, row.currency)
    return TrailEntry(
        id=row.id,
        at=row.at,
        subject=row.subject,
        subject_id=row.subject_id,
        kind=row.kind,
        actor=row.actor,
        actor_name=row.actor_name,
        key_id=row.key_id,
        origin=row.origin,
        session_id=row.session_id,
        session_version=row.session_version,
        reason_code=row.reason_code,
        note=row.note,
        before=before,
        after=after,
        fee=fee,
        credit=row.credit,
        details=row.details,
    )
