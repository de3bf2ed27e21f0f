"""Read what the proof-reader of a policy compares it with: services and closed days."""

from uuid import UUID

from sqlalchemy import Subquery, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.money import Money
from app.domain.policy.warnings import ServiceTerms
from app.tables.joins import of_practice
from app.tables.practices import PolicyVersion, Service


async def read_service_terms(
    db: AsyncConnection, practice_id: UUID, service_id: UUID | None, currency: str
) -> list[ServiceTerms]:
    """Read the active services to which a policy would apply, by name.

    Those are the policy's service alone, or all services without a policy of their own.
    """
    latest = _latest_of_services(practice_id)
    wanted = latest.c.rules.is_(None) if service_id is None else Service.id == service_id
    rows = await db.execute(
        select(
            Service.id,
            Service.name,
            Service.price_minor,
            Service.reminder_minutes,
            Service.nudge_hours_before,
        )
        .outerjoin(latest, latest.c.service_id == Service.id)
        .where(of_practice(practice_id, Service, Service.active, wanted))
        .order_by(Service.name, Service.id)
    )
    return [
        ServiceTerms(
            row.id,
            row.name,
            Money(row.price_minor, currency),
            row.reminder_minutes,
            nudges=row.nudge_hours_before is not None,
        )
        for row in rows.all()
    ]


def _latest_of_services(practice_id: UUID) -> Subquery:
    """Select the rules of the latest version of each service that ever had a policy of its own."""
    own = of_practice(practice_id, PolicyVersion, PolicyVersion.service_id.is_not(None))
    return (
        select(PolicyVersion.service_id, PolicyVersion.rules)
        .ext(distinct_on(PolicyVersion.service_id))
        .where(own)
        .order_by(PolicyVersion.service_id, PolicyVersion.number.desc())
        .subquery()
    )
