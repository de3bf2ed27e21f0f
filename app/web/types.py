"""Strict types of request fields that all endpoints share, each with a clear error message."""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar
from unicodedata import category
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from app.domain.errors import NotFoundError
from app.texts.errors import InvalidValueError

FIRST_YEAR, LAST_YEAR = 1970, 2200
# A quote over a hundred sessions has about 13,000 characters, each with a fee and a carried cost,
# and about 19,000 where these depend on the target of a move.
MAX_QUOTE_LENGTH = 24_576
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Control characters, format characters (joiners, direction marks, the soft hyphen), all spaces.
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Zl", "Zp", "Zs"}
# Code points of other categories with Unicode's property Default_Ignorable_Code_Point (invisible
# letters and marks, such as the Hangul fillers), and the Braille pattern without dots.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
_Values = TypeVar("_Values", bound=Collection[Any])
TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
END_OF_HOURS = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


class RequestBody(BaseModel):
    """A JSON object with these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class QueryParameters(BaseModel):
    """Query parameters with these names and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def distinct(values: _Values) -> _Values:
    """Return the values of a list, or raise InvalidValueError if one is there twice."""
    if len(set(values)) < len(values):
        raise InvalidValueError("field.distinct")
    return values


def _instant_text(value: object) -> object:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise InvalidValueError("field.instant")
    return value


def _date_text(value: object) -> object:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise InvalidValueError("field.date")
    return value


def _in_utc(value: datetime) -> datetime:
    if not FIRST_YEAR < value.year < LAST_YEAR:
        raise InvalidValueError("field.years", first=FIRST_YEAR, last=LAST_YEAR)
    return value.astimezone(UTC)


def _not_before_since(until: datetime, info: ValidationInfo) -> datetime:
    since = info.data.get("since")
    if since is not None and until < since:
        raise InvalidValueError("field.before-first", first=since.isoformat())
    return until


def _in_range(value: date) -> date:
    if not FIRST_YEAR < value.year < LAST_YEAR:
        raise InvalidValueError("field.years", first=FIRST_YEAR, last=LAST_YEAR)
    return value


def no_nul(value: str) -> str:
    """Refuse NUL, the one character that PostgreSQL's text type cannot store."""
    if "\x00" in value:
        raise InvalidValueError("field.nul")
    return value


def is_blank(text: str) -> bool:
    """Return whether a text has no visible character."""
    return all(
        category(char) in _INVISIBLE_CATEGORIES or _INVISIBLE.fullmatch(char) for char in text
    )


def not_blank(value: str) -> str:
    """Refuse a text without a visible character. Joiners within names are allowed."""
    if is_blank(value):
        raise InvalidValueError("field.blank")
    return value


def visible(value: str) -> str:
    """Refuse unprintable characters, spaces at the ends, and a text without visible character."""
    if not value.isprintable() or value != value.strip() or is_blank(value):
        raise InvalidValueError("field.visible")
    return value


def _time_of_day(value: str) -> str:
    if not re.fullmatch(TIME_OF_DAY, value, re.ASCII):
        raise InvalidValueError("field.time-of-day")
    return value


def _end_of_hours(value: str) -> str:
    if not re.fullmatch(END_OF_HOURS, value, re.ASCII):
        raise InvalidValueError("field.end-of-hours")
    return value


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # Some machines have these names too; their meaning depends on the machine.
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _known_zone(value: str) -> str:
    if value not in _zone_names():
        raise InvalidValueError("field.time-zone")
    return value


def _id_text(value: object) -> object:
    # UUID itself also accepts braces, `urn:uuid:`, and digits without hyphens.
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidValueError("field.id")
    return value


Id = Annotated[UUID, BeforeValidator(_id_text)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant_text), AfterValidator(_in_utc)]
# The end of a range of instants that begins with the field `since`.
UntilInstant = Annotated[Instant, AfterValidator(_not_before_since)]
Day = Annotated[date, BeforeValidator(_date_text), AfterValidator(_in_range)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Text = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(no_nul),
    AfterValidator(not_blank),
]
Name = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(visible),
]
TimeOfDay = Annotated[
    str,
    AfterValidator(_time_of_day),
    WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY, "examples": ["09:00"]}),
]
EndOfHours = Annotated[
    str,
    AfterValidator(_end_of_hours),
    WithJsonSchema({"type": "string", "pattern": END_OF_HOURS, "examples": ["17:00"]}),
]
NextCursor = Annotated[
    str | None, Field(max_length=1024, description="`next_cursor` of the previous page.")
]
PageLimit = Annotated[int, Field(ge=1, le=100, description="Entries on a page.")]
Token = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)]
QuoteToken = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=MAX_QUOTE_LENGTH)
]


def parse_id_or_404(value: str) -> UUID:
    """Parse an id, or raise NotFoundError: a malformed id gets the same 404 as an unknown one."""
    if not _ID.fullmatch(value):
        raise NotFoundError
    return UUID(value)


def _parse_any_or_404(value: Any) -> UUID:  # noqa: ANN401 - whatever the path holds
    return parse_id_or_404(str(value))


PathId = Annotated[
    UUID, BeforeValidator(_parse_any_or_404), WithJsonSchema({"type": "string", "format": "uuid"})
]
RecordId = Annotated[
    PathId,
    Path(description="The record's id. A record that the caller may not see gets a 404."),
]
# Clients and staff share one OpenAPI parameter `session_id`, and one `practitioner_id`.
SessionId = RecordId
PractitionerId = RecordId
