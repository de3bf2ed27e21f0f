"""Field types of the practice's records, each with a clear error message."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    HttpUrl,
    StrictBool,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from starlette.convertors import StringConvertor, register_url_convertor

from app.directory.names import has_letters
from app.directory.sums import LARGEST_STORED
from app.standards.addresses import normal_address
from app.standards.currencies import decimals_of
from app.texts.errors import InvalidValueError
from app.web.pagination import ActiveFilter, ListQuery
from app.web.types import (
    NextCursor,
    PageLimit,
    RequestBody,
    Text,
    ZoneName,
    no_nul,
    not_blank,
    visible,
)
from app.web.views import Answer

MAX_REF = 255
# A cursor contains a name, up to four bytes a character, and its length is limited
# (app/web/signing.py).
MAX_NAME = 120
_LANGUAGE_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(-[a-wyz\d](-[a-z\d]{2,8})+)*(-x(-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)
_WEB_ADDRESS = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_URL = TypeAdapter(HttpUrl)
_UNCHANGED: Any = object()


def unchanged() -> Any:  # noqa: ANN401 - stands in for a value of any type
    """Declare an optional field of a change: if it is missing, the record keeps its value.

    Unlike a default, it does not appear in OpenAPI, and it differs from a null that was sent.
    """
    return Field(default_factory=lambda: _UNCHANGED)


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


class RecordBody(RequestBody):
    """Request body of a record."""

    def values(self) -> Mapping[str, Any]:
        """Return the fields by name, without those that keep their values."""
        given = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: _plain(value) for name, value in given if value is not _UNCHANGED}


def _plain(value: Any) -> Any:  # noqa: ANN401 - the value of any field
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _one_line(value: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in value):
        raise InvalidValueError("field.one-line")
    return value


def _web_address(value: str) -> str:
    try:
        _URL.validate_python(value)
    except ValidationError:
        value = ""
    if not _WEB_ADDRESS.fullmatch(value):
        raise InvalidValueError("field.web-address")
    return value


def _language_tag(value: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(value):
        raise InvalidValueError("field.language-tag")
    return value


RefText = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MAX_REF),
    AfterValidator(visible),
]

Name = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=MAX_NAME),
    AfterValidator(_one_line),
    AfterValidator(not_blank),
]
Phone = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_one_line),
    AfterValidator(not_blank),
    Field(description="In any local notation. The number is not checked."),
]
Email = Annotated[
    str,
    StringConstraints(strict=True, max_length=254),
    AfterValidator(normal_address),
    Field(
        description="The part before `@` must be ASCII. The domain may be in Unicode or in "
        "Punycode: both name the same mailbox.",
        json_schema_extra={"format": "email"},
    ),
]
WebAddress = Annotated[
    str, StringConstraints(strict=True, max_length=2000), AfterValidator(_web_address)
]
Locale = Annotated[
    str,
    StringConstraints(strict=True, max_length=35),
    AfterValidator(_language_tag),
    Field(description="BCP 47 tag of the language of the client's emails, such as `de-AT`."),
]
TimeZone = Annotated[ZoneName, Field(description="IANA time zone.")]
Words = Annotated[Text, Field(description="At most 500 characters, in one or several lines.")]
Active = Annotated[
    StrictBool, Field(description="`false`: the record stays but is not offered any more.")
]
ExternalRef = Annotated[
    RefText,
    Field(
        description="The record's id in your own software: 1 to 255 visible characters, unique "
        "among the practice's records of this kind."
    ),
]


class RefConvertor(StringConvertor):
    """Path convertor that matches any text, including slashes and line ends.

    The field's own validation then refuses a bad reference with a 422 that names it. The
    framework's `path` convertor does not match line ends.
    """

    regex = "(?s:.*)"


register_url_convertor("ref", RefConvertor())
RefInPath = Annotated[
    RefText,
    Path(description="The record's id in your own software. It may contain slashes."),
]


class RecordQuery(ListQuery):
    """Filters and page of a list of records."""

    active: ActiveFilter = None
    name: Annotated[
        str | None,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME),
        Field(
            description="Records whose name contains this text. Capitals and accents do not "
            "matter: `dord` finds Đorđević. There are no wildcards."
        ),
        AfterValidator(no_nul),
        AfterValidator(has_letters),
    ] = None
    limit: PageLimit = 20
    cursor: NextCursor = None


class KeptRecord(Answer):
    """Fields that all records have."""

    id: UUID
    external_ref: str | None = Field(examples=["crm-1042"])
    active: bool = Field(description="`false`: the record stays but is not offered any more.")

    @classmethod
    def of(cls, record: Mapping[str, Any], now: datetime) -> Self:  # noqa: ARG003 - packages use it
        """Present a record as it is at `now`."""
        return cls(**record)
