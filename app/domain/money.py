"""Money as the API and the database represent it: whole minor units of one currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents, pence) of an ISO 4217 currency."""

    amount_minor: int
    currency: str

    def percent(self, percent: Decimal) -> "Money":
        """Give a percentage, rounded half to even to minor units, at most the whole amount.

        Source: product.md section 2, "A percent fee".
        """
        # `round` of a Decimal rounds half to even.
        rounded = round(self.amount_minor * percent / 100)
        return Money(min(rounded, self.amount_minor), self.currency)


def minor_of(amount: Money | None) -> int:
    """Give an amount in minor units; 0 if there is none."""
    return 0 if amount is None else amount.amount_minor


def total(amounts: Iterable[Money | None]) -> Money | None:
    """Add up amounts of one currency, without those that are None; None if no amount is left."""
    given = [amount for amount in amounts if amount is not None]
    if not given:
        return None
    return Money(sum(amount.amount_minor for amount in given), given[0].currency)
