"""Find the times that were freed, in the audit log; only the worker does this.

The commands that free a time know nothing of the waitlist: what they have committed is in the audit
log. A worker that was away reads on where it stopped, and an entry frees a time only once
(docs/decisions/0038-waitlist.md).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import BY_CLIENT
from app.waitlist.freed_queries import (
    add_freed_times,
    changes_since,
    group_at,
    read_mark,
    set_mark,
    zone_of,
)

# An entry is committed a little later than the instant that it names: read so far back again.
OVERLAP = timedelta(minutes=10)
# Entries of one run; the next run reads on.
AT_ONCE = 1000
# Of time off that was taken away, so many days are offered.
MOST_DAYS = 62


class _Freed(NamedTuple):
    practitioner_id: UUID
    service_id: UUID | None
    session_id: UUID | None
    group_id: UUID | None
    starts_at: datetime
    ends_at: datetime


async def collect_freed_times(
    db: AsyncConnection, practice_id: UUID, *, now: datetime, undo: timedelta
) -> None:
    """Record the times that were freed since the last run, if somebody waits.

    A time that a client has given up is offered when the client can no longer undo that (`undo`
    later). The time itself is open to all at once.
    """
    mark = await read_mark(db, practice_id)
    if mark is None:
        return
    found = await changes_since(db, practice_id, mark - OVERLAP, AT_ONCE)
    rows: list[dict[str, Any]] = []
    for change in found:
        wait = undo if change.actor in BY_CLIENT else timedelta(0)
        freed = [one for one in await _freed_by(db, practice_id, change) if one.ends_at > now]
        times = {"freed_at": change.at, "look_at": change.at + wait}
        rows += [
            {"id": uuid4(), "change_id": change.id, **one._asdict(), **times}
            for one in freed[:MOST_DAYS]
        ]
    await add_freed_times(db, practice_id, rows)
    read_until = found[-1].at if len(found) == AT_ONCE else now
    # So many entries of ten minutes that the next run would begin with the same: step over them.
    is_stuck = len(found) == AT_ONCE and read_until <= mark
    await set_mark(db, practice_id, read_until + OVERLAP if is_stuck else read_until)


async def _freed_by(db: AsyncConnection, practice_id: UUID, change: Any) -> list[_Freed]:  # noqa: ANN401 - a row
    """Give the times that an entry of the audit log has freed."""
    if change.subject == "time_off":
        return await _of_time_off(db, practice_id, change.details)
    if change.subject == "group":
        return _of_group(change)
    of = change.practitioner_id, change.service_id, change.session_id
    if change.kind == "cancelled":
        return [_Freed(*of, change.seat_of, change.starts_at, change.ends_at)]
    if change.old_starts_at is None or change.old_starts_at == change.starts_at:
        return []
    group_id = None
    if change.seat_of is not None:
        group_id = await group_at(db, practice_id, *of[:2], change.old_starts_at)
        if group_id is None:
            return []
    return [_Freed(*of, group_id, change.old_starts_at, change.old_ends_at)]


def _of_group(change: Any) -> list[_Freed]:  # noqa: ANN401 - a row
    """Give the time that a group has given up, or the group itself if it may have more seats."""
    of, details = (change.practitioner_id, change.service_id, None), change.details
    if change.kind == "updated":
        return [_Freed(*of, change.group_id, change.group_start, change.group_end)]
    if change.kind == "cancelled":
        start, end = details["starts_at"], details["ends_at"]
        return [_Freed(*of, None, datetime.fromisoformat(start), datetime.fromisoformat(end))]
    if change.old_starts_at is None or change.old_starts_at == change.group_start:
        return []
    return [_Freed(*of, None, change.old_starts_at, change.old_ends_at)]


async def _of_time_off(
    db: AsyncConnection, practice_id: UUID, details: dict[str, Any]
) -> list[_Freed]:
    """Give the days of time off that was taken away, or that was made shorter."""
    practitioner_id = UUID(details["practitioner_id"])
    now_off = _interval(details)
    before = details.get("before")
    freed = [now_off] if before is None else _without(_interval(before), now_off)
    if not freed:
        return []
    zone = ZoneInfo(await zone_of(db, practice_id, practitioner_id))
    return [
        _Freed(practitioner_id, None, None, None, *day)
        for start, end in freed
        for day in _days(start, end, zone)
    ]


def _interval(details: dict[str, Any]) -> tuple[datetime, datetime]:
    return (
        datetime.fromisoformat(details["starts_at"]),
        datetime.fromisoformat(details["ends_at"]),
    )


def _without(
    before: tuple[datetime, datetime], after: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime]]:
    """Give what is left of an interval without another."""
    parts = [(before[0], min(before[1], after[0])), (max(before[0], after[1]), before[1])]
    return [(start, end) for start, end in parts if start < end]


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Cut an interval at the local midnights."""
    while start < end:
        following = start.astimezone(zone).date() + timedelta(days=1)
        midnight = datetime.combine(following, datetime.min.time(), zone).astimezone(UTC)
        yield start, min(end, midnight)
        start = midnight
