"""Writing sessions of one practice. Nothing here commits, and no statement forgets the tenant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import and_, bindparam, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.models import Change
from app.changes.trail import Actor, write_change
from app.database.reading import Read
from app.database.writing import Write
from app.domain.errors import NotFoundError
from app.domain.money import Money
from app.domain.policy import Cost, Credit
from app.domain.session import Carried, Format, Status, TakenTime, taken_time
from app.practices.models import Client, Practitioner
from app.sessions.models import Fee, Session, time_ends
from app.sessions.read.records import SessionRecord


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


class Taken(NamedTuple):
    """Time that a session would take, of whom. `by` is the session itself, if it is there yet."""

    practitioner_id: UUID
    client_id: UUID
    meeting: Meeting
    buffers: Buffers
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewChange:
    """An entry for a session's history. `before` is None for the booking itself.

    `of_fee` is the fee that was waived or settled, where that is what was done.
    """

    kind: str
    actor: Actor
    session_version: int
    calendar_sequence: int
    before: Meeting | None
    after: Meeting
    currency: str
    fee: Money | None = None
    credit: Credit | None = None
    reason_code: str | None = None
    note: str | None = None
    details: dict[str, Any] | None = None
    of_fee: UUID | None = None


_LOCKED = (
    select(Session.id)
    .join(
        Practitioner,
        and_(
            Practitioner.practice_id == Session.practice_id,
            Practitioner.id == Session.practitioner_id,
        ),
    )
    .join(
        Client,
        and_(Client.practice_id == Session.practice_id, Client.id == Session.client_id),
    )
    .where(
        Session.practice_id == bindparam("practice_id"),
        Session.id == bindparam("session_id"),
    )
    .with_for_update(key_share=True, of=(Practitioner, Session, Client))
)
_LOCK = Read(_LOCKED)
_LOCK_OF_CLIENT = Read(_LOCKED.where(Session.client_id == bindparam("client_id")))

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
_MOVE_ANEW = Write(_MOVED, *_MEETING, "booked_starts_at")
_SET_STATUS = Write(
    _CHANGED.values(calendar_sequence=Session.calendar_sequence + bindparam("more_sequence")),
    "status",
    "span_before",
    "span_after",
)
_CARRY = Write(_UPDATE, "carried_fee_minor", "carried_forfeit", "carried_since")
_RECORD_FEE = Write(
    insert(Fee),
    "practice_id",
    "id",
    "session_id",
    "change_id",
    "amount_minor",
    "currency",
    "status",
    "recorded_at",
)


class SessionRepository:
    """The sessions of one practice, and what hangs on them."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def lock(self, session_id: UUID, client_id: UUID | None = None) -> None:
        """Lock the practitioner, then the session, then its client, until the transaction ends.

        A session of another client than `client_id` is not found; staff name none.

        The practitioner's lock is the order of everything that takes or frees his time; rows are
        locked in the order in which `of` names them (docs/decisions/0005-overlap.md). The client's
        lock keeps him from moving sessions with two practitioners to one time at once.

        Raises:
            NotFoundError: there is no such session.
        """
        asked = {"practice_id": self._practice_id, "session_id": session_id}
        if client_id is None:
            locked = await _LOCK.one(self._db, asked)
        else:
            locked = await _LOCK_OF_CLIENT.one(self._db, asked | {"client_id": client_id})
        if locked is None:
            raise NotFoundError

    async def lock_client(self, client_id: UUID) -> None:
        """Lock a client's time, after the practitioner's.

        Raises:
            NotFoundError: the practice has no such client.
        """
        locked = await self._db.scalar(
            select(Client.id)
            .where(Client.practice_id == self._practice_id, Client.id == client_id)
            .with_for_update(key_share=True)
        )
        if locked is None:
            raise NotFoundError

    async def lock_practitioner(self, practitioner_id: UUID) -> None:
        """Lock a practitioner's time.

        Raises:
            NotFoundError: the practice has no such practitioner.
        """
        locked = await self._db.scalar(
            select(Practitioner.id)
            .where(
                Practitioner.practice_id == self._practice_id, Practitioner.id == practitioner_id
            )
            .with_for_update(key_share=True)
        )
        if locked is None:
            raise NotFoundError

    async def id_of_ref(self, external_ref: str) -> UUID | None:
        """Find the session that the practice's own software knows by this id."""
        return await self._db.scalar(
            select(Session.id).where(
                Session.practice_id == self._practice_id, Session.external_ref == external_ref
            )
        )

    async def is_taken(self, time: Taken) -> bool:
        """Ask under the locks what the two exclusion constraints would say, and the client's own.

        Both ask the ranges, which are null where a session takes no time. Two sessions of one
        client need no gap between them.
        """
        wished = meeting_values(time.meeting, time.buffers)
        of_practitioner = and_(
            Session.practitioner_id == time.practitioner_id,
            or_(
                Session.span_before.overlaps(wished["span_before"]),
                Session.span_after.overlaps(wished["span_after"]),
            ),
        )
        of_client = and_(
            Session.client_id == time.client_id,
            Session.starts_at < time.meeting.ends_at,
            time_ends(Session) > time.meeting.starts_at,
        )
        return bool(
            await self._db.scalar(
                select(
                    exists().where(
                        Session.practice_id == self._practice_id,
                        Session.id.is_distinct_from(time.by),
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
        """Give a session another time, format or place; version and `SEQUENCE` go up by one.

        `resets_original`: `max_days_from_original` counts from the new start from now on.
        """
        moved = {
            "of_practice": self._practice_id,
            "session_id": session_id,
            "more_moves": client_moves,
            **meeting_values(to, buffers),
        }
        if resets_original:
            await _MOVE_ANEW.run(self._db, moved | {"booked_starts_at": to.starts_at})
        else:
            await _MOVE.run(self._db, moved)

    async def carry(
        self, session_id: UUID, carried: Carried | None, since: int | None = None
    ) -> None:
        """Write what a cancellation costs at least, and since which version; None: nothing."""
        fee = None if carried is None else carried.fee
        await _CARRY.run(
            self._db,
            {
                "of_practice": self._practice_id,
                "session_id": session_id,
                "carried_fee_minor": 0 if fee is None else fee.amount_minor,
                "carried_forfeit": carried is not None and carried.forfeits_credit,
                "carried_since": None if carried is None else since,
            },
        )

    async def cost_of_latest(self, session_id: UUID, kind: str) -> Cost:
        """Give the fee and the credit of the session's latest change of this kind."""
        found = (
            await self._db.execute(
                select(Change.fee_minor, Change.currency, Change.credit)
                .where(
                    Change.practice_id == self._practice_id,
                    Change.session_id == session_id,
                    Change.kind == kind,
                )
                .order_by(Change.session_version.desc())
                .limit(1)
            )
        ).one()
        return Cost(
            fee=None if found.fee_minor is None else Money(found.fee_minor, found.currency),
            credit=None if found.credit is None else Credit(found.credit),
        )

    async def set_status(
        self, record: SessionRecord, status: Status, now: datetime, *, in_calendar: bool
    ) -> None:
        """Give a session another status, and the time that it takes with it.

        `SEQUENCE` goes up where calendars have to know of it.
        """
        buffers = Buffers(record.buffer_before_minutes, record.buffer_after_minutes)
        whole = _whole_time(record.starts_at, record.ends_at, buffers)
        values = {
            "of_practice": self._practice_id,
            "session_id": record.id,
            "status": status,
            "more_sequence": int(in_calendar),
            **_spans(taken_time(status, whole, now)),
        }
        await _SET_STATUS.run(self._db, values)

    async def void_fee(self, session_id: UUID, kind: str, now: datetime) -> bool:
        """Void the fee of the session's latest change of this kind; tell whether there was one."""
        latest = (
            select(Change.id)
            .where(
                Change.practice_id == self._practice_id,
                Change.session_id == session_id,
                Change.kind == kind,
            )
            .order_by(Change.session_version.desc())
            .limit(1)
            .scalar_subquery()
        )
        voided = await self._db.execute(
            update(Fee)
            .where(
                Fee.practice_id == self._practice_id,
                Fee.change_id == latest,
                Fee.status.in_(("due", "settled")),
            )
            .values(status="void", closed_at=now)
            .returning(Fee.id)
        )
        return voided.scalar() is not None

    async def record(self, session_id: UUID, change: NewChange, now: datetime) -> UUID:
        """Add an entry to the history, with its note and its fee, and give its id."""
        before = change.before
        change_id = await write_change(
            self._db,
            self._practice_id,
            change.actor,
            now,
            subject="session" if change.of_fee is None else "fee",
            subject_id=change.of_fee or session_id,
            kind=change.kind,
            note=change.note,
            details=change.details,
            session_id=session_id,
            session_version=change.session_version,
            calendar_sequence=change.calendar_sequence,
            reason_code=change.reason_code,
            old_starts_at=before and before.starts_at,
            old_ends_at=before and before.ends_at,
            old_format=before and before.format,
            old_location_id=before and before.location_id,
            starts_at=change.after.starts_at,
            ends_at=change.after.ends_at,
            format=change.after.format,
            location_id=change.after.location_id,
            join_url=change.after.join_url,
            instructions=change.after.instructions,
            fee_minor=change.fee and change.fee.amount_minor,
            currency=change.currency,
            credit=change.credit,
        )
        if change.fee is not None and change.of_fee is None:
            await self._record_fee(session_id, change_id, change.fee, now)
        return change_id

    async def _record_fee(
        self, session_id: UUID, change_id: UUID, fee: Money, now: datetime
    ) -> None:
        recorded = {
            "practice_id": self._practice_id,
            "id": uuid4(),
            "session_id": session_id,
            "change_id": change_id,
            "amount_minor": fee.amount_minor,
            "currency": fee.currency,
            "status": "due",
            "recorded_at": now,
        }
        await _RECORD_FEE.run(self._db, recorded)


def meeting_values(meeting: Meeting, buffers: Buffers) -> dict[str, object]:
    """Give the columns of a booked session's meeting, with the time that it takes."""
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
    """Give the two ranges that keep a session apart from others; null where it takes no time."""
    if taken is None:
        return {"span_before": None, "span_after": None}
    return {
        "span_before": Range(taken.start - taken.buffer_before, taken.end),
        "span_after": Range(taken.start, taken.end + taken.buffer_after),
    }
