"""Availability (product.md section 3): which starts are offered for a session right now.

Calculates slots from working hours, overrides, busy intervals, service rules, a range and the
current instant. Hours are wall times in the practitioner's zone. Everything else is an instant in
whole seconds since the epoch (see app/domain/zones.py). A DST change therefore needs no special
case: an instant is working time if and only if its wall time lies in the hours.
"""

import sys
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain, pairwise
from math import ceil, floor
from operator import attrgetter, itemgetter
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.intervals import Interval, intersect, merge
from app.domain.session import Format
from app.domain.zones import (
    DAY,
    OffsetPeriod,
    constant_offsets,
    day_number,
    from_seconds,
    start_of_day,
    to_seconds,
)

MINUTE = 60
# Steps count from the instant at which the hours open. Hours that were open for a whole week before
# are treated as open around the clock: their steps count from each local midnight.
LOOK_BACK_DAYS = 7
# The range that is searched first for alternatives: a short one usually has enough of them.
FIRST_SEARCH_RADIUS = 7 * DAY
# So many slots are given in place of one that is refused.
ALTERNATIVES = 3
_END_MARK = Interval(sys.maxsize, sys.maxsize)


class HoursInterval(NamedTuple):
    """Minutes of a local day `[start_minute, end_minute)`, 0 to 1440.

    `format` None applies to all formats, `location_id` None to all locations.
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


class BusySession(NamedTuple):
    """Time that a single session or a group of the practitioner takes.

    `start` and `end` are seconds since the epoch, the buffers are seconds. `counts` tells whether
    it counts towards the daily and weekly limits: a missed session takes time but does not count.
    """

    start: int
    end: int
    buffer_before: int
    buffer_after: int
    counts: bool = True


class HeldTime(NamedTuple):
    """Time of the practitioner that is kept free for somebody until `until`; fields as above.

    It counts towards the daily and weekly limits like a session.
    """

    start: int
    end: int
    buffer_before: int
    buffer_after: int
    until: int


class OwnHold(NamedTuple):
    """The start, format and location that the session being moved holds for itself."""

    start: int
    format: Format
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """A practitioner's working hours, and the time that is taken.

    `sessions` are the practitioner's other sessions, without the one being moved. `blocked` is time
    off, imported busy time, and the client's other sessions; these need no buffers. `held` is time
    that is held now, but not by the session being moved.
    """

    hours: WorkingHours
    sessions: Sequence[BusySession]
    blocked: Sequence[Interval]
    sessions_per_day: int | None = None
    sessions_per_week: int | None = None
    held: Sequence[HeldTime] = ()

    def without_holds(self) -> "Calendar":
        """Give the calendar as if nothing were held."""
        return replace(self, held=())

    def held_until(self, start: int, rules: "SlotRules") -> datetime | None:
        """Give until when others hold time that a session at `start` needs; None: nobody does.

        They may hold no time that overlaps, but the last one that a limit allows.
        """
        end = start + rules.duration
        in_the_way = [
            held.until
            for held in self.held
            if start < held.end + max(held.buffer_after, rules.buffer_before)
            and held.start - max(held.buffer_before, rules.buffer_after) < end
        ]
        latest = max(in_the_way or [held.until for held in self.held], default=None)
        return None if latest is None else from_seconds(latest)


@dataclass(frozen=True, slots=True)
class SlotRules:
    """The rules that a slot must satisfy.

    All durations are seconds. `step` counts in wall time from the start of the working hours.
    `horizon_days` counts the practitioner's local days; today is day 0.
    """

    duration: int
    buffer_before: int
    buffer_after: int
    step: int
    minimum_notice: int
    horizon_days: int

    def after_horizon(self, now: int) -> int:
        """Give an instant that is beyond the horizon in every zone."""
        return now + (self.horizon_days + 2) * DAY

    def with_horizon(self, days: int) -> "SlotRules":
        """Give the same rules with a horizon of at least so many days."""
        return replace(self, horizon_days=max(self.horizon_days, days))


class Slot(NamedTuple):
    """An available start, in seconds since the epoch. `location_id`: for in-person sessions."""

    start: int
    location_id: UUID | None


class _Starting(Protocol):
    @property
    def start(self) -> int: ...


_Slot = TypeVar("_Slot", bound=_Starting)
# One day's locations, each with its available starts in ascending order.
DayStarts = tuple[tuple[UUID | None, tuple[int, ...]], ...]


class EmptyReason(StrEnum):
    """Why a range has no slot."""

    FULLY_BOOKED = "fully_booked"
    OUTSIDE_HORIZON = "outside_horizon"
    NO_WORKING_HOURS = "no_working_hours"
    RESCHEDULE_REFUSED = "reschedule_refused"


@dataclass(frozen=True, slots=True)
class CurrentMeeting:
    """The current start (seconds since the epoch), format and location of the session to move."""

    start: int
    format: Format
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Available starts in ascending order, by location. `empty_reason` is set if there are none.

    Starts are plain integers and become `Slot`s on request: a month has hundreds of them.
    """

    starts: Mapping[UUID | None, Sequence[int]]
    empty_reason: EmptyReason | None

    @property
    def slots(self) -> list[Slot]:
        """Give all slots, sorted by start."""
        return in_order(self.starts.items())


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """A search for slots: a format, at one of `location_ids` (`[None]` for video and phone).

    `may_move`, `may_change_format` and `must_keep_format_and_location` are decisions of the policy.
    The last one restricts other times to the current format and location. `move_window` limits the
    new start (`max_days_from_original`); None: no limit. `proposals` are starts that the practice
    proposes: hours, step, notice, horizon and limits do not bind them. `own_hold` was on offer when
    the session took hold of it: step, notice, horizon and limits bind it no more. `books_again`:
    the session has ended, so that its former time is a time like any other.
    """

    format: Format
    location_ids: Sequence[UUID | None]
    present: CurrentMeeting
    may_move: bool
    may_change_format: bool
    move_window: Interval | None = None
    must_keep_format_and_location: bool = False
    proposals: tuple[int, ...] = ()
    own_hold: OwnHold | None = None
    books_again: bool = False

    def may_move_to(self, location_id: UUID | None) -> bool:
        """Tell whether the session may move to another time at this location."""
        present = self.present
        is_present = (self.format, location_id) == (present.format, present.location_id)
        return self.may_move and (is_present or not self.must_keep_format_and_location)


