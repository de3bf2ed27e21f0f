"""Availability (product.md section 3): which starts are offered for a session right now.

Working hours, overrides, busy intervals, service rules, a range and an instant go in, slots come
out. Hours are wall times in the practitioner's zone; everything else is instants, as whole seconds
since the epoch (see app/domain/zones.py), so that a DST change needs no special case: an instant is
working time exactly if its wall time lies in the hours.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.intervals import Interval, intersect, merge, subtract
from app.domain.session import Format
from app.domain.zones import (
    DAY,
    Piece,
    constant_offsets,
    day_date,
    start_of_day,
    to_seconds,
)

MINUTE = 60
# Hours that never close have no start from which steps could count; after a week of looking back
# they count from each midnight instead.
LOOK_BACK_DAYS = 7


class HoursInterval(NamedTuple):
    """Minutes of a local day `[start_minute, end_minute)`, 0 to 1440.

    Without a `format` it holds for all formats, without a `location_id` for all locations.
    """

    start_minute: int
    end_minute: int
    format: Format | None = None
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A practitioner's weekly hours by ISO weekday (1 Monday), and the dates that replace them."""

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[HoursInterval]]
    overrides: Mapping[date, Sequence[HoursInterval]]

    def of(self, day: int) -> Sequence[HoursInterval]:
        """Give the hours of a local date, counted in days since the epoch."""
        found = self.overrides.get(day_date(day)) if self.overrides else None
        return self.weekly.get((day + 3) % 7 + 1, ()) if found is None else found


class BusySession(NamedTuple):
    """A booked session of the practitioner: instants, and buffers in seconds."""

    start: int
    end: int
    buffer_before: int
    buffer_after: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is known of a practitioner's time.

    `sessions` are his booked sessions without the one being moved. `blocked` is time off, busy time
    from elsewhere, and the client's own other sessions: they need no gap around them.
    """

    hours: WorkingHours
    sessions: Sequence[BusySession]
    blocked: Sequence[Interval]
    sessions_per_day: int | None = None
    sessions_per_week: int | None = None


@dataclass(frozen=True, slots=True)
class SlotRules:
    """What a slot must keep. Spans are seconds; `step` counts in wall time from the hours' start.

    `horizon_days` counts local days of the practitioner from today, which is day 0.
    """

    duration: int
    buffer_before: int
    buffer_after: int
    step: int
    minimum_notice: int
    horizon_days: int


class Slot(NamedTuple):
    """A start on offer, in seconds since the epoch; the location only where one is visited."""

    start: int
    location_id: UUID | None


class EmptyReason(StrEnum):
    """Why nothing is on offer in a range."""

    FULLY_BOOKED = "fully_booked"
    OUTSIDE_HORIZON = "outside_horizon"
    NO_WORKING_HOURS = "no_working_hours"
    RESCHEDULE_REFUSED = "reschedule_refused"


@dataclass(frozen=True, slots=True)
class Meeting:
    """The time and place that the session being moved has now."""

    start: int
    format: Format
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Slots in the order of their starts; a reason exactly where there are none."""

    slots: list[Slot]
    empty_reason: EmptyReason | None


@dataclass(frozen=True, slots=True)
class Request:
    """What a client looks for: a format at one of `location_ids` (`[None]`: nowhere to go).

    `may_move` and `may_change_format` are the policy's decisions; `move_window` its limit on the
    distance from the booked start, None without one.
    """

    format: Format
    location_ids: Sequence[UUID | None]
    present: Meeting
    may_move: bool
    may_change_format: bool
    move_window: Interval | None = None


