"""Read the lines of an import, and say what became of each (product.md section 7, "In bulk")."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from typing_extensions import TypeAliasType

from app.directory.fields import RefText
from app.domain.errors import InvalidInputError, PayloadTooLargeError
from app.web.body_limit import MAX_PRACTICE_BYTES

MAX_LINES = 10_000
# A line is what one request of the practice's software is.
MAX_LINE_BYTES = MAX_PRACTICE_BYTES
_REF = TypeAdapter(RefText)


class LineKind(StrEnum):
    """What a line is, in the order of an export: a line refers only to kinds before its own."""

    PRACTICE = "practice"
    HOLIDAYS = "holidays"
    LOCATION = "location"
    PRACTITIONER = "practitioner"
    WORKING_HOURS = "working_hours"
    HOURS_OVERRIDE = "hours_override"
    TIME_OFF = "time_off"
    BUSY_INTERVALS = "busy_intervals"
    SERVICE = "service"
    POLICY = "policy"
    CLIENT = "client"
    PACKAGE = "package"
    GROUP = "group"
    SESSION = "session"


# The kinds that have an `external_ref` of their own.
WITH_REF = frozenset(
    {
        LineKind.LOCATION,
        LineKind.PRACTITIONER,
        LineKind.TIME_OFF,
        LineKind.SERVICE,
        LineKind.CLIENT,
        LineKind.PACKAGE,
        LineKind.GROUP,
        LineKind.SESSION,
    }
)
Outcome = TypeAliasType("Outcome", Literal["created", "updated", "unchanged", "failed"])


class RawLine(NamedTuple):
    """A line of the body. Lines count from 1; blank ones count too, and are left out."""

    number: int
    text: bytes


class Done(NamedTuple):
    """What became of a line that was written, and the id of its record, if it has one."""

    outcome: Outcome
    record_id: UUID | None = None


@dataclass(slots=True)
class LineResult:
    """What became of a line. `error` is set if nothing of it was written.

    `kind` and `external_ref` are None where the line does not say them.
    """

    number: int
    kind: LineKind | None = None
    external_ref: str | None = None
    done: Done | None = None
    error: Exception | None = None


def read_lines(body: bytes) -> list[RawLine]:
    """Split a body into its lines.

    Raises:
        InvalidInputError: no line is a JSON object, or there are too many.
    """
    # Counted first: the lines of a body that has only line ends would take gigabytes.
    if body.count(b"\n") + (not body.endswith(b"\n")) > MAX_LINES:
        raise InvalidInputError("", "field.too-many-lines", most=MAX_LINES)
    lines = [
        RawLine(number, text)
        for number, text in enumerate(body.split(b"\n"), start=1)
        if text.strip()
    ]
    if not any(_is_object(line.text) for line in lines):
        raise InvalidInputError("", "field.ndjson")
    return lines


def _is_object(text: bytes) -> bool:
    """Tell whether a line is an object. One that is too long is not parsed, and taken for one."""
    try:
        return len(text) > MAX_LINE_BYTES or isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def parse_line(text: bytes, result: LineResult) -> dict[str, Any]:
    """Parse a line into its fields; its kind and its reference go into `result`.

    Raises:
        PayloadTooLargeError: it has more than `MAX_LINE_BYTES`.
        InvalidInputError: it is no JSON object, names no kind of line, or its reference is invalid.
    """
    if len(text) > MAX_LINE_BYTES:
        raise PayloadTooLargeError
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidInputError("", "input.json-syntax") from None
    if not isinstance(fields, dict):
        raise InvalidInputError("", "input.object")
    result.kind = _kind_of(fields)
    if result.kind in WITH_REF:
        if "external_ref" not in fields:
            raise InvalidInputError("/external_ref", "input.missing")
        result.external_ref = parse_ref(fields.pop("external_ref"), "/external_ref")
    return fields


def _kind_of(fields: dict[str, Any]) -> LineKind:
    if "kind" not in fields:
        raise InvalidInputError("/kind", "input.missing")
    try:
        return LineKind(fields.pop("kind"))
    except (ValueError, TypeError):
        expected = ", ".join(f"'{kind}'" for kind in LineKind)
        raise InvalidInputError("/kind", "input.one-of", expected=expected) from None


def parse_ref(value: object, pointer: str) -> str:
    """Check a reference.

    Raises:
        InvalidInputError: it is not 1 to 255 visible characters.
    """
    try:
        return _REF.validate_python(value)
    except ValueError:
        raise InvalidInputError(pointer, "field.ref-text") from None
