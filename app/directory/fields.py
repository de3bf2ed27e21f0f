"""What the practice's records are made of on the wire: field types with a clear refusal each."""

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
    """Mark a field that may be left out: what it is for stays as it is.

    Unlike a default this shows in no description, and is told apart from a null that was sent.
    """
    return Field(default_factory=lambda: _UNCHANGED)


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


class RecordBody(RequestBody):
    """What a record is to be. `values` has the fields that say something."""

    def values(self) -> Mapping[str, Any]:
        """Give the fields by name, without those that are to stay as they are."""
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
    Field(description="As people there write it; not checked."),
]
Email = Annotated[
    str,
    StringConstraints(strict=True, max_length=254),
    AfterValidator(normal_address),
    Field(
        description="In ASCII, but for the domain, which may have other letters or be punycode: "
        "both are one mailbox.",
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
    Field(description="BCP 47 tag of the language that he is written to in, like `de-AT`."),
]
TimeZone = Annotated[ZoneName, Field(description="IANA time zone.")]
Words = Annotated[Text, Field(description="At most 500 characters; may have several lines.")]
Active = Annotated[StrictBool, Field(description="False: kept, but not on offer any more.")]
ExternalRef = Annotated[
    RefText,
    Field(
        description="The record's id in your own software: 1 to 255 visible characters, used once "
        "among the practice's records of this kind."
    ),
]


class RefConvertor(StringConvertor):
    """Takes the rest of a path, slashes and line ends too: what is no reference is refused by name.

    The framework's own `path` stops at the end of a line.
    """

    regex = "(?s:.*)"


register_url_convertor("ref", RefConvertor())
RefInPath = Annotated[
    RefText,
    Path(description="The record's id in your own software. It may contain slashes."),
]


class RecordQuery(ListQuery):
    """Which records, and which page of them."""

    active: ActiveFilter = None
    name: Annotated[
        str | None,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME),
        Field(
            description="Only those with this in their name, in whatever capitals and with or "
            "without accents: `dord` finds Đorđević. No character stands for others."
        ),
        AfterValidator(no_nul),
        AfterValidator(has_letters),
    ] = None
    limit: PageLimit = 20
    cursor: NextCursor = None


class KeptRecord(Answer):
    """What all records have."""

    id: UUID
    external_ref: str | None = Field(examples=["crm-1042"])
    active: bool = Field(description="False: kept, but not on offer any more.")

    @classmethod
    def of(cls, record: Mapping[str, Any], now: datetime) -> Self:  # noqa: ARG003 - packages use it
        """Show a record as it is at `now`."""
        return cls(**record)
