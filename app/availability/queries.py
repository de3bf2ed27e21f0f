"""Read a session with its practitioner's calendar, in one statement, and calculate its slots."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from app.availability.seat_queries import SeatSearch, read_groups_on_offer
from app.availability.statements import PAGE
from app.calendar.rows import to_calendar
from app.database.statements import Source
from app.domain.availability import (
    Calendar,
    EmptyReason,
    Offer,
    SlotRules,
    SlotSearch,
    bookable,
    offer,
)
from app.domain.groups import GroupOffer
from app.domain.intervals import Interval
from app.domain.policy.target_fees import target_fees
from app.domain.policy.targets import TargetFees
from app.domain.session import Format
from app.domain.zones import from_seconds, seconds_up, start_of_day, to_seconds
from app.identity.tokens.access import Caller
from app.policies.stored import rules_of
from app.sessions.read.calendar import (
    CalendarOwner,
    SessionToMove,
    calendar_bounds,
    live_hold,
    move_search,
    slot_rules_for_client,
    to_session_to_move,
)
from app.sessions.read.queries import read_row
from app.sessions.read.records import SessionHold
from app.web.days import check_days

MAX_DAYS = 62
DEFAULT_DAYS = 31


@dataclass(frozen=True, slots=True)
class Availability:
    """The slots of a session from `first` to `last`, both inclusive, as dates in `zone`.

    `hold` is what the session holds now, which may be another time or format. `fees`: the fee of
    each slot, where that depends on the target.
    """

    session: SessionToMove
    format: Format
    zone: ZoneInfo
    first: date
    last: date
    offer: Offer | GroupOffer
    next_available: date | None
    hold: SessionHold | None
    fees: TargetFees | None


class _Search(NamedTuple):
    """What a client looks for at `at`: `slots` says which of the free times they may choose."""

    at: datetime
    caller: Caller
    session: SessionToMove
    rules: SlotRules
    slots: SlotSearch


async def _read_page(
    db: Source, caller: Caller, session_id: UUID, first: date, last: date, now: datetime
) -> tuple[SessionToMove, Calendar]:
    row = await read_row(db, PAGE, caller, session_id, **calendar_bounds(first, last, now))
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
    session, calendar = await _read_page(db, caller, session_id, around, reach, now)
    zone = zone or session.client_zone
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    check_days(first, last, most=MAX_DAYS)
    slots = move_search(session, format_ or session.format, now)
    rules = slot_rules_for_client(session, session.ends_at - session.starts_at, now)
    search = _Search(now, caller, session, rules, slots)
    window = Interval(first_second(first, zone), first_second(last + timedelta(days=1), zone))
    find = _find_times if session.group_id is None else _find_groups
    found, following = await find(db, search, calendar, window, seconds_up(now))
    next_available = None if following is None else from_seconds(following).astimezone(zone).date()
    return Availability(
        session,
        slots.format,
        zone,
        first,
        last,
        found,
        next_available,
        hold=live_hold(session, now),
        fees=target_fees(rules_of(session.policy), session.facts, now),
    )


async def _find_times(
    db: Source, search: _Search, calendar: Calendar, window: Interval, now: int
) -> tuple[Offer, int | None]:
    """Find the slots of a single session, and the first start after the window if it has none."""
    found = offer(calendar, search.rules, search.slots, window, now)
    if found.empty_reason in {None, EmptyReason.RESCHEDULE_REFUSED}:
        return found, None
    return found, await _first_start(db, search, calendar.hours.zone, window.end, now)


async def _find_groups(
    db: Source, search: _Search, calendar: Calendar, window: Interval, _: int
) -> tuple[GroupOffer, int | None]:
    """Find the groups for a seat, and the first start after the window if it has none."""
    session, caller = search.session, search.caller
    hold = live_hold(session, search.at)
    assert session.group_id is not None  # noqa: S101 - the session is a seat
    seat = SeatSearch(
        owner=CalendarOwner(
            caller.practice_id, session.practitioner_id, caller.client_id, session.id
        ),
        service_id=session.service_id,
        group_id=session.group_id,
        held_group=None if hold is None else hold.group_id,
        zone=calendar.hours.zone,
        rules=search.rules,
        search=search.slots,
    )
    return await read_groups_on_offer(db, seat, window, search.at)


async def _first_start(
    db: Source, search: _Search, zone: ZoneInfo, after: int, now: int
) -> int | None:
    """Find the first slot from an instant on. `zone` is the practitioner's."""
    rules, slots, present = search.rules, search.slots, search.slots.present
    windows = [bookable(zone, rules, slots, Interval(after, rules.after_horizon(now)), now)]
    places = {(slots.format, location_id) for location_id in slots.location_ids}
    if present.start >= after and places - {(present.format, present.location_id)}:
        # Notice and horizon do not apply to a change of format.
        windows.append(Interval(present.start, present.start + 1))
    # Nor do they apply to the practice's proposals.
    windows += [Interval(start, start + 1) for start in slots.proposals if start >= after]
    windows = [window for window in windows if window.start < window.end]
    if not windows:
        return None
    first = from_seconds(min(window.start for window in windows)).date()
    last = from_seconds(max(window.end for window in windows)).date()
    _, calendar = await _read_page(db, search.caller, search.session.id, first, last, search.at)
    starts = [
        of_place[0]
        for window in windows
        for of_place in offer(calendar, rules, slots, window, now).starts.values()
    ]
    return min(starts, default=None)


def first_second(day: date, zone: ZoneInfo) -> int:
    """Give the instant at which a local date begins, in seconds since the epoch."""
    return to_seconds(start_of_day(day, zone))
