"""Find the wishes that a freed time suits, in the order in which their clients are asked.

Three statements read the wishes, what they were offered, and their clients' other times, two more
the practitioner's calendar and the formats of the services, however many wishes there are. What is
free is decided by the same functions as availability (app/domain/waitlist.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.availability import MINUTE, Calendar, CurrentMeeting, SlotRules, SlotSearch
from app.domain.groups import GroupSearch, GroupSlot
from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.policy.deadlines import move_window
from app.domain.session import NO_CONTACT, Format, SessionFacts, Status
from app.domain.waitlist import (
    LAST_ASKED,
    SuitableTime,
    WaitlistMode,
    Wish,
    first_suitable,
    may_ask,
    present_state,
    suits_group,
)
from app.domain.zones import from_seconds, seconds_up, to_seconds
from app.policies.stored import rules_of, stored_policy
from app.sessions.read.calendar import CalendarOwner, read_calendar
from app.tables.joins import NO_ID
from app.waitlist.matching_queries import (
    Places,
    read_candidates,
    read_gone_starts,
    read_group,
    read_places,
    times_of_clients,
)
from app.waitlist.records import FreedTime, waiting_session

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Match:
    """A wish, and the time that its client may be offered.

    `expired_at`: an offer of another time expired then, and must be recorded first.
    """

    wish_id: UUID
    client_id: UUID
    client_zone: ZoneInfo
    session_id: UUID | None
    service_id: UUID
    package_id: UUID | None
    price_minor: int | None
    mode: WaitlistMode
    offer_minutes: int
    time: SuitableTime
    ends_at: datetime
    buffer_before: int
    buffer_after: int
    old_starts_at: datetime | None
    expired_at: datetime | None


async def matches(db: AsyncConnection, freed: FreedTime, now: datetime) -> Iterator[Match]:
    """Give the wishes that a freed time suits: urgent ones first, then the oldest.

    A client who was asked for this time already is left out, unless that offer is gone: then they
    are asked for another start. The caller holds the practitioner's lock. The matches are
    calculated one by one, as they are taken.
    """
    waiting = [row for row in await read_candidates(db, freed, now) if _waits(row, now)]
    if not waiting:
        return iter(())
    gone = await read_gone_starts(db, freed)
    found = await _matches(db, freed, waiting, now)
    return (one for one in found if (one.wish_id, one.time.start) not in gone)


async def _matches(
    db: AsyncConnection, freed: FreedTime, waiting: Sequence[Row[Any]], now: datetime
) -> Iterator[Match]:
    """Give the wishes that a freed time suits, of those that wait."""
    practice_id = freed.practice_id
    elsewhere = await times_of_clients(db, freed, {row.client_id for row in waiting})
    if freed.group_id is not None:
        group = await read_group(db, freed, freed.group_id, now)
        return iter(()) if group is None else _for_seat(waiting, group, elsewhere, now)
    day = freed.starts_at.date()
    # A released time is still taken by its own session.
    own_id = freed.session_id if freed.released and freed.session_id is not None else NO_ID
    owner = CalendarOwner(practice_id, freed.practitioner_id, None, own_id)
    calendar = await read_calendar(db, owner, day, freed.ends_at.date(), now)
    places = await read_places(db, practice_id)
    return _for_single(waiting, freed, calendar, places, elsewhere, now)


def _waits(row: Row[Any], now: datetime) -> bool:
    session = waiting_session(row)
    return present_state("waiting", session, row.until, now) == "waiting"


def _for_single(
    rows: Sequence[Row[Any]],
    freed: FreedTime,
    calendar: Calendar,
    places: Places,
    elsewhere: Mapping[UUID, Sequence[tuple[UUID, Interval]]],
    now: datetime,
) -> Iterator[Match]:
    since = max(freed.starts_at, now + LAST_ASKED)
    window = Interval(seconds_up(since), to_seconds(freed.ends_at))
    for row in rows:
        own = _calendar_for(row, calendar, freed, elsewhere.get(row.client_id, ()))
        searches = _searches(row, places.get(row.service_id, ()))
        rules = _rules(row)
        found = first_suitable(_wish(row), own, rules, searches, window, now)
        if found is not None:
            yield _match(row, rules, found, found.start + rules.duration * _SECOND)


def _for_seat(
    rows: Sequence[Row[Any]],
    group: tuple[GroupSlot, ZoneInfo],
    elsewhere: Mapping[UUID, Sequence[tuple[UUID, Interval]]],
    now: datetime,
) -> Iterator[Match]:
    slot, zone = group
    start, end = from_seconds(slot.start), from_seconds(slot.end)
    if not may_ask(start, now):
        return
    for row in rows:
        if not _suits_place(row, (slot.format, slot.location_id)):
            continue
        taken = [time for id_, time in elsewhere.get(row.client_id, ()) if id_ != row.session_id]
        search = GroupSearch(
            row.session_group or NO_ID, [slot], taken, _search(row, slot.format, ())
        )
        rules = _rules(row)
        if suits_group(_wish(row), search, rules, zone, now):
            yield _match(row, rules, SuitableTime(start, slot.format, slot.location_id), end)


def _suits_place(row: Row[Any], place: tuple[Format, UUID | None]) -> bool:
    """Tell whether a wish suits a format and place: one it names, its session's own, or any."""
    if row.formats:
        return place[0] in row.formats
    return row.session_id is None or place == (row.session_format, row.session_location)


