"""Writing sessions of one practice. Nothing here commits, and no statement forgets the tenant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import and_, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.trail import Actor, write_change
from app.domain.errors import NotFoundError
from app.domain.money import Money
from app.domain.policy import Credit
from app.domain.session import Format, Status
from app.practices.models import Client, Package, Practitioner
from app.sessions.models import CreditRedemption, Fee, Session


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


@dataclass(frozen=True, slots=True)
class NewChange:
    """An entry for a session's history. `before` is None for the booking itself."""

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


class SessionRepository:
    """The sessions of one practice, and what hangs on them."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def lock(self, client_id: UUID, session_id: UUID) -> None:
        """Lock the practitioner, then the session, then its client, until the transaction ends.

        The practitioner's lock is the order of everything that takes or frees his time; rows are
        locked in the order in which `of` names them (docs/decisions/0005-overlap.md). The client's
        lock keeps him from moving sessions with two practitioners to one time at once.

        Raises:
            NotFoundError: the client has no such session.
        """
        locked = await self._db.scalar(
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
                Session.practice_id == self._practice_id,
                Session.id == session_id,
                Session.client_id == client_id,
            )
            .with_for_update(key_share=True, of=(Practitioner, Session, Client))
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

    async def move(
        self, session_id: UUID, to: Meeting, buffers: Buffers, *, client_moves: int
    ) -> None:
        """Give a session another time, format or place; version and `SEQUENCE` go up by one."""
        await self._db.execute(
            update(Session)
            .where(Session.practice_id == self._practice_id, Session.id == session_id)
            .values(
                version=Session.version + 1,
                calendar_sequence=Session.calendar_sequence + 1,
                client_moves=Session.client_moves + client_moves,
                **meeting_values(to, buffers),
            )
        )

    async def cancel(self, session_id: UUID) -> None:
        """Free a session's time at once."""
        await self._db.execute(
            update(Session)
            .where(Session.practice_id == self._practice_id, Session.id == session_id)
            .values(
                status=Status.CANCELLED,
                version=Session.version + 1,
                calendar_sequence=Session.calendar_sequence + 1,
            )
        )

    async def return_credit(self, session_id: UUID, now: datetime, grace: timedelta) -> None:
        """Give the credit that pays for a session back to its package, once.

        Where the package has expired, or will within `grace`, the credit stays usable for that
        long (product.md section 10, "Credits").
        """
        package = await self._lock_package(session_id)
        usable_until = None
        if package is not None and package < now + grace:
            usable_until = now + grace
        await self._end_redemption(session_id, returned_at=now, usable_until=usable_until)

    async def forfeit_credit(self, session_id: UUID, now: datetime) -> None:
        """Mark the credit that pays for a session as lost to its client."""
        await self._lock_package(session_id)
        await self._end_redemption(session_id, forfeited_at=now)

    async def _lock_package(self, session_id: UUID) -> datetime | None:
        """Lock the package that pays for a session, and say when it expires."""
        return await self._db.scalar(
            select(Package.expires_at)
            .join(
                CreditRedemption,
                and_(
                    CreditRedemption.practice_id == Package.practice_id,
                    CreditRedemption.package_id == Package.id,
                ),
            )
            .where(
                Package.practice_id == self._practice_id,
                CreditRedemption.session_id == session_id,
                CreditRedemption.returned_at.is_(None),
            )
            .with_for_update(key_share=True, of=Package)
        )

    async def _end_redemption(self, session_id: UUID, **values: object) -> None:
        await self._db.execute(
            update(CreditRedemption)
            .where(
                CreditRedemption.practice_id == self._practice_id,
                CreditRedemption.session_id == session_id,
                CreditRedemption.returned_at.is_(None),
                CreditRedemption.forfeited_at.is_(None),
            )
            .values(**values)
        )

    async def record(self, session_id: UUID, change: NewChange, now: datetime) -> UUID:
        """Add an entry to the history, with its note and its fee, and give its id."""
        before = change.before
        change_id = await write_change(
            self._db,
            self._practice_id,
            change.actor,
            now,
            subject="session",
            subject_id=session_id,
            kind=change.kind,
            note=change.note,
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
        if change.fee is not None:
            await self._record_fee(session_id, change_id, change.fee, now)
        return change_id

    async def _record_fee(
        self, session_id: UUID, change_id: UUID, fee: Money, now: datetime
    ) -> None:
        await self._db.execute(
            insert(Fee).values(
                practice_id=self._practice_id,
                id=uuid4(),
                session_id=session_id,
                change_id=change_id,
                amount_minor=fee.amount_minor,
                currency=fee.currency,
                status="due",
                recorded_at=now,
            )
        )


def meeting_values(meeting: Meeting, buffers: Buffers) -> dict[str, object]:
    """Give the columns of a meeting, with the two ranges that keep it apart from others."""
    before, after = timedelta(minutes=buffers.before), timedelta(minutes=buffers.after)
    return {
        "starts_at": meeting.starts_at,
        "ends_at": meeting.ends_at,
        "span_before": Range(meeting.starts_at - before, meeting.ends_at),
        "span_after": Range(meeting.starts_at, meeting.ends_at + after),
        "format": meeting.format,
        "location_id": meeting.location_id,
        "join_url": meeting.join_url,
        "instructions": meeting.instructions,
    }
