"""Bounds of prices and fixed fees: a typing error must not charge a client.

Source: product.md section 10, "Sums".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.errors import InvalidInputError
from app.domain.policy.rules import Action
from app.standards.currencies import decimals_of

MAX_MAJOR_UNITS = 10_000_000
MAX_FEE_TO_PRICE = 100
# The largest value of a PostgreSQL integer column.
LARGEST_STORED = 2_147_483_647


def largest_sum(currency: str) -> int:
    """Return the largest sum in minor units: ten million major units, or what a column holds."""
    minor_units: int = 10 ** decimals_of(currency)
    return min(MAX_MAJOR_UNITS * minor_units, LARGEST_STORED)


def check_price(amount_minor: int, currency: str, of_practice: str) -> None:
    """Check the currency and the amount of a price. `of_practice` is the practice's currency.

    Raises:
        InvalidInputError: the currency is not the practice's, or the amount is above the largest
            sum.
    """
    if currency != of_practice:
        raise InvalidInputError("/price/currency", "field.practice-currency", currency=of_practice)
    _check_largest(amount_minor, currency, "/price/amount_minor")


def check_fixed_fees(rules: Mapping[str, Any], currency: str, price_minor: int | None) -> None:
    """Check the fixed fees of a policy as it is stored.

    A fee is not compared with the price if there is no price or the service is free.

    Raises:
        InvalidInputError: a fee is above a hundred times the price, or above the largest sum.
    """
    for action, index, amount in _fixed_fees(rules):
        field = f"/rules/{action}/fees/{index}/amount_minor"
        _check_largest(amount, currency, field)
        if is_out_of_proportion(amount, price_minor):
            raise InvalidInputError(
                field, "field.fee-to-price", times=MAX_FEE_TO_PRICE, price=price_minor
            )


def is_out_of_proportion(fee_minor: int, price_minor: int | None) -> bool:
    """Return whether a fee is above a hundred times the price. False without a price."""
    return price_minor is not None and 0 < MAX_FEE_TO_PRICE * price_minor < fee_minor


def largest_fixed_fee(rules: Mapping[str, Any]) -> int:
    """Return the largest fixed fee of a policy as it is stored; 0 if it has none."""
    return max((amount for _, _, amount in _fixed_fees(rules)), default=0)


def _fixed_fees(rules: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Yield each fixed fee of a policy as it is stored: action, index and amount."""
    for action in Action:
        for index, tier in enumerate(rules.get(action, {}).get("fees") or ()):
            if "amount_minor" in tier:
                yield action, index, tier["amount_minor"]


def _check_largest(amount: int, currency: str, pointer: str) -> None:
    largest = largest_sum(currency)
    if amount > largest:
        raise InvalidInputError(pointer, "field.largest-sum", largest=largest, currency=currency)
