"""Find what a wanted time overlaps (product.md section 10, "Taken time" and "Holds")."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, false, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import held_until
from app.calendar.spans import spans
from app.sessions.commands.meeting import Buffers, Meeting
from app.sessions.commands.repository import whole_time
from app.sessions.read.calendar import CalendarOwner
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime


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
    overlaps: list[ColumnElement[bool]] = []
    held: ColumnElement[Any] = null()
    if buffers is not None:
        before, after = both = spans(whole_time(meeting, buffers))
        held = held_until(owner.practice_id, owner.practitioner_id, owner.own_id, both, now)
        overlaps.append(
            exists().where(
                TakenTime.practice_id == owner.practice_id,
                TakenTime.practitioner_id == owner.practitioner_id,
                TakenTime.id != owner.own_id,
                or_(
                    TakenTime.span_before.overlaps(before),
                    TakenTime.span_after.overlaps(after),
                ),
            )
        )
    if owner.client_id is not None:
        overlaps.append(
            exists().where(
                Session.practice_id == owner.practice_id,
                Session.client_id == owner.client_id,
                Session.id != owner.own_id,
                Session.starts_at < meeting.ends_at,
                Session.taken_until > meeting.starts_at,
            )
        )
    found = await db.execute(select(or_(false(), *overlaps), held))
    return Overlap(*found.one())
