"""Find what the worker has to do in the waitlists of all practices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.outbox.due import due_in_open_practices

_WAITING = text(
    "SELECT practice_id FROM practices WHERE closed_at IS NULL AND EXISTS ("
    "SELECT FROM wishes WHERE wishes.practice_id = practices.practice_id AND ended_at IS NULL)"
)
_DUE_TIMES = due_in_open_practices(
    "SELECT practice_id, id FROM freed_times WHERE practice_id = practices.practice_id"
    " AND ended_at IS NULL AND look_at <= :now ORDER BY look_at LIMIT :most"
)
_EXPIRED = due_in_open_practices(
    "SELECT practice_id, id FROM offers WHERE practice_id = practices.practice_id"
    " AND state = 'open' AND answer_by < :now ORDER BY answer_by LIMIT :most"
)
# An offer is gone when its time was taken, with the buffers of both (app/calendar/taken_times.py),
# its group has no seat for it any more, or another time, format or location, or its client has
# another session then, or their own sooner. One of a released time is gone when the release has
# ended; until then the session itself takes the time, or the seat.
_GONE = due_in_open_practices(
    "SELECT o.practice_id, o.id FROM offers o JOIN freed_times f"
    " ON f.practice_id = practices.practice_id AND f.id = o.freed_time_id"
    " JOIN services v ON v.practice_id = practices.practice_id AND v.id = o.service_id"
    " LEFT JOIN sessions m ON m.practice_id = practices.practice_id AND m.id = o.session_id"
    " LEFT JOIN sessions r ON f.released"
    " AND r.practice_id = practices.practice_id AND r.id = f.session_id"
    " WHERE o.practice_id = practices.practice_id"
    " AND o.state = 'open' AND o.answer_by >= :now AND ("
    " f.released AND (f.ended_at IS NOT NULL OR r.release_until IS NULL)"
    " OR m.starts_at <= o.starts_at"
    " OR EXISTS (SELECT FROM sessions c"
    "  WHERE c.practice_id = practices.practice_id AND c.client_id = o.client_id"
    "  AND c.id IS DISTINCT FROM o.session_id"
    "  AND c.starts_at < o.ends_at AND c.taken_until > o.starts_at)"
    " OR o.group_id IS NULL AND EXISTS (SELECT FROM taken_times t"
    "  WHERE t.practice_id = practices.practice_id AND t.practitioner_id = o.practitioner_id"
    "  AND t.session_id IS DISTINCT FROM o.session_id"
    "  AND t.session_id IS DISTINCT FROM r.id"
    "  AND (t.span_before && tstzrange(o.starts_at - make_interval(mins =>"
    "    coalesce(m.buffer_before_minutes, v.buffer_before_minutes)), o.ends_at)"
    "   OR t.span_after && tstzrange(o.starts_at, o.ends_at + make_interval(mins =>"
    "    coalesce(m.buffer_after_minutes, v.buffer_after_minutes)))))"
    " OR o.group_id IS NULL AND EXISTS (SELECT FROM busy_intervals b"
    "  WHERE b.practice_id = practices.practice_id AND b.practitioner_id = o.practitioner_id"
    "  AND b.starts_at < o.ends_at AND b.ends_at > o.starts_at)"
    " OR o.group_id IS NOT NULL AND NOT EXISTS (SELECT FROM groups g"
    "  WHERE g.practice_id = practices.practice_id AND g.id = o.group_id"
    "  AND g.status = 'scheduled' AND g.starts_at = o.starts_at AND g.format = o.format"
    "  AND g.location_id IS NOT DISTINCT FROM o.location_id AND g.seats > ("
    "   SELECT count(s.seat) FROM sessions s WHERE s.practice_id = practices.practice_id"
    "   AND s.group_id = g.id AND s.seat IS NOT NULL AND s.id IS DISTINCT FROM r.id)))"
    " ORDER BY o.answer_by LIMIT :most"
)
_LAPSED = due_in_open_practices(
    "SELECT w.practice_id, w.id FROM wishes w LEFT JOIN sessions s"
    " ON s.practice_id = practices.practice_id AND s.id = w.session_id"
    " WHERE w.practice_id = practices.practice_id AND w.ended_at IS NULL AND ("
    " w.until < :now OR w.session_id IS NOT NULL AND (s.status <> 'booked' OR s.starts_at <= :now)"
    " OR w.session_id IS NULL AND w.group_id IS NOT NULL AND NOT EXISTS ("
    "  SELECT FROM groups g WHERE g.practice_id = practices.practice_id AND g.id = w.group_id"
    "  AND g.status = 'scheduled' AND g.starts_at > :now))"
    " LIMIT :most"
)

_ENDED_RELEASES = due_in_open_practices(
    "SELECT practice_id, id FROM sessions WHERE practice_id = practices.practice_id"
    " AND release_until < :now ORDER BY release_until LIMIT :most"
)


async def list_waiting_practices(db: AsyncConnection) -> list[UUID]:
    """List the open practices in which somebody waits."""
    return list(await db.scalars(_WAITING))


async def list_due_times(db: AsyncConnection, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """List freed times to look at: practice id and id."""
    return await _list(db, _DUE_TIMES, now, most)


async def list_expired_offers(
    db: AsyncConnection, now: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List open offers whose `answer_by` has passed: practice id and id."""
    return await _list(db, _EXPIRED, now, most)


async def list_gone_offers(
    db: AsyncConnection, now: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List open offers that their clients cannot accept any more: practice id and id."""
    return await _list(db, _GONE, now, most)


async def list_lapsed_wishes(
    db: AsyncConnection, now: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List wishes that have lapsed: practice id and id."""
    return await _list(db, _LAPSED, now, most)


async def list_ended_releases(
    db: AsyncConnection, now: datetime, most: int
) -> list[tuple[UUID, UUID]]:
    """List sessions whose released time nobody has taken in time: practice id and session id."""
    return await _list(db, _ENDED_RELEASES, now, most)


async def _list(
    db: AsyncConnection,
    statement: Any,  # noqa: ANN401 - a statement
    now: datetime,
    most: int,
) -> list[tuple[UUID, UUID]]:
    due = await db.execute(statement, {"now": now, "most": most})
    return [(row.practice_id, row.id) for row in due]
