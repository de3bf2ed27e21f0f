"""A practice has one currency, for all its prices."""

from app.domain.errors import InvalidInputError


def check_currency(currency: str, of_practice: str | None) -> None:
    """Make sure that a price is in the practice's currency.

    Raises:
        InvalidInputError: it is in another one.
    """
    if currency != of_practice:
        raise InvalidInputError("/price/currency", f"must be the practice's, {of_practice}")
