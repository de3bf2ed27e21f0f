"""Checks of a policy's rules against the practice's records."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.practice.queries import currency_of
from app.directory.sums import check_fixed_fees
from app.domain.errors import InvalidInputError
from app.policies.queries import check_belongs_to_practice, highest_price
from app.tables.practices import Practitioner, Service


async def check_policy(
    db: AsyncConnection,
    practice_id: UUID,
    service_id: UUID | None,
    practitioner_id: UUID | None,
    rules: Mapping[str, Any] | None,
    *,
    is_old: bool = False,
) -> None:
    """Check whose policy it is to be, its fixed fees, and the codes of its reasons.

    `is_old`: the fees are not compared with today's prices.

    Raises:
        InvalidInputError: the practice has no such service or practitioner, a fee is too high, or
            two reasons have the same code.
    """
    if service_id is not None:
        await check_belongs_to_practice(db, practice_id, Service, service_id, "/service_id")
    if practitioner_id is not None:
        await check_belongs_to_practice(
            db, practice_id, Practitioner, practitioner_id, "/practitioner_id"
        )
    if rules is not None:
        currency = await currency_of(db, practice_id)
        price = None if is_old else await highest_price(db, practice_id, service_id)
        check_fixed_fees(rules, currency, price)
        _check_codes(rules.get("reasons", ()))


def _check_codes(reasons: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for index, reason in enumerate(reasons):
        if reason["code"] in seen:
            raise InvalidInputError(f"/rules/reasons/{index}/code", "field.reason-listed-twice")
        seen.add(reason["code"])
