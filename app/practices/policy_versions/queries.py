"""Reading policy versions."""

from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, Uuid, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.domain.errors import InvalidInputError, NotFoundError
from app.practices.models import PolicyVersion, Practitioner, Service
from app.practices.policies import latest_versions
from app.practices.policy_versions.records import (
    Level,
    Place,
    PolicyVersionRecord,
    Resolution,
    resolve,
)

_NAMES = ("id", "service_id", "practitioner_id", "number", "text", "rules", "created_at")
_COLUMNS = [getattr(PolicyVersion, name) for name in _NAMES]
_OF_LEVEL: dict[Level, Any] = {
    Level.SERVICE: PolicyVersion.service_id.is_not(None),
    Level.PRACTITIONER: PolicyVersion.practitioner_id.is_not(None),
    Level.PRACTICE: PolicyVersion.service_id.is_(None) & PolicyVersion.practitioner_id.is_(None),
}


async def read_policy(
    db: AsyncConnection, practice_id: UUID, policy_id: UUID
) -> PolicyVersionRecord:
    """Read one version.

    Raises:
        NotFoundError: the practice has no such version.
    """
    row = (
        await db.execute(
            select(*_COLUMNS).where(
                PolicyVersion.practice_id == practice_id, PolicyVersion.id == policy_id
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return PolicyVersionRecord(*row)


async def list_versions(
    db: AsyncConnection,
    staff: Staff,
    *,
    service_id: UUID | None,
    practitioner_id: UUID | None,
    level: Level | None,
    after: Place | None,
    limit: int,
) -> list[PolicyVersionRecord]:
    """List versions, newest first; of an unknown service or practitioner there are none."""
    table = PolicyVersion
    conditions = [table.practice_id == staff.practice_id]
    if service_id is not None:
        conditions.append(table.service_id == service_id)
    if practitioner_id is not None:
        conditions.append(table.practitioner_id == practitioner_id)
    if level is not None:
        conditions.append(_OF_LEVEL[level])
    if after is not None:
        place = tuple_(
            literal(after.created_at, DateTime(timezone=True)),
            literal(after.number, Integer),
            literal(after.id, Uuid),
        )
        conditions.append(tuple_(table.created_at, table.number, table.id) < place)
    rows = await db.execute(
        select(*_COLUMNS)
        .where(*conditions)
        .order_by(table.created_at.desc(), table.number.desc(), table.id.desc())
        .limit(limit)
    )
    return [PolicyVersionRecord(*row) for row in rows.all()]


async def find_policy(
    db: AsyncConnection, staff: Staff, service_id: UUID, practitioner_id: UUID
) -> Resolution:
    """Say which version a booking made now would come under, and why.

    Raises:
        InvalidInputError: the practice has no such service or practitioner.
    """
    await check_own(db, staff.practice_id, Service, service_id, "/service", where="query")
    await check_own(
        db, staff.practice_id, Practitioner, practitioner_id, "/practitioner", where="query"
    )
    latest = latest_versions(staff.practice_id, service_id, practitioner_id)
    rows = await db.execute(select(*[latest.c[name] for name in _NAMES]))
    return resolve([PolicyVersionRecord(*row) for row in rows.all()])


async def check_own(
    db: AsyncConnection,
    practice_id: UUID,
    table: type[Service] | type[Practitioner],
    record_id: UUID,
    pointer: str,
    *,
    where: str = "body",
) -> None:
    """Make sure that a record which a request names is the practice's.

    Raises:
        InvalidInputError: it is not, or there is none.
    """
    found = await db.scalar(
        select(table.id).where(table.practice_id == practice_id, table.id == record_id)
    )
    if found is None:
        kind = "service" if table is Service else "practitioner"
        raise InvalidInputError(pointer, f"field.not-{kind}-of-practice", where=where)


async def price_to_compare(
    db: AsyncConnection, practice_id: UUID, service_id: UUID | None
) -> int | None:
    """Give the price that a policy's fees are compared with: the service's, or else the dearest.

    Only active services count then; None where there is none.
    """
    which = Service.active if service_id is None else Service.id == service_id
    found: int | None = await db.scalar(
        select(func.max(Service.price_minor)).where(Service.practice_id == practice_id, which)
    )
    return found
