"""Find what a line refers to, in the caller's transaction; all statements name the practice."""

from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import (
    BusyInterval,
    Client,
    Location,
    Package,
    PolicyVersion,
    Practitioner,
    Service,
)
from app.tables.sessions import Session
from app.transfer.lines import LineKind

_TABLES: dict[LineKind, Any] = {
    LineKind.LOCATION: Location,
    LineKind.PRACTITIONER: Practitioner,
    LineKind.TIME_OFF: BusyInterval,
    LineKind.SERVICE: Service,
    LineKind.CLIENT: Client,
    LineKind.PACKAGE: Package,
    LineKind.GROUP: Group,
    LineKind.SESSION: Session,
}


def _by_ref(table: Any) -> Read:  # noqa: ANN401 - a table
    is_kind = table.kind == "time_off" if table is BusyInterval else true()
    by_id = and_(table.id == bindparam("id", type_=Uuid), table.external_ref.is_(None))
    return Read(
        select(table.id)
        .where(
            of_practice(
                PRACTICE, table, is_kind, or_(table.external_ref == bindparam("ref"), by_id)
            )
        )
        .order_by(table.external_ref.is_(None))
        .limit(1)
    )


_BY_REF = {kind: _by_ref(table) for kind, table in _TABLES.items()}


async def find_by_ref(
    db: AsyncConnection, practice_id: UUID, kind: LineKind, ref: str
) -> UUID | None:
    """Find a record by its reference, or, if it has none, by its id; None: there is no such record.

    An export gives the id of a record without a reference as its reference.
    """
    try:
        as_id = UUID(ref)
    except ValueError:
        as_id = None
    asked = {"practice_id": practice_id, "ref": ref, "id": as_id}
    row = await _BY_REF[kind].one(db, asked)
    return None if row is None else row["id"]


async def latest_version(
    db: AsyncConnection, practice_id: UUID, service_id: UUID | None, practitioner_id: UUID | None
) -> int:
    """Return the number of the latest version of a policy; 0 if there is none."""
    number: int | None = await db.scalar(
        select(PolicyVersion.number)
        .where(_of_level(practice_id, service_id, practitioner_id))
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    )
    return number or 0


async def find_version(
    db: AsyncConnection,
    practice_id: UUID,
    service_id: UUID | None,
    practitioner_id: UUID | None,
    number: int,
) -> UUID | None:
    """Find a version of a policy by its number."""
    found: UUID | None = await db.scalar(
        select(PolicyVersion.id).where(
            _of_level(practice_id, service_id, practitioner_id), PolicyVersion.number == number
        )
    )
    return found


def _of_level(practice_id: UUID, service_id: UUID | None, practitioner_id: UUID | None) -> Any:  # noqa: ANN401 - a condition
    return of_practice(
        practice_id,
        PolicyVersion,
        PolicyVersion.service_id.is_not_distinct_from(service_id),
        PolicyVersion.practitioner_id.is_not_distinct_from(practitioner_id),
    )
