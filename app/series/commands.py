"""Book a series of sessions (product.md section 10, "Series")."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.availability import CurrentMeeting, SlotRules, SlotSearch
from app.domain.errors import InvalidInputError
from app.domain.placing import ALTERNATIVE_DAYS, Wanted, find_conflicts, is_free
from app.domain.refusals import ScopeConflictsError, TimeConflict
from app.domain.series import LARGEST_SERIES, Every, series_starts
from app.domain.zones import seconds_up, to_seconds
from app.identity.api_keys.keys import Staff
from app.policies.queries import resolve_policy_version
from app.series.queries import SeriesRecord, read_series
from app.series.repository import add_series
from app.sessions.commands.book import add_session, lock_people, read_context, read_meeting
from app.sessions.commands.booking import Booking, BookingContext, NewSession, SeriesDate
from app.sessions.commands.checks import check_start
from app.sessions.commands.finish import PEOPLE, ChangedSession, finish_all
from app.sessions.commands.history_repository import NewChange
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.upcoming import mails_to_come
from app.sessions.read.calendar import CalendarOwner, read_calendar, slot_rules
from app.sessions.read.following_queries import read_following

_MARGIN = timedelta(days=ALTERNATIVE_DAYS)


@dataclass(frozen=True, slots=True)
class SeriesOrder:
    """A series to book: the first session, the distance of the dates, and either count or end.

    With `skip_conflicts` the dates that are not free are left out. With `force` only other sessions
    make a date not free.
    """

    booking: Booking
    every: Every
    count: int | None
    until: datetime | None
    skip_conflicts: bool
    force: bool
    notify: bool


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The dates of a series that are free, those that are not, and what all of them share."""

    context: BookingContext
    meetings: Sequence[Meeting]
    conflicts: Sequence[TimeConflict]

    @property
    def zone(self) -> ZoneInfo:
        """Give the practitioner's zone, in which the local time of all dates is the same."""
        return self.context.practitioner_zone


@dataclass(frozen=True, slots=True)
class BookedSeries:
    """The result of booking a series, and the dates that were left out."""

    series: SeriesRecord
    plan: SeriesPlan
    command_id: UUID


async def plan_series(
    db: AsyncConnection, staff: Staff, order: SeriesOrder, *, now: datetime
) -> SeriesPlan:
    """Find the dates of a series, and which of them are free; lock practitioner and client.

    Raises:
        InvalidInputError: as for a booking, or there are too many dates.
    """
    booking, practice_id = order.booking, staff.practice_id
    check_start(booking.start)
    await lock_people(db, practice_id, booking)
    context = await read_context(db, practice_id, booking)
    first = await read_meeting(db, practice_id, booking, context)
    starts = _starts(order, context.practitioner_zone)
    length = first.ends_at - first.starts_at
    meetings = [replace(first, starts_at=start, ends_at=start + length) for start in starts]

    owner = CalendarOwner(practice_id, booking.practitioner_id, booking.client_id, uuid4())
    begin, end = (starts[0] - _MARGIN).date(), (starts[-1] + _MARGIN).date()
    calendar = await read_calendar(db, owner, begin, end, now, forced=order.force)
    # A date beyond the horizon has alternatives too.
    until_last = (starts[-1] + _MARGIN - now).days
    rules = slot_rules(context, length).with_horizon(until_last)
    wanted = [_wanted(meeting, rules) for meeting in meetings]
    conflicts = find_conflicts(calendar, wanted, is_free, seconds_up(now))
    left_out = {conflict.index for conflict in conflicts}
    return SeriesPlan(
        context,
        [meeting for index, meeting in enumerate(meetings) if index not in left_out],
        [
            TimeConflict(None, starts[conflict.index], conflict.alternatives, length)
            for conflict in conflicts
        ],
    )


async def book_series(
    db: AsyncConnection, staff: Staff, order: SeriesOrder, *, now: datetime
) -> BookedSeries:
    """Book all dates of a series, or none. Each session is as if it had been booked alone.

    Raises:
        ScopeConflictsError: a date is not free, or with `skip_conflicts` none is.
        CreditUnavailableError: the package has too few usable credits.
        InvalidInputError: as for a booking, or there are too many dates.
    """
    plan = await plan_series(db, staff, order, now=now)
    if plan.conflicts and not (order.skip_conflicts and plan.meetings):
        raise ScopeConflictsError(plan.conflicts, plan.zone)
    booking, practice_id, series_id = order.booking, staff.practice_id, uuid4()
    await add_series(
        db,
        practice_id,
        series_id,
        client_id=booking.client_id,
        time_zone=plan.context.practitioner_time_zone,
        now=now,
    )
    policy = await resolve_policy_version(
        db, practice_id, booking.service_id, booking.practitioner_id
    )
    changes = []
    for position, meeting in enumerate(plan.meetings, start=1):
        date = SeriesDate(series_id, position, meeting.starts_at)
        new = NewSession(uuid4(), booking, plan.context, meeting, policy, series=date)
        change = await add_session(db, practice_id, new, actor=staff.actor, now=now)
        changes.append((new.id, change))
    command_id = uuid4()
    await _finish(db, practice_id, changes, command_id, order, now)
    return BookedSeries(await read_series(db, practice_id, series_id), plan, command_id)


async def _finish(
    db: AsyncConnection,
    practice_id: UUID,
    changes: Sequence[tuple[UUID, NewChange]],
    command_id: UUID,
    order: SeriesOrder,
    now: datetime,
) -> None:
    """Record the bookings, and tell the client and the practitioner of all dates in one mail each.

    Without `notify` they get no mail about the booking, as for a single session.
    """
    records = await read_following(db, practice_id, changes[0][0])
    booked = [
        ChangedSession(
            record, change, "booked", mails_to_come(record, record.facts, now, confirmed=False)
        )
        for record, (_, change) in zip(records, changes, strict=True)
    ]
    people = PEOPLE if order.notify else ()
    await finish_all(db, booked, now, command_id=command_id, people=people)


def _starts(order: SeriesOrder, zone: ZoneInfo) -> list[datetime]:
    """Give the starts of all dates.

    Raises:
        InvalidInputError: `until` is before the first date, or after more dates than are possible.
    """
    dates, until = series_starts(order.booking.start, order.every, zone), order.until
    if until is None:
        return list(islice(dates, order.count))
    if until < order.booking.start:
        raise InvalidInputError("/until", "field.not-before-start")
    starts = list(islice(takewhile(lambda start: start <= until, dates), LARGEST_SERIES + 1))
    if len(starts) > LARGEST_SERIES:
        raise InvalidInputError("/until", "field.too-many-dates", most=LARGEST_SERIES)
    return starts


def _wanted(meeting: Meeting, rules: SlotRules) -> Wanted:
    start = to_seconds(meeting.starts_at)
    search = SlotSearch(
        format=meeting.format,
        location_ids=[meeting.location_id],
        present=CurrentMeeting(start, meeting.format, meeting.location_id),
        may_move=True,
        may_change_format=False,
    )
    return Wanted(start, meeting.format, meeting.location_id, rules, search)
