"""Currencies of ISO 4217, and the number of decimals of their amounts.

CLDR, which Babel and browsers use, has other numbers of decimals for about twenty currencies, by
daily use. Reslot always converts minor units by ISO 4217.
"""

from collections.abc import Mapping

from iso4217 import Currency

# Without minor unit, and so left out: precious metals, units of account, test and "none" codes.
DECIMALS: Mapping[str, int] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}
_USUAL = 2


def decimals_of(currency: str) -> int:
    """Return the number of decimals of an amount: 2 for USD, 0 for JPY, 3 for KWD.

    A practice keeps its currency even if ISO withdraws the code. An unknown code has 2 decimals,
    like most currencies.
    """
    return DECIMALS.get(currency, _USUAL)
