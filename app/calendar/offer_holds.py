"""Hold a time for the client who is asked for it in turn (docs/decisions/0038-waitlist.md).

The holds are rows of `held_times`, so whatever reads what sessions hold reads these too. The writer
has the practitioner's lock.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import overlaps
from app.calendar.spans import spans, spans_of_row
from app.domain.session import Format, Occupancy
from app.tables.held_times import HeldTime

_TICK = timedelta(microseconds=1)


class OfferHold(NamedTuple):
    """The time, or the seat of a group, that an offer keeps free from `held_at` to `last`.

    Exactly at `last` it is still kept.
    """

    offer_id: UUID
    practitioner_id: UUID
    client_id: UUID
    group_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    format: Format
    location_id: UUID | None
    held_at: datetime
    last: datetime


_COLUMNS = set(OfferHold._fields) - {"held_at", "last"}


async def hold_for_offers(
    db: AsyncConnection, practice_id: UUID, holds: Sequence[OfferHold]
) -> None:
    """Hold the times of offers."""
    rows = [
        {
            **{name: value for name, value in hold._asdict().items() if name in _COLUMNS},
            "practice_id": practice_id,
            "id": uuid4(),
            "session_id": None,
            "held_by": "offer",
            "first_held_at": hold.held_at,
            "expires_at": hold.last + _TICK,
            "new_since": hold.held_at,
            "new_count": 1,
            **spans_of_row(hold)._asdict(),
        }
        for hold in holds
    ]
    if rows:
        await db.execute(insert(HeldTime), rows)


async def end_offer_holds(
    db: AsyncConnection, practice_id: UUID, offer_ids: Sequence[UUID]
) -> None:
    """End the holds of offers. Those that hold nothing are left as they are."""
    await db.execute(
        delete(HeldTime).where(
            HeldTime.practice_id == practice_id, HeldTime.offer_id.in_(offer_ids)
        )
    )


async def end_offer_holds_at(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, taken: Occupancy
) -> None:
    """End the holds of offers that are in the way of a time. The worker withdraws the offers."""
    await db.execute(
        delete(HeldTime).where(
            HeldTime.practice_id == practice_id,
            HeldTime.practitioner_id == practitioner_id,
            HeldTime.offer_id.is_not(None),
            HeldTime.group_id.is_(None),
            overlaps(HeldTime, *spans(taken)),
        )
    )


async def end_offer_hold_of_seat(
    db: AsyncConnection, practice_id: UUID, group_id: UUID, now: datetime
) -> None:
    """End the latest hold of an offer of a group's seat, if there is one."""
    latest = (
        select(HeldTime.id)
        .where(
            HeldTime.practice_id == practice_id,
            HeldTime.group_id == group_id,
            HeldTime.offer_id.is_not(None),
            HeldTime.expires_at > now,
        )
        .order_by(HeldTime.first_held_at.desc(), HeldTime.id)
        .limit(1)
    )
    await db.execute(
        delete(HeldTime).where(HeldTime.practice_id == practice_id, HeldTime.id.in_(latest))
    )


async def is_offered_to(
    db: AsyncConnection,
    practice_id: UUID,
    client_id: UUID,
    practitioner_id: UUID,
    group_id: UUID | None,
    starts_at: datetime,
    now: datetime,
) -> bool:
    """Tell whether an offer holds this start, or a seat of this group, for a client at `now`."""
    held = select(HeldTime.id).where(
        HeldTime.practice_id == practice_id,
        HeldTime.client_id == client_id,
        HeldTime.practitioner_id == practitioner_id,
        HeldTime.group_id.is_not_distinct_from(group_id),
        HeldTime.starts_at == starts_at,
        HeldTime.offer_id.is_not(None),
        HeldTime.expires_at > now,
    )
    return (await db.scalar(held.limit(1))) is not None
