"""Find what a wanted time overlaps (product.md section 10, "Taken time" and "Holds")."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Uuid, bindparam, exists, or_, select
from sqlalchemy.dialects.postgresql import TSTZRANGE
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import HELD_UNTIL, overlaps
from app.calendar.spans import spans
from app.database.statements import Read
from app.sessions.commands.meeting import Buffers, Meeting
from app.sessions.commands.repository import whole_time
from app.sessions.read.calendar import CalendarOwner
from app.tables.joins import PRACTICE, of_practice
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime

_OWN = bindparam("own_id", type_=Uuid)
# A null `practitioner_id` or `client_id`: nobody's time is compared.
_OF_PRACTITIONER = exists().where(
    of_practice(
        PRACTICE,
        TakenTime,
        TakenTime.practitioner_id == bindparam("practitioner_id", type_=Uuid),
        TakenTime.id != _OWN,
        overlaps(
            TakenTime,
            bindparam("span_before", type_=TSTZRANGE),
            bindparam("span_after", type_=TSTZRANGE),
        ),
    )
)
_OF_CLIENT = exists().where(
    of_practice(
        PRACTICE,
        Session,
        Session.client_id == bindparam("client_id", type_=Uuid),
        Session.id != _OWN,
        Session.starts_at < bindparam("ends_at"),
        Session.taken_until > bindparam("starts_at"),
    )
)
_OVERLAP = Read(
    select(or_(_OF_PRACTITIONER, _OF_CLIENT).label("is_taken"), HELD_UNTIL.label("held_until"))
)


class Overlap(NamedTuple):
    """What overlaps a meeting: time that is taken, or time that others hold, until an instant."""

    is_taken: bool
    held_until: datetime | None


async def find_overlap(
    db: AsyncConnection,
    owner: CalendarOwner,
    meeting: Meeting,
    buffers: Buffers | None,
    now: datetime,
) -> Overlap:
    """Find what a meeting overlaps: time of the practitioner or of the client.

    Of the practitioner it may be taken, or held at `now` by another session.

    `buffers` None: the meeting is a seat of a group, which takes no time of the practitioner.
    Two sessions of one client need no gap between them. The caller holds the locks. The check
    on the practitioner is that of the two exclusion constraints.
    """
    before, after = (None, None) if buffers is None else spans(whole_time(meeting, buffers))
    (row,) = await _OVERLAP.rows(
        db,
        {
            "practice_id": owner.practice_id,
            "practitioner_id": None if buffers is None else owner.practitioner_id,
            "client_id": owner.client_id,
            "own_id": owner.own_id,
            "starts_at": meeting.starts_at,
            "ends_at": meeting.ends_at,
            "span_before": before,
            "span_after": after,
            "now": now,
        },
    )
    return Overlap(**row)
