"""The price of a service or of one session, as it is written on the wire."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from app.directory.sums import LARGEST_STORED
from app.standards.currencies import decimals_of
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody


class Price(RequestBody):
    """A price in whole minor units of the practice's currency: ten million of it at most."""

    amount_minor: Annotated[
        int, Field(strict=True, ge=0, le=LARGEST_STORED, description="Cents, pence.")
    ]
    currency: Annotated[
        str,
        Field(strict=True, pattern=r"^[A-Z]{3}$", description="The practice's own."),
    ]
    decimals: Annotated[
        int | None,
        Field(
            strict=True,
            exclude=True,
            description="As in answers, so that a price can be sent back as it came. Where it is "
            "sent it has to be the currency's.",
        ),
    ] = None

    @field_validator("decimals")
    @classmethod
    def _is_the_currencys(cls, value: int | None, info: ValidationInfo) -> int | None:
        currency = info.data.get("currency")
        if value is not None and currency is not None and value != decimals_of(currency):
            raise InvalidValueError(
                "field.currency-decimals", decimals=decimals_of(currency), currency=currency
            )
        return value
