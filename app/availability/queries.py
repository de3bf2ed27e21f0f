"""Reading a session with its practitioner's calendar: one statement, whatever the range."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from app.auth.tokens import Caller
from app.availability.rows import SessionToMove, to_calendar, to_session_to_move
from app.availability.statements import CALENDAR, PAGE, WITH_CALENDAR
from app.database.reading import Source
from app.domain.availability import (
    MINUTE,
    Calendar,
    EmptyReason,
    Meeting,
    Offer,
    Request,
    SlotRules,
    bookable,
    offer,
)
from app.domain.errors import InvalidInputError
from app.domain.intervals import Interval
from app.domain.policy.deadlines import move_window
from app.domain.policy.decide import is_allowed, keeps_place
from app.domain.policy.rules import Action
from app.domain.session import Format
from app.domain.zones import EPOCH, from_seconds, start_of_day, to_seconds
from app.practices.policies import rules_of
from app.sessions.read.queries import Viewer, read_row
from app.sessions.read.records import SessionRecord
from app.sessions.read.rows import to_record

MAX_DAYS = 62
DEFAULT_DAYS = 31
# Weekly limits count whole ISO weeks, and a range of local dates may begin a day early in UTC.
MARGIN = timedelta(days=9)
# A session has at most a day, and so has each of its buffers.
LONGEST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Availability:
    """What is on offer for a session in a range of the viewer's dates, both inclusive."""

    session: SessionToMove
    format: Format
    zone: ZoneInfo
    first: date
    last: date
    offer: Offer
    next_available: date | None


class CalendarOwner(NamedTuple):
    """Whose calendar is read, and the session that is placed: its own time does not count."""

    practice_id: UUID
    practitioner_id: UUID
    client_id: UUID
    session_id: UUID


class SlotSettings(Protocol):
    """What the slots of a session depend on, beside its length."""

    @property
    def buffer_before_minutes(self) -> int: ...  # noqa: D102
    @property
    def buffer_after_minutes(self) -> int: ...  # noqa: D102
    @property
    def step_minutes(self) -> int: ...  # noqa: D102
    @property
    def minimum_notice_minutes(self) -> int: ...  # noqa: D102
    @property
    def horizon_days(self) -> int: ...  # noqa: D102


async def read_calendar(db: Source, owner: CalendarOwner, first: date, last: date) -> Calendar:
    """Read all that takes a practitioner's time around these dates.

    The practitioner is known to exist: the caller has locked their row.
    """
    (row,) = await CALENDAR.rows(db, owner._asdict() | _around(first, last))
    return to_calendar(row)


