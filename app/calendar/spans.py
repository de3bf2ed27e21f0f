"""The two ranges by which times of a practitioner are compared.

Two times are far enough apart if they overlap in neither range: the gap between them is then at
least the larger of the two buffers (docs/decisions/0030-taken-times.md). The ranges are calculated
here and stored, not calculated in statements: a sharded database refuses arithmetic on the columns
of rows that it changes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from sqlalchemy.dialects.postgresql import Range

from app.domain.session import Occupancy

_MINUTE = timedelta(minutes=1)


class Spans(NamedTuple):
    """The ranges of a time: with the buffer before it, and with the buffer after it."""

    span_before: Range[datetime]
    span_after: Range[datetime]


class BufferedTime(Protocol):
    """A time as a row has it, with buffers in minutes."""

    @property
    def starts_at(self) -> datetime: ...  # noqa: D102 - a column
    @property
    def ends_at(self) -> datetime: ...  # noqa: D102 - a column
    @property
    def buffer_before_minutes(self) -> int: ...  # noqa: D102 - a column
    @property
    def buffer_after_minutes(self) -> int: ...  # noqa: D102 - a column


def spans(time: Occupancy) -> Spans:
    """Calculate the two ranges of a time."""
    return Spans(
        Range(time.start - time.buffer_before, time.end),
        Range(time.start, time.end + time.buffer_after),
    )


def spans_of_row(row: BufferedTime) -> Spans:
    """Calculate the two ranges of a row."""
    return spans(
        Occupancy(
            row.starts_at,
            row.ends_at,
            row.buffer_before_minutes * _MINUTE,
            row.buffer_after_minutes * _MINUTE,
        )
    )