def _calendar_for(
    row: Row[Any],
    calendar: Calendar,
    freed: FreedTime,
    elsewhere: Sequence[tuple[UUID, Interval]],
) -> Calendar:
    """Leave out the time of the session that is to move, and add the client's other times."""
    sessions = calendar.sessions
    if row.session_practitioner == freed.practitioner_id:
        own_start = to_seconds(row.session_start)
        sessions = [busy for busy in sessions if busy.start != own_start]
    other = [time for id_, time in elsewhere if id_ != row.session_id]
    if sessions is calendar.sessions and not other:
        return calendar
    return replace(calendar, sessions=sessions, blocked=[*calendar.blocked, *other])


def _searches(row: Row[Any], places: Sequence[tuple[Format, UUID | None]]) -> list[SlotSearch]:
    """Make a search for each format that suits, at the locations where it is on offer."""
    by_format: dict[Format, list[UUID | None]] = defaultdict(list)
    for place in places:
        if _suits_place(row, place):
            by_format[place[0]].append(place[1])
    # The session's own format first: of two at the same start it is taken.
    ordered = sorted(by_format, key=lambda format_: format_ != row.session_format)
    return [_search(row, format_, by_format[format_]) for format_ in ordered]


def _search(row: Row[Any], format_: Format, location_ids: Sequence[UUID | None]) -> SlotSearch:
    """Make a search. An offer lifts deadlines and `enabled`, but not the distance in days."""
    if row.session_id is None:
        present = CurrentMeeting(-1, format_, None)
        return SlotSearch(format_, location_ids, present, may_move=True, may_change_format=False)
    present = CurrentMeeting(
        to_seconds(row.session_start), Format(row.session_format), row.session_location
    )
    policy = rules_of(
        stored_policy(row.policy_id, row.policy_number, row.policy_text, row.policy_rules)
    )
    return SlotSearch(
        format_,
        location_ids,
        present,
        may_move=True,
        may_change_format=False,
        move_window=move_window(policy, _facts(row)),
    )


def _facts(row: Row[Any]) -> SessionFacts:
    """Give the facts on which the distance from the booked start depends."""
    return SessionFacts(
        status=Status(row.session_status),
        starts_at=row.session_start,
        booked_starts_at=row.booked_starts_at,
        zone=ZoneInfo(row.policy_time_zone),
        price=Money(0, "XXX"),
        paid_by_credit=False,
        client_moves=0,
        carried=None,
        contact=NO_CONTACT,
    )


def _rules(row: Row[Any]) -> SlotRules:
    if row.session_id is None:
        duration, before, after = row.duration_minutes, row.service_before, row.service_after
        seconds = duration * MINUTE
    else:
        seconds = (row.session_end - row.session_start) // _SECOND
        before, after = row.session_before, row.session_after
    return SlotRules(
        duration=seconds,
        buffer_before=before * MINUTE,
        buffer_after=after * MINUTE,
        step=row.step_minutes * MINUTE,
        minimum_notice=row.minimum_notice_minutes * MINUTE,
        horizon_days=row.horizon_days,
    )


def _wish(row: Row[Any]) -> Wish:
    return Wish(
        ZoneInfo(row.client_zone),
        row.session_start,
        row.until,
        row.weekdays,
        row.from_time,
        row.to_time,
        timedelta(hours=row.notice_hours),
    )


def _match(row: Row[Any], rules: SlotRules, time: SuitableTime, ends_at: datetime) -> Match:
    return Match(
        wish_id=row.id,
        client_id=row.client_id,
        client_zone=ZoneInfo(row.client_zone),
        session_id=row.session_id,
        service_id=row.service_id,
        package_id=row.package_id,
        price_minor=row.price_minor if row.session_id is None else None,
        mode=row.waitlist,
        offer_minutes=row.offer_minutes,
        time=time,
        ends_at=ends_at,
        buffer_before=rules.buffer_before // MINUTE,
        buffer_after=rules.buffer_after // MINUTE,
        old_starts_at=row.session_start,
        expired_at=row.expired_at,
    )
