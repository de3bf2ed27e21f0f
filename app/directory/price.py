"""The price of a service or of a session in requests."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from app.directory.sums import LARGEST_STORED
from app.standards.currencies import decimals_of
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody


class Price(RequestBody):
    """A price in minor units of the practice's currency, at most ten million major units."""

    amount_minor: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=LARGEST_STORED,
            description="The price in minor units of the currency (cents, pence).",
        ),
    ]
    currency: Annotated[
        str,
        Field(
            strict=True,
            pattern=r"^[A-Z]{3}$",
            description="ISO 4217 code. It must be the practice's currency.",
        ),
    ]
    decimals: Annotated[
        int | None,
        Field(
            strict=True,
            exclude=True,
            description="The currency's number of decimals, as in answers: a price can be sent "
            "back unchanged. Another number is refused.",
        ),
    ] = None

    @field_validator("decimals")
    @classmethod
    def _check_decimals(cls, value: int | None, info: ValidationInfo) -> int | None:
        currency = info.data.get("currency")
        if value is not None and currency is not None and value != decimals_of(currency):
            raise InvalidValueError(
                "field.currency-decimals", decimals=decimals_of(currency), currency=currency
            )
        return value
