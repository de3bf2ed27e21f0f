"""Bounds of prices and fixed fees, so that a typing error is not charged.

Source: product.md section 10, "Sums".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.errors import InvalidInputError
from app.standards.currencies import decimals_of

MAX_MAJOR_UNITS = 10_000_000
MAX_FEE_TO_PRICE = 100
# What a column of the database holds.
LARGEST_STORED = 2_147_483_647


def largest_sum(currency: str) -> int:
    """Give the largest sum of a currency, in its minor units: ten million of the currency."""
    minor_units: int = 10 ** decimals_of(currency)
    return min(MAX_MAJOR_UNITS * minor_units, LARGEST_STORED)


def check_price(amount_minor: int, currency: str, of_practice: str) -> None:
    """Refuse a price in another currency than the practice's, or beyond the largest sum of it.

    Raises:
        InvalidInputError: naming the currency or the amount.
    """
    if currency != of_practice:
        raise InvalidInputError("/price/currency", "field.practice-currency", currency=of_practice)
    _check_largest(amount_minor, currency, "/price/amount_minor")


def check_fixed_fees(
    rules: Mapping[str, Any], currency: str, price_minor: int | None, pointer: str = "/rules"
) -> None:
    """Refuse a fixed fee above a hundred times the price, or beyond the largest sum.

    Without a price, or where the service is free, there is nothing to compare a fee with.

    Raises:
        InvalidInputError: naming the amount.
    """
    for action, index, amount in _fixed_fees(rules):
        field = f"{pointer}/{action}/fees/{index}/amount_minor"
        _check_largest(amount, currency, field)
        if is_out_of_proportion(amount, price_minor):
            raise InvalidInputError(
                field, "field.fee-to-price", times=MAX_FEE_TO_PRICE, price=price_minor
            )


def is_out_of_proportion(fee_minor: int, price_minor: int | None) -> bool:
    """Tell whether a fee is above a hundred times a price, where there is one."""
    return price_minor is not None and 0 < MAX_FEE_TO_PRICE * price_minor < fee_minor


def largest_fixed_fee(rules: Mapping[str, Any]) -> int:
    """Give the largest fixed fee of a policy as it is stored; 0 where there is none."""
    return max((amount for _, _, amount in _fixed_fees(rules)), default=0)


def _fixed_fees(rules: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Give each fixed fee of a policy as it is stored, with its action and its place."""
    for action, rule in rules.items():
        for index, tier in enumerate(rule.get("fees") or ()):
            if "amount_minor" in tier:
                yield action, index, tier["amount_minor"]


def _check_largest(amount: int, currency: str, pointer: str) -> None:
    largest = largest_sum(currency)
    if amount > largest:
        raise InvalidInputError(pointer, "field.largest-sum", largest=largest, currency=currency)
