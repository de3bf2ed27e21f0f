"""Steps that the commands of clients and of staff share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.queries import read_with_calendar, seconds_up, slot_rules
from app.changes.trail import Actor
from app.domain.availability import (
    Calendar,
    Request,
    Slot,
    fits,
    nearest,
    offer,
    search_ranges,
)
from app.domain.availability import Meeting as PresentMeeting
from app.domain.errors import InvalidInputError, SlotUnavailableError, VersionMismatchError
from app.domain.policy import Cost
from app.domain.session import Carried, Format
from app.domain.zones import EPOCH, from_seconds, to_seconds
from app.sessions.commands.repository import Meeting, NewChange
from app.sessions.read.queries import Viewer
from app.sessions.read.records import OfferedFormat, SessionRecord

ALTERNATIVES = 3
NOTHING = Cost(None, None)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody changes something: a code to count by, and his own words."""

    code: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Wish:
    """The time and format wanted instead. The location only where it is needed."""

    start: datetime
    format: Format
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The session as it is after a command, and what the command cost."""

    record: SessionRecord
    cost: Cost


def check_start(start: datetime) -> None:
    """Make sure that a wished start is a whole second, as all starts are.

    Raises:
        InvalidInputError: it has fractions of a second.
    """
    if start.microsecond:
        raise InvalidInputError("/start", "must be a whole second")


def check_version(record: SessionRecord, if_match: str | None) -> None:
    """Compare with what the caller saw (`If-Match`), where he says so.

    Raises:
        VersionMismatchError: the session has changed since.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if record.etag not in {tag.strip() for tag in if_match.split(",")}:
        raise VersionMismatchError


def choose_format(offered: Sequence[OfferedFormat], wish: Wish) -> OfferedFormat:
    """Find the format on offer that is wished for.

    Raises:
        InvalidInputError: there is none, or there are several and the wish does not say which.
    """
    choices = [choice for choice in offered if choice.kind is wish.format]
    if not choices:
        raise InvalidInputError("/format", "the service has no such format")
    if wish.location_id is not None:
        choices = [
            choice
            for choice in choices
            if choice.location is not None and choice.location.id == wish.location_id
        ]
        if not choices:
            raise InvalidInputError("/location_id", "the service has no such location")
    if len(choices) > 1:
        raise InvalidInputError("/location_id", "needed: the service has several locations")
    return choices[0]


def meeting_of(record: SessionRecord) -> Meeting:
    """Give when and where a session takes place now."""
    return Meeting(
        record.starts_at,
        record.ends_at,
        record.format,
        record.location_id,
        record.join_url,
        record.instructions,
    )


def meeting_at(
    start: datetime, length: timedelta, choice: OfferedFormat, video_url: str | None
) -> Meeting:
    """Put a session to a time and a format: how to join depends on the format."""
    return Meeting(
        starts_at=start,
        ends_at=start + length,
        format=choice.kind,
        location_id=None if choice.location is None else choice.location.id,
        join_url=video_url if choice.kind is Format.VIDEO else None,
        instructions=choice.instructions,
    )


async def slot_unavailable(
    db: AsyncConnection,
    viewer: Viewer,
    record: SessionRecord,
    request: Request,
    wished: datetime,
    now: datetime,
) -> SlotUnavailableError:
    """Find the three slots nearest to the wished start, in the format and place of the request."""
    rules, instant = slot_rules(record), seconds_up(now)
    second = (wished - EPOCH) / timedelta(seconds=1)
    found: list[Slot] = []
    for window in search_ranges(rules, request, second, instant):
        first, last = (from_seconds(bound).date() for bound in window)
        _, calendar = await read_with_calendar(db, viewer, record.id, first, last)
        slots = offer(calendar, rules, request, window, instant).slots
        found = nearest(slots, second, ALTERNATIVES)
        if len(found) == ALTERNATIVES:
            break
    duration = record.ends_at - record.starts_at
    return SlotUnavailableError(found, duration, record.client_zone)


async def check_fit(
    db: AsyncConnection,
    record: SessionRecord,
    calendar: Calendar,
    meeting: Meeting,
    now: datetime,
) -> None:
    """Make sure that a session fits into the hours and between all that takes time.

    Raises:
        SlotUnavailableError: it does not.
    """
    start = to_seconds(meeting.starts_at)
    if not fits(calendar, slot_rules(record), meeting.format, meeting.location_id, start):
        raise await unavailable_for_staff(db, record, meeting, now)


async def unavailable_for_staff(
    db: AsyncConnection, record: SessionRecord, meeting: Meeting, now: datetime
) -> SlotUnavailableError:
    """Refuse a time that staff wished for. The policy does not limit what is offered instead."""
    request = Request(
        format=meeting.format,
        location_ids=[meeting.location_id],
        present=PresentMeeting(to_seconds(record.starts_at), record.format, record.location_id),
        may_move=True,
        may_change_format=True,
    )
    return await slot_unavailable(db, record.practice_id, record, request, meeting.starts_at, now)


def new_change(
    kind: str,
    actor: Actor,
    record: SessionRecord,
    to: Meeting,
    cost: Cost,
    reason: Reason | None,
    *,
    in_calendar: bool = True,
    details: dict[str, Any] | None = None,
) -> NewChange:
    """Tell of a command. `in_calendar`: calendars have to know of it, so `SEQUENCE` goes up.

    What a move carries along is part of `details`.
    """
    if cost.carries is not None:
        details = (details or {}) | {"carries": _carried_details(cost.carries)}
    return NewChange(
        kind=kind,
        actor=actor,
        session_version=record.version + 1,
        calendar_sequence=record.calendar_sequence + int(in_calendar),
        before=meeting_of(record),
        after=to,
        currency=record.price.currency,
        fee=cost.fee,
        credit=cost.credit,
        reason_code=None if reason is None else reason.code,
        note=None if reason is None else reason.note,
        details=details,
    )


def _carried_details(carried: Carried) -> dict[str, Any]:
    return {
        "fee_minor": None if carried.fee is None else carried.fee.amount_minor,
        "forfeits_credit": carried.forfeits_credit,
    }
