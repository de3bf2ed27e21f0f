"""The services of a practice, with their price in its currency and their formats."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import InvalidInputError
from app.practices.models import Location, PolicyVersion, Practice, Service, ServiceFormat
from app.practices.practice.queries import currency_of
from app.practices.records import Record, Records, Statement
from app.practices.sums import (
    MAX_FEE_TO_PRICE,
    check_price,
    is_out_of_proportion,
    largest_fixed_fee,
)


class _Services(Records):
    told = frozenset({"price", "duration_minutes"})

    def shown(self) -> Statement:
        price = func.jsonb_build_object(
            "amount_minor", Service.price_minor, "currency", Practice.currency, type_=JSONB
        )
        return select(
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
            _formats(),
        ).join(Practice, Practice.practice_id == Service.practice_id)

    def is_same(self, name: str, before: Any, after: Any) -> bool:  # noqa: ANN401 - a field
        """Compare formats whatever their order."""
        if name == "formats":
            before, after = sorted(before, key=_of_format), sorted(after, key=_of_format)
        return super().is_same(name, before, after)

    async def check(
        self,
        db: AsyncConnection,
        practice_id: UUID,
        before: Record | None,
        changed: Record,
    ) -> None:
        """Refuse prices that cannot be, and formats at places that the practice does not have.

        Raises:
            InvalidInputError: naming the currency, the amount or the location.
        """
        if "price" in changed:
            currency = await currency_of(db, practice_id)
            check_price(changed["price"]["amount_minor"], changed["price"]["currency"], currency)
            if before is not None:
                await _check_proportion(db, practice_id, before["id"], changed["price"])
        own = select(Location.id).where(Location.practice_id == practice_id)
        for index, offered in enumerate(changed.get("formats", ())):
            place = offered["location_id"]
            if place is not None and await db.scalar(own.where(Location.id == UUID(place))) is None:
                raise InvalidInputError(f"/formats/{index}/location_id", "field.no-such-location")

    def columns(self, before: Record | None, changed: Record) -> dict[str, Any]:
        columns = super().columns(before, changed)
        columns.pop("formats", None)
        if "price" in columns:
            columns["price_minor"] = columns.pop("price")["amount_minor"]
        return columns

    async def write_parts(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, changed: Record
    ) -> None:
        """Put the formats in the place of those that there were."""
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


async def _check_proportion(
    db: AsyncConnection, practice_id: UUID, service_id: UUID, price: Record
) -> None:
    """Refuse a price that the service's own policy asks more than a hundred times for."""
    rules = await db.scalar(
        select(PolicyVersion.rules)
        .where(PolicyVersion.practice_id == practice_id, PolicyVersion.service_id == service_id)
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    )
    fee = largest_fixed_fee(rules or {})
    if is_out_of_proportion(fee, price["amount_minor"]):
        raise InvalidInputError(
            "/price/amount_minor",
            "field.price-to-fee",
            fee=fee,
            times=MAX_FEE_TO_PRICE,
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
        .where(
            and_(
                ServiceFormat.practice_id == Service.practice_id,
                ServiceFormat.service_id == Service.id,
            )
        )
        .correlate(Service)
        .scalar_subquery()
        .label("formats")
    )


def _of_format(offered: Record) -> tuple[str, str]:
    return offered["kind"], offered["location_id"] or ""


SERVICES = _Services(Service, "service")
