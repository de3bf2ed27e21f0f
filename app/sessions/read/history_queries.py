"""Read a session's history in one statement, restricted to the viewer's practice and client."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.database.statements import Row, Source
from app.domain.history import ChangeKind
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Format
from app.sessions.read.queries import Viewer, read_rows
from app.sessions.read.statements import about_one_session
from app.tables.changes import Change, ChangeNote
from app.tables.joins import PRACTICE, of_practice, of_session
from app.tables.own_session import OWN_SESSION
from app.tables.practices import Client
from app.tables.sessions import Session


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """An entry of a session's history. `old_…` fields are None for the booking. Times are UTC."""

    id: UUID
    command_id: UUID
    kind: ChangeKind
    at: datetime
    actor: str
    version: int
    reason_code: str | None
    note: str | None
    old_starts_at: datetime | None
    old_ends_at: datetime | None
    old_format: Format | None
    old_location_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    fee: Money | None
    credit: Credit | None
    used_allowance: bool


_CHANGES = about_one_session(
    select(
        Client.token_generation,
        Client.address_generation,
        Client.time_zone.label("client_zone"),
        Session.link_generation,
        Session.id.label("found_id"),
        *Change.__table__.columns,
        ChangeNote.note,
        Change.details.has_key("allowance").label("used_allowance"),
    )
    .select_from(Client)
    .outerjoin(Session, OWN_SESSION)
    .outerjoin(Change, of_session(Change, Session))
    .outerjoin(ChangeNote, of_practice(PRACTICE, ChangeNote, ChangeNote.change_id == Change.id))
    # Entries of one command have one instant; the session's own comes before what it caused.
    .order_by(Change.session_version, Change.at, Change.subject != "session", Change.id)
)


async def list_changes(
    db: Source, viewer: Viewer, session_id: UUID
) -> tuple[ZoneInfo, list[ChangeRecord]]:
    """Give the client's zone, and the session's history, oldest first.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    rows = await read_rows(db, _CHANGES, viewer, session_id)
    return ZoneInfo(rows[0]["client_zone"]), [_change(row) for row in rows]


def _change(row: Row) -> ChangeRecord:
    return ChangeRecord(
        id=row["id"],
        command_id=row["command_id"],
        kind=row["kind"],
        at=row["at"],
        actor=row["actor"],
        version=row["session_version"],
        reason_code=row["reason_code"],
        note=row["note"],
        old_starts_at=row["old_starts_at"],
        old_ends_at=row["old_ends_at"],
        old_format=None if row["old_format"] is None else Format(row["old_format"]),
        old_location_id=row["old_location_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        format=Format(row["format"]),
        location_id=row["location_id"],
        fee=None if row["fee_minor"] is None else Money(row["fee_minor"], row["currency"]),
        credit=None if row["credit"] is None else Credit(row["credit"]),
        used_allowance=bool(row["used_allowance"]),
    )
