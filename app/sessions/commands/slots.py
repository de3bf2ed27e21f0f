"""Check that a time is free for a session or a group, and find the nearest slots if it is not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.availability import (
    ALTERNATIVES,
    CurrentMeeting,
    Slot,
    SlotRules,
    SlotSearch,
    fits,
    nearest,
    offer,
    search_ranges,
)
from app.domain.refusals import SlotUnavailableError
from app.domain.zones import EPOCH, from_seconds, seconds_up, to_seconds
from app.sessions.commands.booking import TimeContext
from app.sessions.commands.meeting import Buffers, Meeting, buffers_of, meeting_of
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.read.calendar import CalendarOwner, read_calendar, slot_rules
from app.sessions.read.records import SessionRecord


@dataclass(frozen=True, slots=True)
class WantedTime:
    """A time that staff request for a session or a group, and what alternatives depend on.

    `present` is the current meeting; of what is new, the requested meeting itself. `zone`
    is the practitioner's, as in all that staff are shown.
    """

    owner: CalendarOwner
    meeting: Meeting
    buffers: Buffers
    rules: SlotRules
    present: Meeting
    zone: ZoneInfo


def owner_of(record: SessionRecord) -> CalendarOwner:
    """Give the practitioner and the client whose calendars a session is in."""
    return CalendarOwner(record.practice_id, record.practitioner_id, record.client_id, record.id)


def wanted_time(record: SessionRecord, to: Meeting) -> WantedTime:
    """Make the requested time of an existing session that is no seat of a group."""
    return WantedTime(
        owner_of(record),
        to,
        buffers_of(record),
        slot_rules(record, to.ends_at - to.starts_at),
        present=meeting_of(record),
        zone=record.practitioner_zone,
    )


def wanted_new_time(owner: CalendarOwner, meeting: Meeting, context: TimeContext) -> WantedTime:
    """Make the requested time of a session or group that is not there yet."""
    return WantedTime(
        owner,
        meeting,
        context.buffers,
        slot_rules(context, meeting.ends_at - meeting.starts_at),
        present=meeting,
        zone=context.practitioner_zone,
    )


async def check_free(
    db: AsyncConnection,
    wanted: WantedTime,
    *,
    force: bool,
    now: datetime,
    takes_held: bool | None = None,
) -> None:
    """Check that a time is free by the rules for staff (product.md section 7).

    The session or group must not overlap another one of the practitioner (with buffers), nor
    another session of the client. Without `force` it must also lie within working hours and not
    overlap time off or imported busy time. Unless `takes_held` (by default `force`), it must not
    overlap what others hold. Notice, horizon, step and limits do not bind staff.

    The caller has locked the practitioner and the client. The exclusion constraints in the database
    also prevent that a practitioner's sessions and groups overlap.

    Raises:
        SlotUnavailableError: the time is not free. Its alternatives ignore the policy.
    """
    meeting, owner = wanted.meeting, wanted.owner
    overlap = await find_overlap(db, owner, meeting, wanted.buffers, now)
    is_free = not overlap.is_taken
    if is_free and not force:
        day, start = meeting.starts_at.date(), to_seconds(meeting.starts_at)
        calendar = (await read_calendar(db, owner, day, day, now)).without_holds()
        is_free = fits(calendar, wanted.rules, meeting.format, meeting.location_id, start)
    is_held = overlap.held_until is not None and not (force if takes_held is None else takes_held)
    if is_free and not is_held:
        return
    search = SlotSearch(
        format=meeting.format,
        location_ids=[meeting.location_id],
        present=CurrentMeeting(
            to_seconds(wanted.present.starts_at), wanted.present.format, wanted.present.location_id
        ),
        may_move=True,
        may_change_format=True,
    )
    slots = await nearest_slots(db, owner, wanted.rules, search, meeting.starts_at, now)
    raise SlotUnavailableError(
        slots,
        meeting.ends_at - meeting.starts_at,
        wanted.zone,
        held_until=overlap.held_until if is_free else None,
    )


async def nearest_slots(
    db: AsyncConnection,
    owner: CalendarOwner,
    rules: SlotRules,
    search: SlotSearch,
    requested: datetime,
    now: datetime,
) -> list[Slot]:
    """Find up to `ALTERNATIVES` slots nearest to the requested start, as the search permits."""
    second, instant = (requested - EPOCH) / timedelta(seconds=1), seconds_up(now)
    found: list[Slot] = []
    for window in search_ranges(rules, search, second, instant):
        first, last = (from_seconds(bound).date() for bound in window)
        calendar = await read_calendar(db, owner, first, last, now)
        found = nearest(offer(calendar, rules, search, window, instant).slots, second)
        if len(found) == ALTERNATIVES:
            break
    return found
