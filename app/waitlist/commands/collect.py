"""Find the times that were freed, in the audit log; only the worker does this.

The commands that free a time know nothing of the waitlist: what they have committed is in the audit
log. A worker that was away reads on where it stopped, and an entry frees a time only once
(docs/decisions/0038-waitlist.md).
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import BY_CLIENT
from app.outbox.due import STILL_WAITING
from app.waitlist.commands.schedule_times import SUBJECTS, freed_by_schedule
from app.waitlist.freed_queries import (
    add_freed_times,
    changes_since,
    read_since,
    set_mark,
)
from app.waitlist.schedule_queries import Waited, read_waited

# An entry is committed a little later than the instant that it names: read so far back again.
OVERLAP = timedelta(minutes=10)
# Entries of one run; the next run reads on. A command has written far fewer of one instant.
AT_ONCE = 1000


class _Freed(NamedTuple):
    practitioner_id: UUID
    service_id: UUID | None
    session_id: UUID | None
    group_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    # Of a seat: its group's present end.
    last: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        return (self.last or self.ends_at) <= now

    def columns(self) -> dict[str, Any]:
        values = self._asdict()
        del values["last"]
        return values


async def collect_freed_times(
    db: AsyncConnection, practice_id: UUID, *, now: datetime, undo: timedelta
) -> None:
    """Record the times that were freed since the last run, if somebody waits.

    A time that a client has given up is offered when the client can no longer undo that: after
    `undo`, and `STILL_WAITING`. The time itself is open to all at once.
    """
    since = await read_since(db, practice_id, OVERLAP)
    if since is None:
        return
    found = await changes_since(db, practice_id, since, AT_ONCE)
    waited = None
    if any(change.subject in SUBJECTS for change in found):
        waited = await read_waited(db, practice_id)
    rows: list[dict[str, Any]] = []
    for change in found:
        wait = undo + STILL_WAITING if change.actor in BY_CLIENT else timedelta(0)
        times = {"freed_at": change.at, "look_at": change.at + wait}
        rows += [
            {"id": uuid4(), "change_id": change.id, **one.columns(), **times}
            for one in await _freed_by(db, practice_id, change, waited)
            if not one.is_over(now)
        ]
    await add_freed_times(db, practice_id, rows)
    read_until = found[-1].at if len(found) == AT_ONCE else now
    # So many entries of ten minutes that the next run would begin with the same: step over them.
    is_stuck = len(found) == AT_ONCE and read_until <= since + OVERLAP
    await set_mark(db, practice_id, read_until + OVERLAP if is_stuck else read_until)


async def _freed_by(
    db: AsyncConnection,
    practice_id: UUID,
    change: Any,  # noqa: ANN401 - a row
    waited: Waited | None,
) -> list[_Freed]:
    """Give the times that an entry of the audit log has freed."""
    if waited is not None and change.subject in SUBJECTS:
        times = await freed_by_schedule(db, practice_id, change, waited)
        return [_Freed(owner, None, None, None, *time) for owner, time in times]
    return _of_group(change) if change.subject == "group" else _of_session(change)


def _of_session(change: Any) -> list[_Freed]:  # noqa: ANN401 - a row
    """Give the time, or the seat, that a session has given up.

    A seat is named by its time before the change: that stays the same when its group moves, so an
    entry that is read again frees no other one.
    """
    of = change.practitioner_id, change.service_id, change.session_id
    if change.is_seat:
        # A seat that has moved with its group, or is missed, frees none.
        if change.group_id is None:
            return []
        start = change.old_starts_at or change.starts_at
        end = change.old_ends_at or change.ends_at
        return [_Freed(*of, change.group_id, start, end, change.group_end)]
    if change.kind == "noshow":
        # A session that is missed before its start takes no time.
        is_free = change.at < change.starts_at
        return [_Freed(*of, None, change.starts_at, change.ends_at)] if is_free else []
    if change.kind == "cancelled":
        return [_Freed(*of, None, change.starts_at, change.ends_at)]
    # The end of what was booked again has given up the time already.
    if change.old_starts_at in {None, change.starts_at} or "rebooked" in (change.details or {}):
        return []
    return [_Freed(*of, None, change.old_starts_at, change.old_ends_at)]


def _of_group(change: Any) -> list[_Freed]:  # noqa: ANN401 - a row
    """Give the time that a group has given up, or the group itself if it has more seats."""
    of, details = (change.practitioner_id, change.service_id, None), change.details
    # As the change has left it: the group may have moved since.
    start, end = (datetime.fromisoformat(details[name]) for name in ("starts_at", "ends_at"))
    if change.kind == "updated":
        # An older entry does not say how many seats there were.
        if details["seats"] <= details.get("seats_before", 0):
            return []
        return [_Freed(*of, change.group_id, start, end, change.group_end)]
    if change.kind == "cancelled":
        return [_Freed(*of, None, start, end)]
    if change.old_starts_at in {None, start}:
        return []
    return [_Freed(*of, None, change.old_starts_at, change.old_ends_at)]
