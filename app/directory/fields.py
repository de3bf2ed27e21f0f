"""Field types that all of the practice's records share, and the bases of their bodies."""

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
    StrictBool,
    StringConstraints,
)
from starlette.convertors import StringConvertor, register_url_convertor

from app.directory.search_terms import has_letters
from app.texts.errors import InvalidValueError
from app.web.json import Answer
from app.web.pagination import ActiveFilter, ListQuery
from app.web.types import (
    NextCursor,
    PageLimit,
    RequestBody,
    Text,
    no_nul,
    not_blank,
    visible,
)

MAX_REF = 255
MAX_NAME = 120
_UNCHANGED: Any = object()


def unchanged() -> Any:  # noqa: ANN401 - stands in for a value of any type
    """Declare an optional field of a change: if it is missing, the record keeps its value.

    Unlike a default, it does not appear in OpenAPI, and it differs from a null that was sent.
    """
    return Field(default_factory=lambda: _UNCHANGED)


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


def one_line(value: str) -> str:
    """Refuse line ends and control characters."""
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in value):
        raise InvalidValueError("field.one-line")
    return value


RefText = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MAX_REF),
    AfterValidator(visible),
]

Name = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=MAX_NAME),
    AfterValidator(one_line),
    AfterValidator(not_blank),
]
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
