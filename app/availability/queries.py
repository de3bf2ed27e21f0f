"""Read a session with its practitioner's calendar, in one statement, and calculate its slots."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.availability.seat_queries import SeatSearch, read_groups_on_offer
from app.availability.statements import PAGE
from app.calendar.rows import to_calendar
from app.database.statements import Source
from app.domain.availability import (
    MINUTE,
    Calendar,
    EmptyReason,
    Offer,
    SlotRules,
    SlotSearch,
    bookable,
    offer,
)
from app.domain.errors import InvalidInputError
from app.domain.groups import GroupOffer
from app.domain.intervals import Interval
from app.domain.session import Format
from app.domain.zones import from_seconds, seconds_up, start_of_day, to_seconds
from app.identity.tokens.access import Caller
from app.sessions.read.calendar import (
    CalendarOwner,
    SessionToMove,
    calendar_bounds,
    move_search,
    slot_rules_for_client,
    to_session_to_move,
)
from app.sessions.read.queries import read_row

MAX_DAYS = 62
DEFAULT_DAYS = 31


@dataclass(frozen=True, slots=True)
class Availability:
    """The slots of a session from `first` to `last`, both inclusive, as dates in `zone`."""

    session: SessionToMove
    format: Format
    zone: ZoneInfo
    first: date
    last: date
    offer: Offer | GroupOffer
    next_available: date | None


async def _read_page(
    db: Source, caller: Caller, session_id: UUID, first: date, last: date
) -> tuple[SessionToMove, Calendar]:
    row = await read_row(db, PAGE, caller, session_id, **calendar_bounds(first, last))
    return to_session_to_move(row), to_calendar(row)


async def read_availability(
    db: Source,
    caller: Caller,
    session_id: UUID,
    *,
    first: date | None,
    last: date | None,
    format_: Format | None,
    zone: ZoneInfo | None,
    now: datetime,
) -> Availability:
    """Find the slots from `first` to `last`; by default 31 days from today.

    Dates are in `zone`, by default the client's zone. Needs at most two round trips; the second
    finds the next date with a slot if the range has none, or the groups to which a seat can move.

    Raises:
        InvalidInputError: the range is reversed or too long, or the service has no such format.
        UnauthorizedError: the caller's token was revoked.
        NotFoundError: the caller has no such session.
    """
    around = first or now.date()
    until = last or around + timedelta(days=DEFAULT_DAYS)
    # A range that is too long is refused below; do not read all of it.
    reach = min(max(until, around), around + timedelta(days=MAX_DAYS))
    session, calendar = await _read_page(db, caller, session_id, around, reach)
    zone = zone or session.client_zone
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    _check_range(first, last)
    search = move_search(session, format_ or session.format, now)
    rules = slot_rules_for_client(session, session.ends_at - session.starts_at, now)
    window = Interval(_first_second(first, zone), _first_second(last + timedelta(days=1), zone))
    found: Offer | GroupOffer
    next_available = None
    if session.group_id is not None:
        seat = SeatSearch(
            CalendarOwner(
                caller.practice_id, session.practitioner_id, caller.client_id, session.id
            ),
            session.service_id,
            session.group_id,
            calendar.hours.zone,
            rules,
            search,
        )
        found, start = await read_groups_on_offer(db, seat, window, seconds_up(now))
        if start is not None:
            next_available = from_seconds(start).astimezone(zone).date()
    else:
        found = offer(calendar, rules, search, window, seconds_up(now))
        if found.empty_reason not in {None, EmptyReason.RESCHEDULE_REFUSED}:
            next_available = await _next_available(
                db, caller, session, calendar, rules, search, window.end, zone, now
            )
    return Availability(session, search.format, zone, first, last, found, next_available)


async def _next_available(
    db: Source,
    caller: Caller,
    session: SessionToMove,
    calendar: Calendar,
    rules: SlotRules,
    search: SlotSearch,
    after: int,
    zone: ZoneInfo,
    now: datetime,
) -> date | None:
    instant = seconds_up(now)
    after_horizon = to_seconds(now) + (rules.horizon_days + 2) * 24 * 60 * MINUTE
    future = Interval(after, after_horizon)
    windows = [bookable(calendar.hours.zone, rules, search, future, instant)]
    present = search.present
    places = {(search.format, location_id) for location_id in search.location_ids}
    if present.start >= after and places - {(present.format, present.location_id)}:
        # Notice and horizon do not apply to a change of format.
        windows.append(Interval(present.start, present.start + 1))
    windows = [window for window in windows if window.start < window.end]
    if not windows:
        return None
    first = from_seconds(min(window.start for window in windows)).date()
    last = from_seconds(max(window.end for window in windows)).date()
    _, calendar = await _read_page(db, caller, session.id, first, last)
    starts = [
        of_place[0]
        for window in windows
        for of_place in offer(calendar, rules, search, window, instant).starts.values()
    ]
    return from_seconds(min(starts)).astimezone(zone).date() if starts else None


def _check_range(first: date, last: date) -> None:
    if last < first:
        raise InvalidInputError("/to", "field.before-first", where="query", first=first)
    if (last - first).days >= MAX_DAYS:
        raise InvalidInputError("/to", "field.range-too-long", where="query", days=MAX_DAYS)


def _first_second(day: date, zone: ZoneInfo) -> int:
    return to_seconds(start_of_day(day, zone))
