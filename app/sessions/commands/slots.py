"""Whether a time is free for a session, and which slots are nearest where it is not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.availability import Meeting as PresentMeeting
from app.domain.availability import (
    Request,
    Slot,
    SlotRules,
    fits,
    nearest,
    offer,
    search_ranges,
)
from app.domain.errors import SlotUnavailableError
from app.domain.zones import EPOCH, from_seconds, seconds_up, to_seconds
from app.sessions.commands.meeting import Buffers, Meeting, buffers_of, meeting_of
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.calendar import CalendarOwner, read_calendar, slot_rules
from app.sessions.read.records import SessionRecord

ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class WantedTime:
    """A time that staff want for a session, and what other slots for it depend on.

    `present` is when and where the session takes place now; for a booking, the wanted time itself.
    """

    owner: CalendarOwner
    meeting: Meeting
    buffers: Buffers
    rules: SlotRules
    present: Meeting
    client_zone: ZoneInfo


def owner_of(record: SessionRecord) -> CalendarOwner:
    """Say whose calendar a session is put into."""
    return CalendarOwner(record.practice_id, record.practitioner_id, record.client_id, record.id)


def wanted_time(record: SessionRecord, to: Meeting) -> WantedTime:
    """Say that staff want this time for a session that exists."""
    return WantedTime(
        owner_of(record),
        to,
        buffers_of(record),
        slot_rules(record, to.ends_at - to.starts_at),
        present=meeting_of(record),
        client_zone=record.client_zone,
    )


async def check_free(
    db: AsyncConnection, wanted: WantedTime, *, force: bool, now: datetime
) -> None:
    """Make sure that staff may put a session there (product.md section 7).

    It overlaps no other session, the practitioner's with their buffers nor the client's own, which
    `force` does not lift; and it lies within working hours and overlaps nothing else that takes
    time, which `force` lifts. Neither notice, horizon, step nor limits bind staff.

    The practitioner and the client are locked. The exclusion constraints hold the same.

    Raises:
        SlotUnavailableError: the time is not free. The policy does not limit what is offered.
    """
    meeting, owner = wanted.meeting, wanted.owner
    sessions = SessionRepository(db, owner.practice_id)
    is_free = not await sessions.is_taken(owner, meeting, wanted.buffers)
    if is_free and not force:
        day, start = meeting.starts_at.date(), to_seconds(meeting.starts_at)
        calendar = await read_calendar(db, owner, day, day)
        is_free = fits(calendar, wanted.rules, meeting.format, meeting.location_id, start)
    if is_free:
        return
    request = Request(
        format=meeting.format,
        location_ids=[meeting.location_id],
        present=PresentMeeting(
            to_seconds(wanted.present.starts_at), wanted.present.format, wanted.present.location_id
        ),
        may_move=True,
        may_change_format=True,
    )
    slots = await nearest_slots(db, owner, wanted.rules, request, meeting.starts_at, now)
    raise SlotUnavailableError(slots, meeting.ends_at - meeting.starts_at, wanted.client_zone)


async def nearest_slots(
    db: AsyncConnection,
    owner: CalendarOwner,
    rules: SlotRules,
    request: Request,
    wished: datetime,
    now: datetime,
) -> list[Slot]:
    """Find the three slots nearest to the wished start, in the format and place of the request."""
    second, instant = (wished - EPOCH) / timedelta(seconds=1), seconds_up(now)
    found: list[Slot] = []
    for window in search_ranges(rules, request, second, instant):
        first, last = (from_seconds(bound).date() for bound in window)
        calendar = await read_calendar(db, owner, first, last)
        found = nearest(
            offer(calendar, rules, request, window, instant).slots, second, ALTERNATIVES
        )
        if len(found) == ALTERNATIVES:
            break
    return found
