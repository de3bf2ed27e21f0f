"""The times that a change of a practitioner's hours, holidays or busy times has freed.

Only for practitioners for whom somebody waits. Each time lies within one local day, up to the
largest horizon of the practice's services, and one change frees at most `MOST_FREED` of them for
each practitioner. Whether a time is free then is asked of availability.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.practice.queries import closed_days_of
from app.domain.freed import (
    MOST_FREED,
    Time,
    freed_of_busy,
    local_days,
    minutes_of_day,
    weekly_times,
)
from app.domain.intervals import Interval
from app.domain.policy.working_days import ClosedDays
from app.schedule.hours.records import minute_of
from app.waitlist.schedule_queries import Waited, overridden_dates

# What a practitioner's time depends on. An entry about it says in `freed` what is open now.
SUBJECTS = ("time_off", "busy_intervals", "working_hours", "hours_override", "holidays")
_WHOLE_DAY = Interval(0, 24 * 60)


class _Dates(NamedTuple):
    """The local dates on which a change frees a time, with the zone of its practitioner."""

    first: date
    last: date
    zone: ZoneInfo

    def closed(self, days: ClosedDays) -> set[date]:
        """Give those on which the whole practice is closed."""
        found = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
        return {day for day in found if not days.is_working_day(day)}


async def freed_by_schedule(
    db: AsyncConnection,
    practice_id: UUID,
    change: Any,  # noqa: ANN401 - a row
    waited: Waited,
) -> list[tuple[UUID, Time]]:
    """Give the times that an entry about a schedule has freed, by practitioner.

    They are the same whenever the entry is read again, unless other dates were changed meanwhile.
    """
    found: list[tuple[UUID, Time]] = []
    for practitioner_id, zone in _concerned(change, waited).items():
        first = change.at.astimezone(zone).date()
        dates = _Dates(first, first + timedelta(days=waited.horizon_days), zone)
        times = await _times(db, practice_id, practitioner_id, change, dates)
        bound = minutes_of_day(dates.last, _WHOLE_DAY, zone).ends_at
        suiting = (one for one in times if change.at < one.ends_at and one.starts_at < bound)
        found += [(practitioner_id, one) for one in islice(suiting, MOST_FREED)]
    return found


def _concerned(change: Any, waited: Waited) -> Mapping[UUID, ZoneInfo]:  # noqa: ANN401 - a row
    """Give the practitioners whose time has changed, if somebody waits for them."""
    if change.subject == "holidays":
        return waited.zones
    named = change.details.get("practitioner_id")
    practitioner_id = change.subject_id if named is None else UUID(named)
    zone = waited.zones.get(practitioner_id)
    return {} if zone is None else {practitioner_id: zone}


async def _times(
    db: AsyncConnection,
    practice_id: UUID,
    practitioner_id: UUID,
    change: Any,  # noqa: ANN401 - a row
    dates: _Dates,
) -> Iterable[Time]:
    details = change.details
    if change.subject == "time_off":
        return _in_days(_of_time_off(details, change.at), dates.zone)
    if change.subject == "busy_intervals":
        return _in_days([_interval(one) for one in details["freed"]], dates.zone)
    if change.subject == "hours_override":
        day = date.fromisoformat(details["date"])
        return [minutes_of_day(day, _minutes(one), dates.zone) for one in details["freed"]]
    replaced = await overridden_dates(db, practice_id, [practitioner_id], dates.first, dates.last)
    closed = {day for _, day in replaced}
    if change.subject == "holidays":
        return _of_closed(details, closed, dates)
    closed |= dates.closed(await closed_days_of(db, practice_id))
    weekly: dict[int, list[Interval]] = defaultdict(list)
    for part in details["freed"]:
        weekly[part["weekday"]].append(_minutes(part))
    return weekly_times(weekly, dates.first, dates.last, closed, dates.zone)


def _of_closed(details: Mapping[str, Any], replaced: Collection[date], dates: _Dates) -> list[Time]:
    """Give the days that are no holiday, or no closed weekday, any more."""
    opened = [date.fromisoformat(day) for day in details["freed"]]
    days = [minutes_of_day(day, _WHOLE_DAY, dates.zone) for day in opened if day not in replaced]
    weekly = {weekday: [_WHOLE_DAY] for weekday in details["freed_weekdays"]}
    return sorted({*days, *weekly_times(weekly, dates.first, dates.last, replaced, dates.zone)})


def _of_time_off(details: Mapping[str, Any], at: datetime) -> list[Time]:
    """Give the time off that was taken away, or by which it was made shorter."""
    now_off, before = _interval(details), details.get("before")
    if before is None:
        return freed_of_busy([now_off], [], at)
    return freed_of_busy([_interval(before)], [now_off], at)


def _in_days(times: Iterable[Time], zone: ZoneInfo) -> Iterator[Time]:
    for time in times:
        yield from local_days(*time, zone)


def _interval(details: Mapping[str, Any]) -> Time:
    start, end = details["starts_at"], details["ends_at"]
    return Time(datetime.fromisoformat(start), datetime.fromisoformat(end))


def _minutes(part: Mapping[str, str]) -> Interval:
    return Interval(minute_of(part["from"]), minute_of(part["to"]))
