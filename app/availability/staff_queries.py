"""Find the times at which staff can book a service with a practitioner."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.queries import DEFAULT_DAYS, MAX_DAYS, first_second
from app.database.statements import Read, Row
from app.domain.availability import (
    CurrentMeeting,
    EmptyReason,
    Offer,
    SlotRules,
    SlotSearch,
    bookable,
    offer,
)
from app.domain.errors import InvalidInputError
from app.domain.intervals import Interval
from app.domain.session import Format
from app.domain.zones import DAY, from_seconds, seconds_up
from app.policies.queries import check_belongs_to_practice
from app.sessions.commands.booking_repository import BookingRepository
from app.sessions.read.calendar import SLOT_SETTINGS, CalendarOwner, read_calendar, slot_rules
from app.tables.joins import NO_ID, PRACTICE, of_practice
from app.tables.practices import Practitioner, Service
from app.web.days import check_days

# How far after a range without times staff are told of the next one; clients, to the horizon.
STAFF_DAYS = 366

_SERVICE = Read(
    select(
        Service.active,
        *SLOT_SETTINGS,
        Practitioner.time_zone,
    )
    .select_from(Service)
    .join(
        Practitioner,
        of_practice(
            PRACTICE,
            Practitioner,
            Practitioner.id == bindparam("practitioner_id", type_=Uuid),
        ),
    )
    .where(of_practice(PRACTICE, Service, Service.id == bindparam("service_id", type_=Uuid)))
)


class WantedService(NamedTuple):
    """A service with a practitioner, in a format. `format` None: the only one of the service.

    `as_staff`: by the rules for staff, who are bound by neither notice, horizon nor limits.
    """

    service_id: UUID
    practitioner_id: UUID
    format: Format | None
    as_staff: bool


class _Settings(NamedTuple):
    """The settings of the service on which its slots depend."""

    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """The free times from `first` to `last`, both inclusive, as dates in `zone`."""

    wanted: WantedService
    format: Format
    duration: timedelta
    zone: ZoneInfo
    first: date
    last: date
    offer: Offer
    next_available: date | None


async def read_free_times(
    db: AsyncConnection,
    practice_id: UUID,
    wanted: WantedService,
    *,
    first: date | None,
    last: date | None,
    zone: ZoneInfo | None,
    now: datetime,
) -> FreeTimes:
    """Find the free times from `first` to `last`; by default 31 days from today.

    Dates are in `zone`, by default the practitioner's. No policy binds, because no session exists
    yet. For staff the step only says which of the free times are listed.

    Raises:
        InvalidInputError: the range is reversed or too long, the practice has no such service or
            practitioner, the service is not active or has no such format, or several and none is
            named.
    """
    service = await _read_service(db, practice_id, wanted)
    format_, locations = await _read_places(db, practice_id, wanted)
    zone = zone or ZoneInfo(service["time_zone"])
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    check_days(first, last, most=MAX_DAYS)
    window = Interval(first_second(first, zone), first_second(last + timedelta(days=1), zone))
    duration = timedelta(minutes=service["duration_minutes"])
    rules = _rules(service, duration, wanted, window, seconds_up(now))
    search = _search(format_, locations)
    found = await _within(db, practice_id, wanted, rules, search, window, now)
    following = None
    if found.empty_reason is not None:
        # The days of the horizon are the practitioner's.
        own_zone, at = ZoneInfo(service["time_zone"]), seconds_up(now)
        after = Interval(window.end, rules.after_horizon(at))
        after = bookable(own_zone, rules, search, after, at)
        later = await _within(db, practice_id, wanted, rules, search, after, now)
        following = _first_date(later, zone)
    return FreeTimes(wanted, format_, duration, zone, first, last, found, following)


def _search(format_: Format, location_ids: Sequence[UUID | None]) -> SlotSearch:
    """Search as for a session that is yet to be booked: no present time, and no policy."""
    return SlotSearch(
        format=format_,
        location_ids=location_ids,
        present=CurrentMeeting(0, format_, None),
        may_move=True,
        may_change_format=False,
        books_again=True,
    )


def _first_date(found: Offer, zone: ZoneInfo) -> date | None:
    """Give the local date of the first free time; None: there is none."""
    starts = [of_place[0] for of_place in found.starts.values()]
    return from_seconds(min(starts)).astimezone(zone).date() if starts else None


async def _read_service(db: AsyncConnection, practice_id: UUID, wanted: WantedService) -> Row:
    asked = {"practice_id": practice_id, "service_id": wanted.service_id}
    found = await _SERVICE.one(db, asked | {"practitioner_id": wanted.practitioner_id})
    if found is None:
        await check_belongs_to_practice(
            db, practice_id, Service, wanted.service_id, "/service", where="query"
        )
        unknown = "field.not-practitioner-of-practice"
        raise InvalidInputError("/practitioner", unknown, where="query")
    if not found["active"]:
        raise InvalidInputError("/service", "field.not-active", where="query")
    return found


async def _read_places(
    db: AsyncConnection, practice_id: UUID, wanted: WantedService
) -> tuple[Format, Sequence[UUID | None]]:
    """Read in which format, and at which locations, the service can be booked."""
    offered = await BookingRepository(db, practice_id).formats(wanted.service_id)
    kinds = {choice.kind for choice in offered}
    if wanted.format is None and len(kinds) != 1:
        raise InvalidInputError("/format", "field.format-needed", where="query")
    format_ = wanted.format or kinds.pop()
    places = [
        None if choice.location is None else choice.location.id
        for choice in offered
        if choice.kind is format_
    ]
    if not places:
        raise InvalidInputError("/format", "field.no-such-format", where="query")
    return format_, places


def _rules(
    service: Row, duration: timedelta, wanted: WantedService, window: Interval, now: int
) -> SlotRules:
    settings = _Settings(*(service[name] for name in _Settings._fields))
    rules = slot_rules(settings, duration)
    if not wanted.as_staff:
        return rules
    days = max(window.end - now, 0) // DAY + STAFF_DAYS
    return replace(rules, minimum_notice=0, horizon_days=days)


async def _within(
    db: AsyncConnection,
    practice_id: UUID,
    wanted: WantedService,
    rules: SlotRules,
    search: SlotSearch,
    window: Interval,
    now: datetime,
) -> Offer:
    """Read the practitioner's calendar, and find the free times within a window."""
    if window.start >= window.end:
        return Offer({}, EmptyReason.OUTSIDE_HORIZON)
    first, last = (from_seconds(bound).date() for bound in window)
    owner = CalendarOwner(practice_id, wanted.practitioner_id, None, NO_ID)
    calendar = await read_calendar(db, owner, first, last, now)
    if wanted.as_staff:
        calendar = replace(calendar, sessions_per_day=None, sessions_per_week=None)
    return offer(calendar, rules, search, window, seconds_up(now))