def is_on_offer(
    calendar: Calendar, rules: SlotRules, search: SlotSearch, start: int, now: int
) -> bool:
    """Tell whether `offer` has this start."""
    return bool(offer(calendar, rules, search, Interval(start, start + 1), now).starts)


def offer(
    calendar: Calendar, rules: SlotRules, search: SlotSearch, window: Interval, now: int
) -> Offer:
    """Find the available starts within `window` for the session being moved.

    The current start is available only with another format or location, unless the session has
    ended. Notice, horizon, step and limits do not apply to it (product.md section 10,
    `change_format`).
    """
    span = bookable(calendar.hours.zone, rules, search, window, now)
    found: dict[UUID | None, list[int]] = {}
    for location_id in search.location_ids:
        starts: list[int] = []
        if search.may_move_to(location_id) and span.start < span.end:
            starts = _starts(calendar, rules, search.format, location_id, span)
            present = bisect_left(starts, search.present.start)
            is_offered = starts[present : present + 1] == [search.present.start]
            if is_offered and not search.books_again:
                del starts[present]
        _add_proposals(starts, calendar, rules, search, location_id, window, now)
        _add_own_hold(starts, calendar, rules, search, location_id, window, now)
        if _changes_format(calendar, rules, search, location_id, window):
            insort(starts, search.present.start)
        if starts:
            found[location_id] = starts
    reason = None if found else _empty_reason(calendar.hours, rules, search, window, span)
    return Offer(found, reason)


