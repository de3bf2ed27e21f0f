"""The currencies of ISO 4217, and how many decimals their amounts have.

CLDR, and with it Babel and browsers, has other digits for about twenty currencies: what people
there write in daily life. An amount in minor units is read by ISO's, everywhere.
"""

from collections.abc import Mapping

from iso4217 import Currency

# Precious metals, units of account, and the codes for tests and for "none" have no minor unit.
DECIMALS: Mapping[str, int] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}
_USUAL = 2


def decimals_of(currency: str) -> int:
    """Say how many decimals an amount has: 2 for USD, 0 for JPY, 3 for KWD.

    A practice keeps its currency for good, also where ISO withdraws the code. Then it is 2, as it
    is for nearly all.
    """
    return DECIMALS.get(currency, _USUAL)
