"""Services of a practice, and the checks on their prices and formats."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.practice.queries import currency_of
from app.directory.records import Records
from app.directory.repository import Record
from app.directory.services.repository import SERVICE_ROWS, has_location, latest_rules
from app.directory.sums import (
    MAX_FEE_TO_PRICE,
    check_price,
    is_out_of_proportion,
    largest_fixed_fee,
)
from app.domain.errors import InvalidInputError


class _Services(Records):
    audited_fields = frozenset({"price", "duration_minutes"})

    def is_same(self, name: str, before: Any, after: Any) -> bool:  # noqa: ANN401 - a field
        """Compare values. The order of formats does not matter."""
        if name == "formats":
            before, after = sorted(before, key=_format_key), sorted(after, key=_format_key)
        return super().is_same(name, before, after)

    async def check(
        self,
        db: AsyncConnection,
        practice_id: UUID,
        before: Record | None,
        changed: Record,
    ) -> None:
        """Check the price and the locations of the formats.

        Raises:
            InvalidInputError: the currency is not the practice's, the price is too large or too
                small for the service's policy, or the practice has no such location.
        """
        if "price" in changed:
            currency = await currency_of(db, practice_id)
            check_price(changed["price"]["amount_minor"], changed["price"]["currency"], currency)
            if before is not None:
                await _check_proportion(db, practice_id, before["id"], changed["price"])
        for index, offered in enumerate(changed.get("formats", ())):
            place = offered["location_id"]
            if place is not None and not await has_location(db, practice_id, UUID(place)):
                raise InvalidInputError(f"/formats/{index}/location_id", "field.no-such-location")

    def columns(self, before: Record | None, changed: Record, now: datetime) -> dict[str, Any]:
        columns = super().columns(before, changed, now)
        columns.pop("formats", None)
        if "price" in columns:
            columns["price_minor"] = columns.pop("price")["amount_minor"]
        return columns


async def _check_proportion(
    db: AsyncConnection, practice_id: UUID, service_id: UUID, price: Record
) -> None:
    """Refuse a price if a fixed fee of the service's own policy is over a hundred times as high."""
    rules = await latest_rules(db, practice_id, service_id)
    fee = largest_fixed_fee(rules or {})
    if is_out_of_proportion(fee, price["amount_minor"]):
        raise InvalidInputError(
            "/price/amount_minor",
            "field.price-to-fee",
            fee=fee,
            times=MAX_FEE_TO_PRICE,
        )


def _format_key(offered: Record) -> tuple[str, str]:
    return offered["kind"], offered["location_id"] or ""


SERVICES = _Services(SERVICE_ROWS, "service")
