"""Read sessions for staff, with their clients and fees, in one statement each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.database.lists import (
    Filter,
    Part,
    before_instant,
    equal,
    from_instant,
    in_order,
    is_set,
    matching,
)
from app.database.statements import Read, Row, Source
from app.domain.errors import NotFoundError
from app.sessions.read.queries import read_row
from app.sessions.read.records import SessionRecord, SessionSummaryRecord
from app.sessions.read.rows import to_record, to_summary
from app.sessions.read.statements import SessionJoins, details_statement
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Client
from app.tables.sessions import Session
from app.web.cursors import TimePosition


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """The client of a session, for staff."""

    id: UUID
    name: str
    email: str
    phone: str | None
    external_ref: str | None


@dataclass(frozen=True, slots=True)
class StaffSummary:
    """A session in a list for staff."""

    session: SessionSummaryRecord
    external_ref: str | None
    client: ClientFacts


@dataclass(frozen=True, slots=True)
class StaffSession:
    """All details of a session, for staff."""

    session: SessionRecord
    external_ref: str | None
    client: ClientFacts


FILTERS: Mapping[str, Filter] = {
    "practitioner": equal(Session.practitioner_id),
    "client": equal(Session.client_id),
    "service": equal(Session.service_id),
    "location": equal(Session.location_id),
    "group": equal(Session.group_id),
    "series": equal(Session.series_id),
    "status": equal(Session.status),
    "confirmed": is_set(Session.confirmed_at),
    "since": from_instant(Session.starts_at),
    "until": before_instant(Session.starts_at),
}
_CLIENT = (
    Client.id.label("of_client_id"),
    Client.name.label("of_client_name"),
    Client.email.label("of_client_email"),
    Client.phone.label("of_client_phone"),
    Client.external_ref.label("of_client_ref"),
)
_DETAILS = details_statement(
    Session.external_ref.label("session_ref"),
    Client.phone.label("of_client_phone"),
    Client.external_ref.label("of_client_ref"),
)
_OF_REF = Read(
    select(Session.id).where(
        of_practice(PRACTICE, Session, Session.external_ref == bindparam("external_ref"))
    )
)


async def read_for_staff(db: Source, practice_id: UUID, session_id: UUID) -> StaffSession:
    """Read all details of a session of the practice.

    Raises:
        NotFoundError: the practice has no such session.
    """
    row = await read_row(db, _DETAILS, practice_id, session_id)
    record = to_record(row)
    return StaffSession(
        session=record,
        external_ref=row["session_ref"],
        client=ClientFacts(
            record.client_id,
            record.client_name,
            record.client_email,
            row["of_client_phone"],
            row["of_client_ref"],
        ),
    )


async def id_of_ref(db: AsyncConnection, practice_id: UUID, external_ref: str) -> UUID | None:
    """Find the session with this `external_ref`; None: there is none."""
    row = await _OF_REF.one(db, {"practice_id": practice_id, "external_ref": external_ref})
    return None if row is None else row["id"]


async def find_by_ref(db: AsyncConnection, practice_id: UUID, external_ref: str) -> UUID:
    """Find the session with this `external_ref`.

    Raises:
        NotFoundError: the practice has no such session.
    """
    found = await id_of_ref(db, practice_id, external_ref)
    if found is None:
        raise NotFoundError
    return found


async def list_for_staff(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition], *, latest_first: bool
) -> list[StaffSummary]:
    """List sessions of the practice, ordered by start."""
    statement = list_statement(part, latest_first=latest_first)
    rows = (await db.execute(statement, {"practice_id": practice_id})).mappings().all()
    return [_summary(row) for row in rows]


def list_statement(part: Part[TimePosition], *, latest_first: bool) -> Select[Any]:
    """Build the statement that reads one page of the list."""
    page = select(Session).where(of_practice(PRACTICE, Session, *matching(FILTERS, part.filters)))
    order = (Session.starts_at, Session.id)
    page = in_order(page, order, part.after, part.limit, latest_first=latest_first)
    source = page.subquery("session_page")
    session = aliased(Session, source)
    joins = SessionJoins(
        session, source, of_practice(PRACTICE, session, session.client_id == Client.id)
    )
    ordered = (session.starts_at, session.id)
    return (
        select(*joins.columns, *_CLIENT, session.external_ref.label("session_ref"))
        .select_from(joins.source)
        .where(of_practice(PRACTICE, Client, session.id.is_not(None)))
        .order_by(*(part.desc() for part in ordered) if latest_first else ordered)
    )


def _summary(row: Row) -> StaffSummary:
    return StaffSummary(
        session=to_summary(row),
        external_ref=row["session_ref"],
        client=ClientFacts(
            row["of_client_id"],
            row["of_client_name"],
            row["of_client_email"],
            row["of_client_phone"],
            row["of_client_ref"],
        ),
    )
