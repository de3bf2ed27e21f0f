"""Queries on the audit log of a practice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, equal, from_instant, in_order, matching
from app.domain.money import Money
from app.tables.changes import Change, ChangeNote
from app.tables.joins import PRACTICE, of_practice
from app.tables.sessions import Session
from app.web.cursors import TimePosition


@dataclass(frozen=True, slots=True)
class MomentRecord:
    """Time, format and location of a session before or after a change."""

    starts_at: datetime
    ends_at: datetime
    format: str
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log. `before` and `after` are set if a session changed."""

    id: UUID
    command_id: UUID
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
    reason_code: str | None
    note: str | None
    before: MomentRecord | None
    after: MomentRecord | None
    fee: Money | None
    credit: str | None
    details: dict[str, Any] | None


def _of_client(client_id: UUID) -> Any:  # noqa: ANN401 - a condition
    """Match changes of a client's record and of their sessions."""
    own_session = exists().where(
        of_practice(
            PRACTICE, Session, Session.id == Change.session_id, Session.client_id == client_id
        )
    )
    return (Change.subject_id == client_id) | own_session


_FILTERS: Mapping[str, Filter] = {
    "subject": equal(Change.subject),
    "subject_id": equal(Change.subject_id),
    "kind": equal(Change.kind),
    "actor": equal(Change.actor),
    "key": equal(Change.key_id),
    "session": equal(Change.session_id),
    "command": equal(Change.command_id),
    "client": _of_client,
    "since": from_instant(Change.at),
    "until": before_instant(Change.at),
}


async def list_audit_log(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition]
) -> list[AuditEntry]:
    """List the entries of a practice's audit log, latest first."""
    wanted = (
        select(Change.__table__, ChangeNote.note, ChangeNote.origin)
        .outerjoin(ChangeNote, of_practice(PRACTICE, ChangeNote, ChangeNote.change_id == Change.id))
        .where(of_practice(PRACTICE, Change, *matching(_FILTERS, part.filters)))
    )
    statement = in_order(wanted, (Change.at, Change.id), part.after, part.limit, latest_first=True)
    rows = await db.execute(statement, {"practice_id": practice_id})
    return [_entry(row) for row in rows.all()]


def _entry(row: Row[Any]) -> AuditEntry:
    before = after = fee = None
    if row.old_starts_at is not None:
        before = MomentRecord(
            row.old_starts_at, row.old_ends_at, row.old_format, row.old_location_id
        )
    if row.starts_at is not None:
        after = MomentRecord(row.starts_at, row.ends_at, row.format, row.location_id)
    if row.fee_minor is not None:
        fee = Money(row.fee_minor, row.currency)
    return AuditEntry(
        id=row.id,
        command_id=row.command_id,
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
