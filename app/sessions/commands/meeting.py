"""The time, format and location of a session, current or requested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.domain.errors import InvalidInputError
from app.domain.policy.rebook import rebook_until
from app.domain.policy.rules import Action
from app.domain.session import Format
from app.policies.stored import rules_of
from app.sessions.read.records import OfferedFormat, SessionRecord


class Buffers(NamedTuple):
    """The minutes before and after a session that must stay free of other sessions."""

    before: int
    after: int

    def columns(self) -> dict[str, object]:
        """Give the values of the columns that sessions and groups have of them."""
        return {"buffer_before_minutes": self.before, "buffer_after_minutes": self.after}


class NewSeat(NamedTuple):
    """A seat that a session takes, and the buffers of its group."""

    group_id: UUID
    number: int
    buffers: Buffers


@dataclass(frozen=True, slots=True)
class Meeting:
    """When and where a session takes place, and how to join.

    `seat` is set if the session takes a seat, instead of the one that it has.
    """

    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    join_url: str | None
    instructions: str | None
    seat: NewSeat | None = None

    def columns(self) -> dict[str, object]:
        """Give the values of the columns that sessions and groups have of their time and place."""
        return {
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "format": self.format,
            "location_id": self.location_id,
            "join_url": self.join_url,
            "instructions": self.instructions,
        }


class TimeOfEnd(NamedTuple):
    """When a session took place, or would have, at the moment of its end."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class MeetingRequest:
    """A requested start and format. `location_id` is required only if there are several."""

    start: datetime
    format: Format
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class WantedMove:
    """What a move names: another time of a single session, or another group of a seat.

    A group is named by its id, or by its start. Without `group_id` the start and the format are
    set.
    """

    start: datetime | None
    format: Format | None
    location_id: UUID | None = None
    group_id: UUID | None = None

    def for_single(self) -> MeetingRequest:
        """Give the requested meeting of a session that is no seat.

        Raises:
            InvalidInputError: the request names a group, or has no start or format.
        """
        if self.group_id is not None:
            raise InvalidInputError("/group_id", "field.not-a-seat")
        if self.start is None:
            raise InvalidInputError("/start", "input.missing")
        if self.format is None:
            raise InvalidInputError("/format", "input.missing")
        return MeetingRequest(self.start, self.format, self.location_id)


def meeting_of(record: SessionRecord) -> Meeting:
    """Give the current meeting of a session."""
    return Meeting(
        record.starts_at,
        record.ends_at,
        record.format,
        record.location_id,
        record.join_url,
        record.instructions,
    )


def buffers_of(record: SessionRecord) -> Buffers:
    """Give the session's buffers."""
    return Buffers(record.buffer_before_minutes, record.buffer_after_minutes)


def requested_meeting(
    record: SessionRecord,
    requested: MeetingRequest,
    length: timedelta | None = None,
    *,
    under: str = "",
    where: str = "body",
) -> Meeting:
    """Give the meeting of a session after the requested change. `length` defaults to the current.

    `under` and `where` are the place in the request that names format and location.

    Raises:
        InvalidInputError: the request does not name exactly one available format.
    """
    choice = choose_format(record.formats, requested, under=under, where=where)
    length = length or record.ends_at - record.starts_at
    return meeting_at(requested.start, length, choice, record.video_url)


def choose_format(
    offered: Sequence[OfferedFormat],
    requested: MeetingRequest,
    *,
    under: str = "",
    where: str = "body",
) -> OfferedFormat:
    """Find the requested format among those in which the service is available.

    `under` and `where` are the place in the request that names it.

    Raises:
        InvalidInputError: there is no such format, or it has several locations and the request
            names none.
    """
    choices = [choice for choice in offered if choice.kind is requested.format]
    if not choices:
        raise InvalidInputError(f"{under}/format", "field.no-such-format", where=where)
    location = f"{under}/location_id"
    if requested.location_id is not None:
        choices = [
            choice
            for choice in choices
            if choice.location is not None and choice.location.id == requested.location_id
        ]
        if not choices:
            raise InvalidInputError(location, "field.no-such-location-of-service", where=where)
    if len(choices) > 1:
        raise InvalidInputError(location, "field.location-needed", where=where)
    return choices[0]


def meeting_at(
    start: datetime, length: timedelta, choice: OfferedFormat, video_url: str | None
) -> Meeting:
    """Make a meeting at a start, in an available format. Only video has a `join_url`."""
    return Meeting(
        starts_at=start,
        ends_at=start + length,
        format=choice.kind,
        location_id=None if choice.location is None else choice.location.id,
        join_url=video_url if choice.kind is Format.VIDEO else None,
        instructions=choice.instructions,
    )


def is_same_format_and_location(record: SessionRecord, to: Meeting) -> bool:
    """Tell whether a move keeps the session's format and location."""
    return (to.format, to.location_id) == (record.format, record.location_id)


def is_same_time(record: SessionRecord, to: Meeting) -> bool:
    """Tell whether a move keeps the session's start and end, so that it is a change of format."""
    return (to.starts_at, to.ends_at) == (record.starts_at, record.ends_at)


def action_of(record: SessionRecord, to: Meeting) -> Action:
    """Give the policy's action for a move: `RESCHEDULE`, or `CHANGE_FORMAT` at the same time.

    A session that the policy lets its client book again moves, also to its former time.
    """
    is_same = is_same_time(record, to) and not is_bookable_again(record)
    return Action.CHANGE_FORMAT if is_same else Action.RESCHEDULE


def is_bookable_again(record: SessionRecord) -> bool:
    """Tell whether the session has ended, and its policy lets its client book it again."""
    return rebook_until(rules_of(record.policy), record.facts) is not None
