"""Statements on services of a practice."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.repository import Record, RecordRepository
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Location, PolicyVersion, Practice, Service, ServiceFormat


class ServiceRepository(RecordRepository):
    """Reads and writes services with their prices and formats."""

    def shown(self) -> Select[*tuple[Any, ...]]:
        """Select a service with its price in the practice's currency and its formats."""
        price = func.jsonb_build_object(
            "amount_minor", Service.price_minor, "currency", Practice.currency, type_=JSONB
        )
        return (
            select(
                Service.id,
                Service.external_ref,
                Service.active,
                Service.name,
                Service.duration_minutes,
                Service.buffer_before_minutes,
                Service.buffer_after_minutes,
                price.label("price"),
                Service.step_minutes,
                Service.minimum_notice_minutes,
                Service.horizon_days,
                Service.reminder_minutes,
                Service.waitlist,
                Service.offer_minutes,
                Service.nudge_hours_before,
                _formats(),
            )
            .select_from(Service)
            .join(Practice, of_practice(PRACTICE, Practice))
        )

    async def write_parts(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, changed: Record
    ) -> None:
        """Replace the formats, if they changed."""
        if "formats" not in changed:
            return
        await db.execute(
            delete(ServiceFormat).where(
                ServiceFormat.practice_id == practice_id, ServiceFormat.service_id == record_id
            )
        )
        for offered in changed["formats"]:
            place = offered["location_id"]
            await db.execute(
                insert(ServiceFormat).values(
                    practice_id=practice_id,
                    id=uuid4(),
                    service_id=record_id,
                    format=offered["kind"],
                    location_id=None if place is None else UUID(place),
                    instructions=offered["instructions"],
                )
            )


SERVICE_ROWS = ServiceRepository(Service)


async def has_location(db: AsyncConnection, practice_id: UUID, location_id: UUID) -> bool:
    """Return whether a location belongs to the practice."""
    own = (Location.practice_id == practice_id, Location.id == location_id)
    return await db.scalar(select(Location.id).where(*own)) is not None


async def latest_rules(
    db: AsyncConnection, practice_id: UUID, service_id: UUID
) -> dict[str, Any] | None:
    """Read the rules of the service's own policy. None if it has no policy of its own."""
    return await db.scalar(
        select(PolicyVersion.rules)
        .where(PolicyVersion.practice_id == practice_id, PolicyVersion.service_id == service_id)
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    )


def _formats() -> Any:  # noqa: ANN401 - a column expression
    offered = func.jsonb_build_object(
        "kind",
        ServiceFormat.format,
        "location_id",
        ServiceFormat.location_id,
        "instructions",
        ServiceFormat.instructions,
    )
    order = (ServiceFormat.format, ServiceFormat.location_id)
    found = func.jsonb_agg(aggregate_order_by(offered, *order), type_=JSONB)
    return (
        select(func.coalesce(found, func.jsonb_build_array(), type_=JSONB))
        .where(of_practice(PRACTICE, ServiceFormat, ServiceFormat.service_id == Service.id))
        .correlate(Service)
        .scalar_subquery()
        .label("formats")
    )
