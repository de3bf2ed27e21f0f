"""Write sessions of one practice, in the caller's transaction; all statements name the practice."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    bindparam,
    case,
    func,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import ENDING_OTHERS, ENDING_OWN
from app.calendar.taken_times import FREEING, TAKING_FOR_SESSION, taken_values
from app.database.writing import Write
from app.domain.money import minor_of
from app.domain.policy.after import facts_once_moved
from app.domain.session import Occupancy, SessionFacts, Status, taken_time
from app.policies.stored import frozen_document
from app.sessions.commands.carried_repository import CarriedRepository
from app.sessions.commands.frozen import deadlines_after
from app.sessions.commands.meeting import Buffers, Meeting, NewSeat, buffers_of, meeting_of
from app.sessions.commands.undo_window import StateBefore, Undo
from app.sessions.read.records import SessionRecord
from app.tables.sessions import Session

MEETING = (
    "starts_at",
    "ends_at",
    "taken_until",
    "format",
    "location_id",
    "join_url",
    "instructions",
)
_UPDATE = update(Session).where(
    Session.practice_id == bindparam("of_practice"),
    Session.id == bindparam("session_id"),
)
# Every change says whether its client may take it back, and whether what they have said about
# coming is still true; it ends a release of the time. Other names than the columns': SQLAlchemy
# reserves those.
_CHANGED = _UPDATE.values(
    version=Session.version + 1,
    undo_until=bindparam("new_undo_until", type_=Session.undo_until.type),
    undo=bindparam("new_undo", type_=Session.undo.type),
    absence_change_id=bindparam("new_absence", type_=Session.absence_change_id.type),
    confirmed_at=bindparam("new_confirmed_at", type_=Session.confirmed_at.type),
    release_until=null(),
)
_MOVED = _CHANGED.values(
    calendar_sequence=Session.calendar_sequence + 1,
    client_moves=Session.client_moves + bindparam("more_moves"),
    moved_by_practice=func.coalesce(
        bindparam("by_practice", type_=Boolean), Session.moved_by_practice
    ),
    grace_from=case((bindparam("ends_grace", type_=Boolean), null()), else_=Session.grace_from),
    frozen_deadlines=bindparam("new_deadlines", type_=Session.frozen_deadlines.type),
)
_ENDED = _CHANGED.values(calendar_sequence=Session.calendar_sequence + bindparam("more_sequence"))
# One statement writes a session and the time that it takes from its practitioner. A change ends
# what the session has held, and whoever takes a time ends the holds of it.
_TAKEN, _FREED = TAKING_FOR_SESSION.cte("taken"), FREEING.cte("freed")
_OWN_HOLD_ENDED, _UNHELD = ENDING_OWN.cte("released"), ENDING_OTHERS.cte("unheld")
_MOVED, _ENDED = _MOVED.add_cte(_OWN_HOLD_ENDED), _ENDED.add_cte(_OWN_HOLD_ENDED)
_MOVE = Write(_MOVED.add_cte(_TAKEN, _UNHELD), "status", *MEETING, "booked_starts_at")
_MOVE_WITH_GROUP = Write(_MOVED, *MEETING, "booked_starts_at")
_SEAT = ("group_id", "seat", "buffer_before_minutes", "buffer_after_minutes")
_CHANGE_SEAT = Write(_MOVED, "status", *MEETING, *_SEAT, "booked_starts_at")
_SET_STATUS_AND_TAKE = Write(_ENDED.add_cte(_TAKEN, _UNHELD), "status", "taken_until")
_SET_STATUS_AND_FREE = Write(_ENDED.add_cte(_FREED), "status", "taken_until")
_CANCEL_SEAT = Write(_ENDED.values(seat=null()), "status", "taken_until")
_SET_STATUS_OF_SEAT = Write(_ENDED, "status", "taken_until")
_BEFORE = (
    "status",
    *MEETING,
    "client_moves",
    "moved_by_practice",
    "carried_fee_minor",
    "carried_forfeit",
    "carried_since",
    "series_starts_at",
    "frozen_deadlines",
    "grace_from",
)
_GONE_BACK = _CHANGED.values(calendar_sequence=Session.calendar_sequence + 1).add_cte(
    _OWN_HOLD_ENDED
)
_GO_BACK = Write(_GONE_BACK.add_cte(_TAKEN), *_BEFORE)
_GO_BACK_TO_SEAT = Write(_GONE_BACK, *_BEFORE, *_SEAT)
_SET_RHYTHM = Write(_UPDATE, "series_starts_at")
_SET_ABSENCE = Write(_UPDATE.values(confirmed_at=null()), "absence_change_id")
_SET_CONFIRMED = Write(_UPDATE, "confirmed_at")
_SET_PAID_BEFORE = Write(_UPDATE, "paid_before_minor")


class SessionRepository:
    """Reads and writes for sessions of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def move(
        self,
        record: SessionRecord,
        to: Meeting,
        *,
        by_client: bool | None = None,
        counted: bool = True,
        ends_grace: bool = False,
        undo: Undo | None = None,
    ) -> SessionFacts:
        """Set another time, format or location; increments the version and `SEQUENCE`.

        `by_client`: who has moved it to another start; None: the start stays, or the move
        counts as nobody's (an accepted offer). A client's move that
        is `counted` counts towards the limit. After a move by the practice,
        `max_days_from_original` counts from the new start. A seat takes no time of its
        practitioner: its group does. It moves with its group, or to another group (`to.seat`).
        `ends_grace`: the grace after the booking is over for good. A session that has ended is
        booked by its move, and gets none for that. `undo`: the client may take the move back. Gives
        the session's facts after the move.
        """
        ends_grace |= record.status is not Status.BOOKED
        is_elsewhen = record.status is not Status.BOOKED or to.starts_at != record.starts_at
        frozen = await deadlines_after(self._db, record, to.starts_at, anew=is_elsewhen)
        moved = {
            **self._changed(record, undo, same_time=not is_elsewhen),
            "more_moves": int(by_client is True and counted),
            "by_practice": None if by_client is None else not by_client,
            "ends_grace": ends_grace,
            "booked_starts_at": to.starts_at if by_client is False else record.booked_starts_at,
            "new_deadlines": frozen_document(frozen),
            **meeting_values(to),
        }
        booked = moved | {"status": Status.BOOKED}
        if to.seat is not None:
            await _CHANGE_SEAT.run(self._db, booked | _seat_values(to.seat))
        elif record.group_id is not None:
            await _MOVE_WITH_GROUP.run(self._db, moved)
        else:
            whole = whole_time(to, buffers_of(record))
            await _MOVE.run(self._db, booked | self._taken_by(record, whole))
        return facts_once_moved(
            record.facts, to.starts_at, frozen, by_client=by_client, ends_grace=ends_grace
        )

    async def set_rhythm(self, starts: Mapping[UUID, datetime]) -> None:
        """Set the starts of sessions in the rhythm of their series."""
        rows = [
            {"of_practice": self._practice_id, "session_id": id_, "series_starts_at": start}
            for id_, start in starts.items()
        ]
        await _SET_RHYTHM.run_for_each(self._db, rows)

    async def set_absence(self, session_id: UUID, change_id: UUID) -> None:
        """Set the change with which the client has announced that they cannot come.

        It ends what they have said before: that they are coming.
        """
        values = {
            "of_practice": self._practice_id,
            "session_id": session_id,
            "absence_change_id": change_id,
        }
        await _SET_ABSENCE.run(self._db, values)

    async def set_confirmed(self, session_id: UUID, now: datetime) -> None:
        """Set that the client has said at `now` that they are coming. The version stays."""
        values = {
            "of_practice": self._practice_id,
            "session_id": session_id,
            "confirmed_at": now,
        }
        await _SET_CONFIRMED.run(self._db, values)

    async def set_paid_before(self, session_id: UUID, paid_minor: int) -> None:
        """Set what was paid for ends after which the session was booked again."""
        await _SET_PAID_BEFORE.run(
            self._db,
            {
                "of_practice": self._practice_id,
                "session_id": session_id,
                "paid_before_minor": paid_minor,
            },
        )

    async def set_status(
        self,
        record: SessionRecord,
        status: Status,
        now: datetime,
        *,
        in_calendar: bool,
        undo: Undo | None = None,
    ) -> None:
        """Set the status, and the time that the session takes with it; increments the version.

        `in_calendar`: the change is visible in calendar files, so `SEQUENCE` increases. A seat that
        is cancelled gives up its number; `restore_seat` books it again. `undo`: the client may take
        the change back.
        """
        whole = whole_time(meeting_of(record), buffers_of(record))
        taken = taken_time(status, whole, now)
        values = {
            **self._changed(record, undo, same_time=True, status=status),
            "status": status,
            "more_sequence": int(in_calendar),
            "taken_until": None if taken is None else taken.end,
        }
        if record.group_id is not None:
            if status is Status.CANCELLED:
                await _CANCEL_SEAT.run(self._db, values)
            else:
                await _SET_STATUS_OF_SEAT.run(self._db, values)
        elif taken is None:
            await _SET_STATUS_AND_FREE.run(self._db, values | {"taker_id": record.id})
        else:
            await _SET_STATUS_AND_TAKE.run(self._db, values | self._taken_by(record, taken))

    async def restore_seat(
        self, record: SessionRecord, to: Meeting, seat: NewSeat, *, ends_grace: bool
    ) -> SessionFacts:
        """Book a seat again that was cancelled, or whose group has moved since its end.

        Increments the version and `SEQUENCE`. Gives the session's facts afterwards.

        If the practice has moved the group meanwhile, it has moved the seat, which also ends what
        the seat carries. `ends_grace`: see `move`.
        """
        is_moved = to.starts_at != record.starts_at
        frozen = await deadlines_after(self._db, record, to.starts_at, anew=is_moved)
        values = {
            **self._changed(record, same_time=not is_moved, status=Status.BOOKED),
            "status": Status.BOOKED,
            "more_moves": 0,
            "by_practice": True if is_moved else None,
            "ends_grace": ends_grace,
            "booked_starts_at": to.starts_at if is_moved else record.booked_starts_at,
            "new_deadlines": frozen_document(frozen),
            **meeting_values(to),
            **_seat_values(seat),
        }
        await _CHANGE_SEAT.run(self._db, values)
        facts = facts_once_moved(
            record.facts,
            to.starts_at,
            frozen,
            by_client=False if is_moved else None,
            ends_grace=ends_grace,
        )
        if not is_moved:
            return facts
        await CarriedRepository(self._db, self._practice_id).set(record.id, None)
        return replace(facts, carried=None)

    async def read_undo(self, session_id: UUID) -> dict[str, Any] | None:
        """Read the session before its client's last change; None: it cannot be taken back."""
        state: dict[str, Any] | None = await self._db.scalar(
            select(Session.undo).where(
                Session.practice_id == self._practice_id, Session.id == session_id
            )
        )
        return state

    async def go_back(
        self, record: SessionRecord, before: StateBefore, to: Meeting
    ) -> SessionFacts:
        """Set a session back to the state before its client's last move or change of format.

        `to` is the meeting of then, for a seat with the seat to take. Increments the version and
        `SEQUENCE`. Gives the session's facts afterwards.
        """
        fee = None if before.carried is None else before.carried.fee
        values = {
            **self._changed(record),
            "new_absence": before.absence_change_id,
            "new_confirmed_at": before.confirmed_at,
            "status": Status.BOOKED,
            **meeting_values(to),
            "client_moves": before.client_moves,
            "moved_by_practice": before.moved_by_practice,
            "carried_fee_minor": minor_of(fee),
            "carried_forfeit": before.carried is not None and before.carried.forfeits_credit,
            "carried_since": before.carried_since,
            "series_starts_at": before.series_starts_at,
            "frozen_deadlines": frozen_document(before.frozen_deadlines),
            "grace_from": before.grace_from,
        }
        if to.seat is None:
            whole = whole_time(to, buffers_of(record))
            await _GO_BACK.run(self._db, values | self._taken_by(record, whole))
        else:
            await _GO_BACK_TO_SEAT.run(self._db, values | _seat_values(to.seat))
        facts = facts_once_moved(record.facts, to.starts_at, before.frozen_deadlines)
        return replace(
            facts,
            moved_by_practice=before.moved_by_practice,
            carried=before.carried,
            grace_from=before.grace_from,
        )

    def _changed(
        self,
        record: SessionRecord,
        undo: Undo | None = None,
        *,
        same_time: bool = False,
        status: Status | None = None,
    ) -> dict[str, object]:
        """Give the parameters of every statement that makes a new version of a session.

        `same_time`: it keeps its start, so what its client has said about coming may still be true.
        `status` is the new one; None: it stays booked.
        """
        absence = None if record.absence is None else record.absence.change_id
        is_absent = same_time and status is not Status.BOOKED
        is_coming = same_time and status is not Status.CANCELLED
        return {
            "new_absence": absence if is_absent else None,
            "new_confirmed_at": record.confirmed_at if is_coming else None,
            "of_practice": self._practice_id,
            "session_id": record.id,
            "new_undo_until": None if undo is None else undo.until,
            "new_undo": None if undo is None else undo.state,
        }

    def _taken_by(self, record: SessionRecord, taken: Occupancy) -> dict[str, object]:
        return taken_values(self._practice_id, record.practitioner_id, record.id, taken)


def meeting_values(meeting: Meeting) -> dict[str, object]:
    """Give the column values of a booked session's meeting."""
    return {**meeting.columns(), "taken_until": meeting.ends_at}


def _seat_values(seat: NewSeat) -> dict[str, object]:
    return {"group_id": seat.group_id, "seat": seat.number, **seat.buffers.columns()}


def whole_time(meeting: Meeting, buffers: Buffers) -> Occupancy:
    """Give the time that a meeting takes while it is booked."""
    before, after = timedelta(minutes=buffers.before), timedelta(minutes=buffers.after)
    return Occupancy(meeting.starts_at, meeting.ends_at, before, after)
