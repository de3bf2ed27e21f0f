"""Read policy versions, and resolve which one applies to a booking."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, equal, in_order, matching
from app.database.statements import Read
from app.directory.practice.queries import closed_days_of
from app.domain.errors import InvalidInputError, NotFoundError
from app.domain.policy.rules import FREE_UNTIL_THE_START, Policy
from app.domain.policy.working_days import NEVER_CLOSED, ClosedDays, working_day_deadlines
from app.identity.api_keys.keys import Staff
from app.policies.records import Level, PolicyPosition, PolicyVersionRecord, Resolution, resolve
from app.policies.stored import PolicyToBook, parsed
from app.tables.base import Base
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import PolicyVersion, Practitioner, Service

_NAMES = ("id", "service_id", "practitioner_id", "number", "text", "rules", "created_at")
_COLUMNS = [getattr(PolicyVersion, name) for name in _NAMES]
_OF_LEVEL: dict[Level, Any] = {
    Level.SERVICE: PolicyVersion.service_id.is_not(None),
    Level.PRACTITIONER: PolicyVersion.practitioner_id.is_not(None),
    Level.PRACTICE: PolicyVersion.service_id.is_(None) & PolicyVersion.practitioner_id.is_(None),
}
_FILTERS: Mapping[str, Filter] = {
    "service": equal(PolicyVersion.service_id),
    "practitioner": equal(PolicyVersion.practitioner_id),
    "level": _OF_LEVEL.__getitem__,
}


def _latest_versions(
    service_id: SQLColumnExpression[UUID],
    practitioner_id: SQLColumnExpression[UUID],
    of: type[Base] | None = None,
) -> Subquery:
    """Select the latest version of each level that can apply to a booking; at most three.

    `of` is the table of the enclosing statement whose columns the ids are, if they are columns.
    """
    return (
        select(PolicyVersion)
        .ext(distinct_on(PolicyVersion.service_id, PolicyVersion.practitioner_id))
        .where(
            of_practice(
                PRACTICE,
                PolicyVersion,
                or_(PolicyVersion.service_id == service_id, PolicyVersion.service_id.is_(None)),
                or_(
                    PolicyVersion.practitioner_id == practitioner_id,
                    PolicyVersion.practitioner_id.is_(None),
                ),
            )
        )
        .order_by(
            PolicyVersion.service_id, PolicyVersion.practitioner_id, PolicyVersion.number.desc()
        )
        .correlate(of)
        .subquery("latest")
    )


def _applying(latest: Subquery, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select columns of the version that applies to a booking, of the latest of each level."""
    return (
        select(*columns)
        .where(latest.c.rules.is_not(None))
        .order_by(latest.c.service_id.is_(None), latest.c.practitioner_id.is_(None))
        .limit(1)
    )


def rules_to_book(
    service_id: SQLColumnExpression[UUID],
    practitioner_id: SQLColumnExpression[UUID],
    of: type[Base],
) -> ColumnElement[str]:
    """Select the rules that a booking gets, as JSON text; null: none apply.

    `of` is the table of the enclosing statement whose columns the ids are.
    """
    latest = _latest_versions(service_id, practitioner_id, of)
    return _applying(latest, cast(latest.c.rules, Text)).scalar_subquery()


_LATEST = _latest_versions(
    bindparam("service_id", type_=Uuid), bindparam("practitioner_id", type_=Uuid)
)
_APPLIES = Read(_applying(_LATEST, _LATEST.c.id, cast(_LATEST.c.rules, Text).label("rules")))


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
    db: AsyncConnection, staff: Staff, part: Part[PolicyPosition]
) -> list[PolicyVersionRecord]:
    """List versions, newest first. An unknown service or practitioner gives an empty list."""
    table = PolicyVersion
    wanted = select(*_COLUMNS).where(
        table.practice_id == staff.practice_id, *matching(_FILTERS, part.filters)
    )
    key = (table.created_at, table.number, table.id)
    rows = await db.execute(in_order(wanted, key, part.after, part.limit, latest_first=True))
    return [PolicyVersionRecord(*row) for row in rows.all()]


async def find_policy(
    db: AsyncConnection, staff: Staff, service_id: UUID, practitioner_id: UUID
) -> Resolution:
    """Find the version that a booking made now would get, and why.

    Raises:
        InvalidInputError: the practice has no such service or practitioner.
    """
    await check_belongs_to_practice(
        db, staff.practice_id, Service, service_id, "/service", where="query"
    )
    await check_belongs_to_practice(
        db, staff.practice_id, Practitioner, practitioner_id, "/practitioner", where="query"
    )
    asked = _asked(staff.practice_id, service_id, practitioner_id)
    rows = await db.execute(select(*(_LATEST.c[name] for name in _NAMES)), asked)
    return resolve([PolicyVersionRecord(*row) for row in rows.all()])


async def check_belongs_to_practice(
    db: AsyncConnection,
    practice_id: UUID,
    table: type[Service] | type[Practitioner],
    record_id: UUID,
    pointer: str,
    *,
    where: str = "body",
) -> None:
    """Check that a record named in a request belongs to the practice.

    Raises:
        InvalidInputError: the practice has no such record.
    """
    found = await db.scalar(
        select(table.id).where(table.practice_id == practice_id, table.id == record_id)
    )
    if found is None:
        kind = "service" if table is Service else "practitioner"
        raise InvalidInputError(pointer, f"field.not-{kind}-of-practice", where=where)


async def highest_price(
    db: AsyncConnection, practice_id: UUID, service_id: UUID | None
) -> int | None:
    """Give the price in minor units that limits a policy's fixed fees.

    It is the service's price. Without `service_id` it is the highest price of all active services,
    or None if there are none.
    """
    which = Service.active if service_id is None else Service.id == service_id
    found: int | None = await db.scalar(
        select(func.max(Service.price_minor)).where(Service.practice_id == practice_id, which)
    )
    return found


async def resolve_policy_version(
    db: AsyncConnection, practice_id: UUID, service_id: UUID, practitioner_id: UUID
) -> PolicyToBook:
    """Find the version that applies to a booking.

    The service's policy comes first, then the practitioner's, then the practice's. A level whose
    latest version has no rules has no policy. Source: product.md section 2, "Resolution".
    """
    row = await _APPLIES.one(db, _asked(practice_id, service_id, practitioner_id))
    if row is None:
        return PolicyToBook(None, FREE_UNTIL_THE_START, NEVER_CLOSED)
    policy = parsed(row["rules"])
    return PolicyToBook(row["id"], policy, await read_closed_days(db, practice_id, policy))


async def read_closed_days(db: AsyncConnection, practice_id: UUID, policy: Policy) -> ClosedDays:
    """Read on which days the practice is closed, if the policy has deadlines that depend on it.

    The caller has locked the practitioner, so that closed days do not change meanwhile.
    """
    if not working_day_deadlines(policy):
        return NEVER_CLOSED
    return await closed_days_of(db, practice_id)


def _asked(practice_id: UUID, service_id: UUID, practitioner_id: UUID) -> dict[str, UUID]:
    return {
        "practice_id": practice_id,
        "service_id": service_id,
        "practitioner_id": practitioner_id,
    }