def offer(
    calendar: Calendar, rules: SlotRules, request: Request, window: Interval, now: int
) -> Offer:
    """List the slots that start within `window` for the session being moved.

    The present time is offered only with another format or location, and then neither notice,
    horizon, step nor limits matter (product.md section 10, `change_format`).
    """
    span = bookable(calendar, rules, request, window, now)
    slots: list[Slot] = []
    has_hours = False
    for location_id in request.location_ids:
        if request.may_move and span.start < span.end:
            working = working_time(calendar.hours, request.format, location_id, span)
            has_hours = has_hours or any(
                stretch.start < span.end and span.start < stretch.end for stretch in working
            )
            starts = _starts(calendar, rules, working, span)
            offered = [start for start in starts if start != request.present.start]
            slots += map(Slot._make, zip(offered, repeat(location_id)))
        if _changes_format(calendar, rules, request, location_id, window):
            slots.append(Slot(request.present.start, location_id))
    slots.sort(key=itemgetter(0))
    return Offer(slots, None if slots else _empty_reason(request, span, has_hours=has_hours))


def bookable(
    calendar: Calendar, rules: SlotRules, request: Request, window: Interval, now: int
) -> Interval:
    """Cut `window` down to the starts that notice, horizon and the policy's distance leave."""
    zone = calendar.hours.zone
    today = _local_day(constant_offsets(zone, now, now + 1)[0], now)
    after_horizon = _first_instant(zone, today + rules.horizon_days + 1)
    span = intersect(window, Interval(now + rules.minimum_notice, after_horizon))
    return span if request.move_window is None else intersect(span, request.move_window)


class Working(NamedTuple):
    """A stretch of instants inside one interval of hours, with one offset.

    `anchor` is the local second from which steps count.
    """

    start: int
    end: int
    offset: int
    anchor: int


def working_time(
    hours: WorkingHours, format_: Format, location_id: UUID | None, span: Interval
) -> list[Working]:
    """Turn wall-clock hours into instants, for every local date that `span` touches.

    Reaches a day further at both ends, so that a slot which runs over midnight is seen whole.
    """
    found: list[Working] = []
    seen: dict[int, list[Interval]] = {}

    def minutes(day: int) -> list[Interval]:
        of_day = hours.of(day)
        # By identity: the days of a month share the few lists of a week.
        if id(of_day) not in seen:
            seen[id(of_day)] = merge(
                Interval(interval.start_minute, interval.end_minute)
                for interval in of_day
                if interval.format in (None, format_)
                and interval.location_id in (None, location_id)
            )
        return seen[id(of_day)]

    for piece in constant_offsets(hours.zone, span.start - DAY, span.end + DAY):
        first, last = _local_day(piece, piece.start), _local_day(piece, piece.end - 1)
        for day in range(first, last + 1):
            for interval in minutes(day):
                local_start = day * DAY + interval.start * MINUTE
                start = max(local_start - piece.offset, piece.start)
                end = min(day * DAY + interval.end * MINUTE - piece.offset, piece.end)
                if start < end:
                    anchor = _anchor(minutes, day) if interval.start == 0 else local_start
                    found.append(Working(start, end, piece.offset, anchor))
    return found


def _starts(
    calendar: Calendar, rules: SlotRules, working: list[Working], span: Interval
) -> list[int]:
    """List the starts within `span` that fit whole into free working time, on the step."""
    free = _free(calendar, rules, working)
    starts: list[int] = []
    index = 0
    for begin, end, offset, anchor in working:
        while index < len(free) and free[index].end <= begin:
            index += 1
        following = index
        while following < len(free) and free[following].start < end:
            gap_start, gap_end = free[following]
            first = max(begin, gap_start, span.start)
            first += (anchor - offset - first) % rules.step
            last = min(end - 1, gap_end - rules.duration, span.end - 1)
            starts += range(first, last + 1, rules.step)
            following += 1
    return _within_limits(calendar, starts)


def _free(calendar: Calendar, rules: SlotRules, working: list[Working]) -> list[Interval]:
    """Give the working time in which a session of these rules may lie.

    The gap between two sessions is the larger of the first's `buffer_after` and the second's
    `buffer_before`.
    """
    own_before, own_after = rules.buffer_before, rules.buffer_after
    busy = [
        Interval(start - max(before, own_after), end + max(after, own_before))
        for start, end, before, after in calendar.sessions
    ]
    open_time = merge(Interval(start, end) for start, end, _, _ in working)
    return subtract(open_time, merge([*busy, *calendar.blocked]))


