"""Booked sessions that no longer fit their practitioner's time (product.md section 10, "Time off").

Changing hours never touches a booked session; what does not fit any more is told to staff. Working
time is judged by the code that offers slots, so both always agree.
"""

from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.domain.availability import WorkingHours, working_time
from app.domain.intervals import Interval, merge
from app.domain.session import Format


class MisfitReason(StrEnum):
    """Why a session does not fit."""

    OUTSIDE_HOURS = "outside_hours"
    TIME_OFF = "time_off"
    BUSY_ELSEWHERE = "busy_elsewhere"


class BookedTime(NamedTuple):
    """When and where a booked session takes place; instants in seconds since the epoch."""

    session_id: UUID
    start: int
    end: int
    format: Format
    location_id: UUID | None


class Misfit(NamedTuple):
    """A session that does not fit, with every reason why."""

    session_id: UUID
    reasons: list[MisfitReason]


def find_misfits(
    hours: WorkingHours,
    time_off: Sequence[Interval],
    elsewhere: Sequence[Interval],
    sessions: Sequence[BookedTime],
) -> list[Misfit]:
    """Pick the sessions that lie outside the hours of their format and place, or in taken time.

    `time_off` and `elsewhere` (time taken in other calendars) are seconds since the epoch, in any
    order. The sessions keep theirs. Buffers do not matter here: they only keep sessions apart.
    """
    off, taken = merge(time_off), merge(elsewhere)
    found = []
    for session in sessions:
        reasons = [
            reason
            for reason, holds in (
                (MisfitReason.OUTSIDE_HOURS, not _is_working_time(hours, session)),
                (MisfitReason.TIME_OFF, _overlaps(off, session)),
                (MisfitReason.BUSY_ELSEWHERE, _overlaps(taken, session)),
            )
            if holds
        ]
        if reasons:
            found.append(Misfit(session.session_id, reasons))
    return found


def _is_working_time(hours: WorkingHours, session: BookedTime) -> bool:
    span = Interval(session.start, session.end)
    return any(
        stretch.start <= span.start < stretch.end and span.end <= stretch.close
        for stretch in working_time(hours, session.format, session.location_id, span)
    )


def _overlaps(merged: Sequence[Interval], session: BookedTime) -> bool:
    """Look at the last interval that begins before the session ends: no earlier one ends later."""
    index = bisect_left(merged, (session.end,))
    return index > 0 and merged[index - 1].end > session.start
