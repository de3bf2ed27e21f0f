"""Field types of contact data: phone, email, web address, language and time zone."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, StringConstraints, TypeAdapter, ValidationError

from app.directory.fields import one_line
from app.standards.addresses import normal_address
from app.texts.errors import InvalidValueError
from app.web.types import ZoneName, not_blank

_LANGUAGE_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(-[a-wyz\d](-[a-z\d]{2,8})+)*(-x(-[a-z\d]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)
_WEB_ADDRESS = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)
_URL = TypeAdapter(HttpUrl)


def _web_address(value: str) -> str:
    try:
        _URL.validate_python(value)
    except ValidationError:
        value = ""
    if not _WEB_ADDRESS.fullmatch(value):
        raise InvalidValueError("field.web-address")
    return value


def _secure(value: str) -> str:
    if not value.lower().startswith("https://"):
        raise InvalidValueError("field.secure-web-address")
    return value


def _language_tag(value: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(value):
        raise InvalidValueError("field.language-tag")
    return value


Phone = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(one_line),
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
SecureWebAddress = Annotated[WebAddress, AfterValidator(_secure)]
Locale = Annotated[
    str,
    StringConstraints(strict=True, max_length=35),
    AfterValidator(_language_tag),
    Field(description="BCP 47 tag of the language of the client's emails, such as `de-AT`."),
]
TimeZone = Annotated[ZoneName, Field(description="IANA time zone.")]
