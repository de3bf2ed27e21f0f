"""Read and write freed times of one practice, and the audit log in which they are found."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, cast, false, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import IMPORTED, LEFT_GROUP, Actor
from app.domain.errors import NotFoundError
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.held_times import HeldTime
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime as FreedTimeTable
from app.tables.waitlist import Offer, WaitlistMark, Wish
from app.waitlist.records import FreedTime

# Kinds of entries after which a session is no longer at a time.
_OF_SESSIONS = ("cancelled", "noshow", "rescheduled", "restored")
# Subjects whose entries say in `freed` what they have freed, if anything.
_OF_SCHEDULES = ("busy_intervals", "holidays", "hours_override", "working_hours")

_FREEING = (
    (Change.subject == "session") & Change.kind.in_(_OF_SESSIONS)
    | (Change.subject == "group") & Change.kind.in_(("cancelled", "moved", "updated"))
    | (Change.subject == "time_off") & Change.kind.in_(("deleted", "updated"))
    | Change.subject.in_(_OF_SCHEDULES) & Change.details.has_key("freed")
)

# Two times that are so far apart are in different weeks, also with a change of the clocks between.
_IN_ANOTHER_WEEK = timedelta(days=8)

# Rows of one statement, which can have 32,767 parameters.
_AT_ONCE = 1000


async def read_freed_time(db: AsyncConnection, practice_id: UUID, freed_time_id: UUID) -> FreedTime:
    """Read a freed time; a seat is at the present time of its group.

    Raises:
        NotFoundError: the practice has no such freed time.
    """
    at_group = {
        name: func.coalesce(getattr(Group, name), getattr(FreedTimeTable, name))
        for name in ("starts_at", "ends_at")
    }
    columns: list[Any] = [
        at_group.get(name, getattr(FreedTimeTable, name)) for name in FreedTime.__slots__
    ]
    found = await db.execute(
        select(*columns)
        .select_from(FreedTimeTable)
        .outerjoin(Group, of_practice(practice_id, Group, Group.id == FreedTimeTable.group_id))
        .where(of_practice(practice_id, FreedTimeTable, FreedTimeTable.id == freed_time_id))
    )
    row = found.one_or_none()
    if row is None:
        raise NotFoundError
    return FreedTime(*row)


async def held_until(db: AsyncConnection, freed: FreedTime, now: datetime) -> datetime | None:
    """Read when the first hold ends that may be in the way of a freed time, or of a seat of it.

    None: there is none. A time that is held elsewhere may be in the way too, with its buffers, or
    because it counts in the practitioner's limits of that day and week.
    """
    held = HeldTime
    place = held.group_id == freed.group_id
    if freed.group_id is None:
        place = and_(
            held.group_id.is_(None),
            held.practitioner_id == freed.practitioner_id,
            held.starts_at < freed.ends_at + _IN_ANOTHER_WEEK,
            held.ends_at > freed.starts_at - _IN_ANOTHER_WEEK,
        )
    found: datetime | None = await db.scalar(
        select(func.min(held.expires_at)).where(
            of_practice(freed.practice_id, held, place, held.expires_at > now)
        )
    )
    return found


async def read_released(
    db: AsyncConnection, practice_id: UUID, session_id: UUID
) -> FreedTime | None:
    """Read the released time of a session that has not ended; None: there is none."""
    found = await db.scalar(
        select(FreedTimeTable.id).where(
            of_practice(
                practice_id,
                FreedTimeTable,
                FreedTimeTable.session_id == session_id,
                FreedTimeTable.released,
                FreedTimeTable.ended_at.is_(None),
            )
        )
    )
    return None if found is None else await read_freed_time(db, practice_id, found)


async def read_release_end(db: AsyncConnection, freed: FreedTime) -> datetime | None:
    """Read until when a released time can be taken; None: its release has ended.

    The caller holds the practitioner's lock: every change of the session ends the release.
    """
    if not freed.released or freed.ended_at is not None:
        return None
    found: datetime | None = await db.scalar(
        select(Session.release_until).where(
            of_practice(freed.practice_id, Session, Session.id == freed.session_id)
        )
    )
    return found


async def read_releaser(db: AsyncConnection, freed: FreedTime) -> Actor:
    """Read who has released a time: its client, signed in or with a link."""
    kind: Any = await db.scalar(
        select(Change.actor).where(
            of_practice(freed.practice_id, Change, Change.id == freed.change_id)
        )
    )
    return Actor(kind)


async def count_refused(db: AsyncConnection, practice_id: UUID, freed_time_id: UUID) -> int:
    """Count the offers of a freed time that somebody was asked for and did not accept."""
    found = await db.scalar(
        select(func.count()).where(
            of_practice(
                practice_id,
                Offer,
                Offer.freed_time_id == freed_time_id,
                Offer.state.in_(("declined", "expired")),
            )
        )
    )
    return found or 0


async def read_since(db: AsyncConnection, practice_id: UUID, overlap: timedelta) -> datetime | None:
    """Read from when on the audit log must be searched for freed times; None: nobody waits.

    That is `overlap` before the instant up to which it was read. What was freed before the first of
    those who wait has made their wish is not offered.
    """
    first = select(func.min(Wish.made_at)).where(
        of_practice(practice_id, Wish, Wish.ended_at.is_(None))
    )
    mark = select(WaitlistMark.read_until).where(of_practice(practice_id, WaitlistMark))
    row = (
        await db.execute(
            select(first.scalar_subquery().label("first"), mark.scalar_subquery().label("mark"))
        )
    ).one()
    if row.first is None:
        return None
    found: datetime = row.first if row.mark is None else max(row.first, row.mark - overlap)
    return found


async def changes_since(
    db: AsyncConnection, practice_id: UUID, since: datetime, most: int
) -> list[Any]:
    """Read the entries of the audit log that can have freed a time, from an instant on, in order.

    What an import has written is no change of now: nobody is told of it.

    `practitioner_id` and `service_id` are those of the session, or of the group. The group is the
    one that was changed, or that the seat has left, as it is now. `is_seat`: the session is one.
    """
    left_group = cast(Change.details[LEFT_GROUP].astext, Uuid)
    found = await db.execute(
        select(
            Change.id,
            Change.subject,
            Change.subject_id,
            Change.kind,
            Change.actor,
            Change.at,
            Change.session_id,
            Change.starts_at,
            Change.ends_at,
            Change.old_starts_at,
            Change.old_ends_at,
            Change.details,
            func.coalesce(Session.practitioner_id, Group.practitioner_id).label("practitioner_id"),
            func.coalesce(Session.service_id, Group.service_id).label("service_id"),
            Session.group_id.is_not(None).label("is_seat"),
            Group.id.label("group_id"),
            Group.ends_at.label("group_end"),
        )
        .select_from(Change)
        .outerjoin(Session, and_(referred(Session, Change.session_id), Change.subject == "session"))
        .outerjoin(Group, referred(Group, func.coalesce(left_group, Change.subject_id)))
        .where(
            of_practice(
                PRACTICE,
                Change,
                Change.at >= since,
                ~func.coalesce(Change.details.contains(IMPORTED), false()),
                _FREEING,
            )
        )
        .order_by(Change.at, Change.id)
        .limit(most),
        {"practice_id": practice_id},
    )
    return list(found.all())


async def add_freed_times(
    db: AsyncConnection, practice_id: UUID, rows: list[dict[str, Any]]
) -> None:
    """Insert freed times; those that are known already are left as they are."""
    for first in range(0, len(rows), _AT_ONCE):
        part = rows[first : first + _AT_ONCE]
        await db.execute(
            insert(FreedTimeTable)
            .values([{"practice_id": practice_id, **row} for row in part])
            .on_conflict_do_nothing()
        )


async def set_mark(db: AsyncConnection, practice_id: UUID, read_until: datetime) -> None:
    """Record how far the audit log was read."""
    mark = insert(WaitlistMark).values(practice_id=practice_id, read_until=read_until)
    await db.execute(
        mark.on_conflict_do_update(
            index_elements=["practice_id"],
            set_={"read_until": func.greatest(WaitlistMark.read_until, read_until)},
        )
    )
