"""Booked sessions that no longer fit their practitioner's time (product.md section 10, "Time off").

A change of hours never changes a booked session; staff get a list of the sessions that no longer
fit. Working time is calculated by the code that calculates slots, so both always agree.
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
    """Time, format and location of a booked session or a group, in seconds since the epoch."""

    session_id: UUID
    start: int
    end: int
    format: Format
    location_id: UUID | None


class Misfit(NamedTuple):
    """A session that does not fit, with all reasons."""

    session_id: UUID
    reasons: list[MisfitReason]


def find_misfits(
    hours: WorkingHours,
    time_off: Sequence[Interval],
    elsewhere: Sequence[Interval],
    sessions: Sequence[BookedTime],
) -> list[Misfit]:
    """Find the sessions outside working hours, in time off, or in imported busy time.

    Working hours are those of the session's format and location. `time_off` and `elsewhere` (busy
    time imported from other calendars) are in seconds since the epoch, in any order. The result has
    the order of `sessions`. Buffers do not matter here: they only separate sessions.
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
    """Check the last interval that begins before the session ends: no earlier one ends later."""
    index = bisect_left(merged, (session.end,))
    return index > 0 and merged[index - 1].end > session.start