def _within_limits(calendar: Calendar, starts: list[int]) -> list[int]:
    """Drop the starts on a local date, or in an ISO week, that is already full."""
    per_day, per_week = calendar.sessions_per_day, calendar.sessions_per_week
    if per_day is None and per_week is None:
        return starts
    own_days = _days(calendar.hours.zone, [session.start for session in calendar.sessions])
    full_days = _full(own_days, per_day)
    full_weeks = _full([_week(day) for day in own_days], per_week)
    return [
        start
        for start, day in zip(starts, _days(calendar.hours.zone, starts), strict=True)
        if day not in full_days and _week(day) not in full_weeks
    ]


def _full(counted: Sequence[int], limit: int | None) -> set[int]:
    if limit is None:
        return set()
    return {unit for unit, count in Counter(counted).items() if count >= limit}


def _week(day: int) -> int:
    """Number ISO weeks: day 0 of the epoch was a Thursday, weeks begin on Monday."""
    return (day + 3) // 7


def _days(zone: ZoneInfo, instants: Sequence[int]) -> list[int]:
    """Give the local day number of each instant; rising instants keep their order."""
    if not instants:
        return []
    return [
        _local_day(piece, instant)
        for piece in constant_offsets(zone, min(instants), max(instants) + 1)
        for instant in instants
        if piece.start <= instant < piece.end
    ]


def fits(
    calendar: Calendar, rules: SlotRules, format_: Format, location_id: UUID | None, start: int
) -> bool:
    """Tell whether a session fits at `start` into the hours and between all that takes time.

    Neither notice, horizon, step nor limits matter: for a change of format, and for staff.
    """
    whole = Interval(start, start + rules.duration)
    working = working_time(calendar.hours, format_, location_id, whole)
    return any(
        gap.start <= whole.start and whole.end <= gap.end for gap in _free(calendar, rules, working)
    )


def _changes_format(
    calendar: Calendar,
    rules: SlotRules,
    request: Request,
    location_id: UUID | None,
    window: Interval,
) -> bool:
    present = request.present
    if not request.may_change_format or not window.start <= present.start < window.end:
        return False
    if (request.format, location_id) == (present.format, present.location_id):
        return False
    return fits(calendar, rules, request.format, location_id, present.start)


def _empty_reason(request: Request, span: Interval, *, has_hours: bool) -> EmptyReason:
    if not request.may_move:
        return EmptyReason.RESCHEDULE_REFUSED
    if span.end <= span.start:
        return EmptyReason.OUTSIDE_HORIZON
    return EmptyReason.FULLY_BOOKED if has_hours else EmptyReason.NO_WORKING_HOURS


def nearest(slots: Sequence[Slot], wished: int, count: int = 3) -> list[Slot]:
    """Pick the slots that start closest to a wished start, the closest first."""
    return sorted(slots, key=lambda slot: (abs(slot.start - wished), slot.start))[:count]


def _anchor(minutes: Callable[[int], list[Interval]], day: int) -> int:
    """Find the local second at which hours that run over the midnight before `day` began."""
    anchor = day * DAY
    for earlier in range(day - 1, day - 1 - LOOK_BACK_DAYS, -1):
        evening = minutes(earlier)[-1:]
        if not evening or evening[0].end * MINUTE != DAY:
            return anchor
        anchor = earlier * DAY + evening[0].start * MINUTE
        if evening[0].start > 0:
            return anchor
    return day * DAY


def _local_day(piece: Piece, instant: int) -> int:
    return (instant + piece.offset) // DAY


def _first_instant(zone: ZoneInfo, day: int) -> int:
    return to_seconds(start_of_day(day_date(day), zone))
