"""Place several sessions in one calendar: which of them fit, and where else the others could be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.availability import (
    BusySession,
    Calendar,
    Slot,
    SlotRules,
    SlotSearch,
    fits,
    nearest,
    offer,
)
from app.domain.intervals import Interval
from app.domain.session import Format
from app.domain.zones import DAY

# How far from the wanted start, in days, alternatives are searched.
ALTERNATIVE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Wanted:
    """A start (seconds since the epoch) that is wanted for a session, at a format and location.

    `search` says which other starts the caller may choose for it.
    """

    start: int
    format: Format
    location_id: UUID | None
    rules: SlotRules
    search: SlotSearch

    @property
    def time(self) -> BusySession:
        """Give the time that the session takes at the wanted start."""
        rules = self.rules
        end = self.start + rules.duration
        return BusySession(self.start, end, rules.buffer_before, rules.buffer_after)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A wanted start that is not free, by its index, and the nearest starts that are."""

    index: int
    alternatives: Sequence[Slot]


Check = Callable[[Calendar, Wanted], bool]


def is_free(calendar: Calendar, wanted: Wanted) -> bool:
    """Tell whether a wanted start is free by the rules for staff."""
    return fits(calendar, wanted.rules, wanted.format, wanted.location_id, wanted.start)


def find_conflicts(
    calendar: Calendar, wanted: Sequence[Wanted], check: Check, now: int
) -> list[Conflict]:
    """Find the wanted starts that are not free. Those that are free take their time, in order.

    `calendar` has no time of the sessions themselves. Alternatives are free of all those sessions
    that could be placed.
    """
    refused = []
    for index, one in enumerate(wanted):
        if check(calendar, one):
            calendar = _with(calendar, one.time)
        else:
            refused.append(index)
    return [Conflict(index, _alternatives(calendar, wanted[index], now)) for index in refused]


def without(calendar: Calendar, times: Sequence[BusySession]) -> Calendar:
    """Give the calendar without the times of these sessions, of the practitioner and the client."""
    sessions, blocked = list(calendar.sessions), list(calendar.blocked)
    for time in times:
        if time in sessions:
            sessions.remove(time)
        own = Interval(time.start, time.end)
        if own in blocked:
            blocked.remove(own)
    return replace(calendar, sessions=sessions, blocked=blocked)


def _with(calendar: Calendar, time: BusySession) -> Calendar:
    """Give the calendar with one more session, which both the practitioner and the client have."""
    return replace(
        calendar,
        sessions=[*calendar.sessions, time],
        blocked=[*calendar.blocked, Interval(time.start, time.end)],
    )


def _alternatives(calendar: Calendar, wanted: Wanted, now: int) -> list[Slot]:
    radius = ALTERNATIVE_DAYS * DAY
    window = Interval(wanted.start - radius, wanted.start + radius + 1)
    slots = offer(calendar, wanted.rules, wanted.search, window, now).slots
    return nearest(slots, wanted.start)