def _add_proposals(
    starts: list[int],
    calendar: Calendar,
    rules: SlotRules,
    search: SlotSearch,
    location_id: UUID | None,
    window: Interval,
    now: int,
) -> None:
    """Add the practice's proposals that are free, in the session's own format and location."""
    present = search.present
    if (search.format, location_id) != (present.format, present.location_id):
        return
    for start in search.proposals:
        is_new = start not in starts and start != present.start
        if search.may_move and is_new and start > now and window.start <= start < window.end:
            end = start + rules.duration
            asked = WorkingPeriod(start, end, end, start)
            if any(
                begin == start and room >= end
                for begin, _, room, _ in _free_periods(calendar, rules, [asked])
            ):
                insort(starts, start)


def _add_own_hold(
    starts: list[int],
    calendar: Calendar,
    rules: SlotRules,
    search: SlotSearch,
    location_id: UUID | None,
    window: Interval,
    now: int,
) -> None:
    """Add the start that the session holds, if its time is still free.

    The minimum notice may have passed since it was held, and staff may have booked the last session
    that a limit allows.
    """
    hold = search.own_hold
    if hold is None or (search.format, location_id) != (hold.format, hold.location_id):
        return
    is_present = hold.start == search.present.start and not search.books_again
    is_new = hold.start not in starts and not is_present
    if not is_new or hold.start <= now or not window.start <= hold.start < window.end:
        return
    if search.may_move_to(location_id) and fits(
        calendar, rules, search.format, location_id, hold.start
    ):
        insort(starts, hold.start)


def bookable(
    zone: ZoneInfo, rules: SlotRules, search: SlotSearch, window: Interval, now: int
) -> Interval:
    """Restrict `window` to the starts that notice, horizon and the policy's distance allow.

    The horizon counts days of `zone`, the practitioner's.
    """
    today = from_seconds(now).astimezone(zone).date()
    after_horizon = start_of_day(today + timedelta(days=rules.horizon_days + 1), zone)
    span = intersect(window, Interval(now + rules.minimum_notice, to_seconds(after_horizon)))
    return span if search.move_window is None else intersect(span, search.move_window)


class WorkingPeriod(NamedTuple):
    """Working time `[start, end)` with a constant UTC offset, in seconds since the epoch.

    Adjacent periods continue without a break until `close`. Steps count from `steps_from`.
    """

    start: int
    end: int
    close: int
    steps_from: int


def working_time(
    hours: WorkingHours, format_: Format, location_id: UUID | None, span: Interval
) -> Sequence[WorkingPeriod]:
    """Turn wall-clock hours into instants, for every local date that `span` overlaps.

    Includes one more day at both ends, so that a slot across midnight is found.
    """
    first, last = span.start // DAY - 1, (span.end - 1) // DAY + 1
    found: list[WorkingPeriod] = []
    minutes = _merged(hours, format_, location_id)
    for period in constant_offsets(hours.zone, first * DAY, (last + 1) * DAY):
        for day in range(_local_day(period, period.start), _local_day(period, period.end - 1) + 1):
            for interval in minutes(day):
                local_start = day * DAY + interval.start * MINUTE
                start = max(local_start - period.offset, period.start)
                end = min(day * DAY + interval.end * MINUTE - period.offset, period.end)
                if start < end:
                    anchor = _anchor(minutes, day) if interval.start == 0 else local_start
                    found.append(WorkingPeriod(start, end, end, anchor - period.offset))
    for index, (before, after) in reversed(list(enumerate(pairwise(found)))):
        if before.end == after.start:
            found[index] = before._replace(close=found[index + 1].close)
    return found


def _merged(
    hours: WorkingHours, format_: Format, location_id: UUID | None
) -> Callable[[int], Sequence[Interval]]:
    """Give a function from a local day number to the minutes in which a session may take place.

    Each weekday is merged only once: a month repeats it four times.
    """

    def merged(of_day: Sequence[HoursInterval]) -> list[Interval]:
        return merge(
            (interval.start_minute, interval.end_minute)
            for interval in of_day
            if interval.format in (None, format_) and interval.location_id in (None, location_id)
        )

    weekly = [merged(hours.weekly.get(weekday, ())) for weekday in range(1, 8)]
    overrides = {day_number(day): merged(of_day) for day, of_day in hours.overrides.items()}

    def minutes(day: int) -> Sequence[Interval]:
        return overrides[day] if day in overrides else weekly[(day + 3) % 7]

    return minutes


