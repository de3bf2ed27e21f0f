"""When and where a session takes place, how to join it, and what is wished for instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.domain.errors import InvalidInputError
from app.domain.policy.rules import Action
from app.domain.session import Format
from app.sessions.read.records import OfferedFormat, SessionRecord


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where and when a session takes place, and how to join."""

    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    join_url: str | None
    instructions: str | None


class Buffers(NamedTuple):
    """Minutes that a session keeps free around itself."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Wish:
    """The time and format wanted instead. The location only where it is needed."""

    start: datetime
    format: Format
    location_id: UUID | None


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


def buffers_of(record: SessionRecord) -> Buffers:
    """Give what a session keeps free around itself."""
    return Buffers(record.buffer_before_minutes, record.buffer_after_minutes)


def wished_meeting(record: SessionRecord, wish: Wish, length: timedelta | None = None) -> Meeting:
    """Put a session to a wished time and format. By default it stays as long as it is.

    Raises:
        InvalidInputError: the wish does not name exactly one format that is on offer.
    """
    choice = choose_format(record.formats, wish)
    length = length or record.ends_at - record.starts_at
    return meeting_at(wish.start, length, choice, record.video_url)


def choose_format(offered: Sequence[OfferedFormat], wish: Wish) -> OfferedFormat:
    """Find the format on offer that is wished for.

    Raises:
        InvalidInputError: there is none, or there are several and the wish does not say which.
    """
    choices = [choice for choice in offered if choice.kind is wish.format]
    if not choices:
        raise InvalidInputError("/format", "field.no-such-format")
    if wish.location_id is not None:
        choices = [
            choice
            for choice in choices
            if choice.location is not None and choice.location.id == wish.location_id
        ]
        if not choices:
            raise InvalidInputError("/location_id", "field.no-such-location-of-service")
    if len(choices) > 1:
        raise InvalidInputError("/location_id", "field.location-needed")
    return choices[0]


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


def is_same_place(record: SessionRecord, to: Meeting) -> bool:
    """Tell whether a move keeps the session's format and location."""
    return (to.format, to.location_id) == (record.format, record.location_id)


def is_same_time(record: SessionRecord, to: Meeting) -> bool:
    """Tell whether a move keeps the session's time: it is then a change of format."""
    return (to.starts_at, to.ends_at) == (record.starts_at, record.ends_at)


def action_of(record: SessionRecord, to: Meeting) -> Action:
    """Name the action that the policy judges: a move, or a change of format."""
    return Action.CHANGE_FORMAT if is_same_time(record, to) else Action.RESCHEDULE