async def read_with_calendar(
    db: Source, viewer: Viewer, session_id: UUID, first: date, last: date
) -> tuple[SessionRecord, Calendar]:
    """Read a session and all that takes its practitioner's time around these dates.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    row = await read_row(db, WITH_CALENDAR, viewer, session_id, **_around(first, last))
    return to_record(row), to_calendar(row)


async def _read_page(
    db: Source, caller: Caller, session_id: UUID, first: date, last: date
) -> tuple[SessionToMove, Calendar]:
    row = await read_row(db, PAGE, caller, session_id, **_around(first, last))
    return to_session_to_move(row), to_calendar(row)


def _around(first: date, last: date) -> dict[str, date]:
    """Give the bounds of what is read for a range of dates."""
    since = _midnight(first) - MARGIN
    return {
        "first_date": first - MARGIN,
        "last_date": last + MARGIN,
        "since": since,
        "sessions_since": since - LONGEST,
        "until": _midnight(last) + MARGIN,
    }


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
    """Find what is on offer from `first` to `last`, by default a month from today.

    Dates are the viewer's: in `zone`, or in the client's where none is named. At most two round
    trips; the second only where nothing is free, to find the next date that is.

    Raises:
        InvalidInputError: the range is the wrong way round or too long, or the service has no such
            format.
        UnauthorizedError: the caller's token was revoked.
        NotFoundError: the caller has no such session.
    """
    around = first or now.date()
    until = last or around + timedelta(days=DEFAULT_DAYS)
    # A range that will be refused below is not read whole first.
    reach = min(max(until, around), around + timedelta(days=MAX_DAYS))
    session, calendar = await _read_page(db, caller, session_id, around, reach)
    zone = zone or session.client_zone
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    _check_range(first, last)
    request = move_request(session, format_ or session.format, now)
    rules = slot_rules(session, session.ends_at - session.starts_at)
    window = Interval(_first_second(first, zone), _first_second(last + timedelta(days=1), zone))
    found = offer(calendar, rules, request, window, seconds_up(now))
    next_available = None
    if found.empty_reason not in {None, EmptyReason.RESCHEDULE_REFUSED}:
        next_available = await _next_available(
            db, caller, session, calendar, rules, request, window.end, zone, now
        )
    return Availability(session, request.format, zone, first, last, found, next_available)


async def _next_available(
    db: Source,
    caller: Caller,
    session: SessionToMove,
    calendar: Calendar,
    rules: SlotRules,
    request: Request,
    after: int,
    zone: ZoneInfo,
    now: datetime,
) -> date | None:
    instant = seconds_up(now)
    end_of_time = to_seconds(now) + (rules.horizon_days + 2) * 24 * 60 * MINUTE
    windows = [bookable(calendar, rules, request, Interval(after, end_of_time), instant)]
    present = request.present
    places = {(request.format, location_id) for location_id in request.location_ids}
    if present.start >= after and places - {(present.format, present.location_id)}:
        # Neither notice nor horizon matters to a change of format.
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
        for of_place in offer(calendar, rules, request, window, instant).starts.values()
    ]
    return from_seconds(min(starts)).astimezone(zone).date() if starts else None


def move_request(record: SessionRecord | SessionToMove, format_: Format, now: datetime) -> Request:
    """Say what the client of a session may look for, under its policy.

    Raises:
        InvalidInputError: the service is not on offer in this format.
    """
    choices = [choice for choice in record.formats if choice.kind is format_]
    # The session keeps a format that is off offer now; it cannot be moved in it, so has no slots.
    if not choices and format_ is not record.format:
        raise InvalidInputError("/format", "field.no-such-format", where="query")
    policy, facts = rules_of(record.policy), record.facts
    return Request(
        format=format_,
        location_ids=[
            None if choice.location is None else choice.location.id for choice in choices
        ],
        present=Meeting(to_seconds(record.starts_at), record.format, record.location_id),
        may_move=is_allowed(policy, Action.RESCHEDULE, facts, now),
        may_change_format=is_allowed(policy, Action.CHANGE_FORMAT, facts, now),
        move_window=move_window(policy, facts),
        keeps_place=keeps_place(policy, facts, now),
    )


def slot_rules(settings: SlotSettings, length: timedelta) -> SlotRules:
    """Give the rules of a session's slots.

    Its length and buffers are its own, for life; step, notice and horizon are the service's as they
    are now (product.md section 10, "What a session keeps").
    """
    return SlotRules(
        duration=length // timedelta(seconds=1),
        buffer_before=settings.buffer_before_minutes * MINUTE,
        buffer_after=settings.buffer_after_minutes * MINUTE,
        step=settings.step_minutes * MINUTE,
        minimum_notice=settings.minimum_notice_minutes * MINUTE,
        horizon_days=settings.horizon_days,
    )


def seconds_up(instant: datetime) -> int:
    """Round an instant up to whole seconds, so that minimum notice is never cut short."""
    return ceil((instant - EPOCH) / timedelta(seconds=1))


def _check_range(first: date, last: date) -> None:
    if last < first:
        raise InvalidInputError("/to", "field.before-first", where="query", first=first)
    if (last - first).days >= MAX_DAYS:
        raise InvalidInputError("/to", "field.range-too-long", where="query", days=MAX_DAYS)


def _midnight(day: date) -> datetime:
    return EPOCH + (day - EPOCH.date())


def _first_second(day: date, zone: ZoneInfo) -> int:
    return to_seconds(start_of_day(day, zone))