def _starts(
    calendar: Calendar,
    rules: SlotRules,
    format_: Format,
    location_id: UUID | None,
    span: Interval,
) -> list[int]:
    """List the starts on the step within `span` for which the session fits into free time."""
    step, duration = rules.step, rules.duration
    working = working_time(calendar.hours, format_, location_id, span)
    starts: list[int] = []
    for begin, end, room, steps_from in _free_periods(calendar, rules, working):
        starts += range(begin + (steps_from - begin) % step, min(end, room - duration + 1), step)
    starts = starts[bisect_left(starts, span.start) : bisect_left(starts, span.end)]
    return _within_limits(calendar, starts)


def _free_periods(
    calendar: Calendar, rules: SlotRules, working: Sequence[WorkingPeriod]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield `(start, end, free_until, steps_from)` in order: a session may start in `[start, end)`.

    Working time is free until `free_until`. Steps count from `steps_from`. The gap between two
    sessions is the larger of the first's `buffer_after` and the second's `buffer_before`.
    """
    own_before, own_after = rules.buffer_before, rules.buffer_after
    busy = [
        (start - max(before, own_after), end + max(after, own_before))
        for start, end, before, after, _ in chain(calendar.sessions, calendar.held)
    ]
    taken = [*merge([*busy, *calendar.blocked]), _END_MARK]
    index = 0
    for begin, end, close, steps_from in working:
        while taken[index][1] <= begin:
            index += 1
        position, following = begin, index
        while position < end:
            taken_from, taken_to = taken[following]
            if position < taken_from < end:
                yield position, taken_from, taken_from, steps_from
            elif position < taken_from:
                yield position, end, min(close, taken_from), steps_from
            position = taken_to
            following += 1


def _within_limits(calendar: Calendar, starts: list[int]) -> list[int]:
    """Drop the starts whose local date or ISO week has reached its limit of sessions."""
    per_day, per_week = calendar.sessions_per_day, calendar.sessions_per_week
    if per_day is None and per_week is None:
        return starts
    counted = [session.start for session in calendar.sessions if session.counts]
    counted += [held.start for held in calendar.held]
    own_days = _days(calendar.hours.zone, counted)
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
    """Number the ISO week of a day number: day 0 was a Thursday, weeks begin on Monday."""
    return (day + 3) // 7


def _days(zone: ZoneInfo, instants: Sequence[int]) -> list[int]:
    """Give the local day number of each instant. Ascending instants keep their order."""
    if not instants:
        return []
    return [
        _local_day(period, instant)
        for period in constant_offsets(zone, min(instants), max(instants) + 1)
        for instant in instants
        if period.start <= instant < period.end
    ]


def fits(
    calendar: Calendar, rules: SlotRules, format_: Format, location_id: UUID | None, start: int
) -> bool:
    """Tell whether a session that starts at `start` lies in working time that is free.

    Ignores notice, horizon, step and limits: these do not bind a change of format, nor staff.
    """
    end = start + rules.duration
    working = working_time(calendar.hours, format_, location_id, Interval(start, end))
    return any(
        opening <= start < last and end <= room
        for opening, last, room, _ in _free_periods(calendar, rules, working)
    )


def _changes_format(
    calendar: Calendar,
    rules: SlotRules,
    search: SlotSearch,
    location_id: UUID | None,
    window: Interval,
) -> bool:
    present = search.present
    if not search.may_change_format or not window.start <= present.start < window.end:
        return False
    if (search.format, location_id) == (present.format, present.location_id):
        return False
    return fits(calendar, rules, search.format, location_id, present.start)


def _empty_reason(
    hours: WorkingHours, rules: SlotRules, search: SlotSearch, window: Interval, span: Interval
) -> EmptyReason:
    """Find the rule that leaves no slot in `window`; `span` is the part that can be booked.

    Source: the table in product.md section 3. Working hours count only if the whole session fits
    into them at a start on the step.
    """
    places = [place for place in search.location_ids if search.may_move_to(place)]
    if not search.may_move or (search.location_ids and not places):
        return EmptyReason.RESCHEDULE_REFUSED
    if span.end <= span.start:
        return EmptyReason.OUTSIDE_HORIZON
    nothing_taken = Calendar(hours, sessions=(), blocked=())
    fitting = [
        start
        for place in places
        for start in _starts(nothing_taken, rules, search.format, place, window)
    ]
    if not fitting:
        return EmptyReason.NO_WORKING_HOURS
    if any(span.start <= start < span.end for start in fitting):
        return EmptyReason.FULLY_BOOKED
    return EmptyReason.OUTSIDE_HORIZON


def in_order(starts: Iterable[tuple[UUID | None, Iterable[int]]]) -> list[Slot]:
    """Turn starts by location into slots, sorted by start."""
    slots = [Slot(start, location_id) for location_id, of_place in starts for start in of_place]
    return sorted(slots, key=itemgetter(0))


def by_day(starts: Mapping[UUID | None, Sequence[int]], zone: ZoneInfo) -> list[DayStarts]:
    """Group ascending starts by local date in `zone`. Days without a start are absent."""
    days: dict[int, list[tuple[UUID | None, tuple[int, ...]]]] = defaultdict(list)
    for location_id, of_place in starts.items():
        for day, of_day in _by_day(of_place, zone).items():
            days[day].append((location_id, of_day))
    return [tuple(days[day]) for day in sorted(days)]


def _by_day(starts: Sequence[int], zone: ZoneInfo) -> dict[int, tuple[int, ...]]:
    days: dict[int, tuple[int, ...]] = {}
    index = 0
    for period in constant_offsets(zone, starts[0], starts[-1] + 1):
        last = bisect_left(starts, period.end, index)
        while index < last:
            day = _local_day(period, starts[index])
            following = bisect_left(starts, (day + 1) * DAY - period.offset, index, last)
            days[day] = days.get(day, ()) + tuple(starts[index:following])
            index = following
    return days


def search_ranges(
    rules: SlotRules, search: SlotSearch, requested: float, now: int
) -> list[Interval]:
    """Give the ranges to search, in this order, for the slots nearest to a requested start.

    The first range is the week before and the week after: if it has enough slots, no other slot is
    nearer. The last range contains every start that can be available.
    """
    present = search.present.start
    everything = Interval(min(now, present), max(rules.after_horizon(now), present + 1))
    near = intersect(
        Interval(ceil(requested - FIRST_SEARCH_RADIUS), floor(requested + FIRST_SEARCH_RADIUS) + 1),
        everything,
    )
    return [near, everything] if near.start < near.end else [everything]


def nearest(slots: Sequence[_Slot], requested: float) -> list[_Slot]:
    """Pick the `ALTERNATIVES` slots closest to a requested start, closest first.

    `slots` must be sorted by start. Of two equally close slots the earlier comes first.
    """
    following = bisect_left(slots, requested, key=attrgetter("start"))
    close = slots[max(0, following - ALTERNATIVES) : following + ALTERNATIVES]
    return sorted(close, key=lambda slot: (abs(slot.start - requested), slot.start))[:ALTERNATIVES]


def _anchor(minutes: Callable[[int], Sequence[Interval]], day: int) -> int:
    """Find the local second at which hours that continue over midnight into `day` opened."""
    anchor = day * DAY
    for earlier in range(day - 1, day - 1 - LOOK_BACK_DAYS, -1):
        evening = minutes(earlier)[-1:]
        if not evening or evening[0].end * MINUTE != DAY:
            return anchor
        anchor = earlier * DAY + evening[0].start * MINUTE
        if evening[0].start > 0:
            return anchor
    return day * DAY


def _local_day(period: OffsetPeriod, instant: int) -> int:
    return (instant + period.offset) // DAY
