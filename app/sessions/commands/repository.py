"""Write sessions of one practice, in the caller's transaction; all statements name the practice."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.writing import Write
from app.domain.session import Carried, Status, TakenTime, taken_time
from app.sessions.commands.meeting import Buffers, Meeting, buffers_of
from app.sessions.read.calendar import CalendarOwner
from app.sessions.read.records import SessionRecord
from app.tables.sessions import Session, time_ends

_MEETING = (
    "starts_at",
    "ends_at",
    "span_before",
    "span_after",
    "format",
    "location_id",
    "join_url",
    "instructions",
)
_UPDATE = update(Session).where(
    Session.practice_id == bindparam("of_practice"),
    Session.id == bindparam("session_id"),
)
_CHANGED = _UPDATE.values(version=Session.version + 1)
_MOVED = _CHANGED.values(
    calendar_sequence=Session.calendar_sequence + 1,
    client_moves=Session.client_moves + bindparam("more_moves"),
)
_MOVE = Write(_MOVED, *_MEETING)
_MOVE_AND_RESET_ORIGINAL = Write(_MOVED, *_MEETING, "booked_starts_at")
_SET_STATUS = Write(
    _CHANGED.values(calendar_sequence=Session.calendar_sequence + bindparam("more_sequence")),
    "status",
    "span_before",
    "span_after",
)
_SET_CARRIED = Write(_UPDATE, "carried_fee_minor", "carried_forfeit", "carried_since")


class SessionRepository:
    """Reads and writes for sessions of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def is_taken(self, owner: CalendarOwner, meeting: Meeting, buffers: Buffers) -> bool:
        """Tell whether a meeting overlaps another session of the practitioner or of the client.

        The caller holds the locks. The check on the practitioner is that of the two exclusion
        constraints; the ranges are null if a session takes no time. Two sessions of one client need
        no gap between them.
        """
        requested = meeting_values(meeting, buffers)
        of_practitioner = and_(
            Session.practitioner_id == owner.practitioner_id,
            or_(
                Session.span_before.overlaps(requested["span_before"]),
                Session.span_after.overlaps(requested["span_after"]),
            ),
        )
        of_client = and_(
            Session.client_id == owner.client_id,
            Session.starts_at < meeting.ends_at,
            time_ends(Session) > meeting.starts_at,
        )
        return bool(
            await self._db.scalar(
                select(
                    exists().where(
                        Session.practice_id == self._practice_id,
                        Session.id != owner.session_id,
                        or_(of_practitioner, of_client),
                    )
                )
            )
        )

    async def move(
        self,
        session_id: UUID,
        to: Meeting,
        buffers: Buffers,
        *,
        client_moves: int = 0,
        resets_original: bool = False,
    ) -> None:
        """Set another time, format or location; increments the version and `SEQUENCE`.

        `client_moves` is added to the count of client moves. With `resets_original`,
        `max_days_from_original` counts from the new start from now on.
        """
        moved = {
            "of_practice": self._practice_id,
            "session_id": session_id,
            "more_moves": client_moves,
            **meeting_values(to, buffers),
        }
        if resets_original:
            await _MOVE_AND_RESET_ORIGINAL.run(self._db, moved | {"booked_starts_at": to.starts_at})
        else:
            await _MOVE.run(self._db, moved)

    async def set_carried(
        self, session_id: UUID, carried: Carried | None, since: int | None = None
    ) -> None:
        """Set the carried cost, and the version since which the session has it; None: remove it."""
        fee = None if carried is None else carried.fee
        await _SET_CARRIED.run(
            self._db,
            {
                "of_practice": self._practice_id,
                "session_id": session_id,
                "carried_fee_minor": 0 if fee is None else fee.amount_minor,
                "carried_forfeit": carried is not None and carried.forfeits_credit,
                "carried_since": None if carried is None else since,
            },
        )

    async def set_status(
        self, record: SessionRecord, status: Status, now: datetime, *, in_calendar: bool
    ) -> None:
        """Set the status, and the time that the session takes with it; increments the version.

        `in_calendar`: the change is visible in calendar files, so `SEQUENCE` increases.
        """
        whole = _whole_time(record.starts_at, record.ends_at, buffers_of(record))
        values = {
            "of_practice": self._practice_id,
            "session_id": record.id,
            "status": status,
            "more_sequence": int(in_calendar),
            **_spans(taken_time(status, whole, now)),
        }
        await _SET_STATUS.run(self._db, values)


def meeting_values(meeting: Meeting, buffers: Buffers) -> dict[str, object]:
    """Give the column values of a booked session's meeting, with the ranges that it occupies."""
    return {
        "starts_at": meeting.starts_at,
        "ends_at": meeting.ends_at,
        **_spans(_whole_time(meeting.starts_at, meeting.ends_at, buffers)),
        "format": meeting.format,
        "location_id": meeting.location_id,
        "join_url": meeting.join_url,
        "instructions": meeting.instructions,
    }


def _whole_time(starts_at: datetime, ends_at: datetime, buffers: Buffers) -> TakenTime:
    before, after = timedelta(minutes=buffers.before), timedelta(minutes=buffers.after)
    return TakenTime(starts_at, ends_at, before, after)


def _spans(taken: TakenTime | None) -> dict[str, object]:
    """Give the two ranges of the exclusion constraints; null if the session takes no time."""
    if taken is None:
        return {"span_before": None, "span_after": None}
    return {
        "span_before": Range(taken.start - taken.buffer_before, taken.end),
        "span_after": Range(taken.start, taken.end + taken.buffer_after),
    }
