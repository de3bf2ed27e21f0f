"""Commands on sessions, with the rows that they write."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.database.transactions import transact
from app.domain.history import ChangeKind
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Format, Status
from app.notifications.mail.data import MailData
from app.notifications.mail.queries import load_mail_data
from app.outbox.outbox import (
    REMINDERS,
    Kind,
    NewNotification,
    Recipient,
    queue_notifications,
    reminders,
)
from app.sessions.commands.finish import finish
from app.sessions.commands.history_repository import NewChange
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.queries import read_session
from app.tables.notifications import Notification
from app.tables.sessions import Session
from tests.world import NOW, TestClock, World

START = NOW + timedelta(days=3)
BOTH: tuple[Recipient, ...] = ("client", "practitioner")


class Scenario:
    """Books, moves and cancels sessions of a world."""

    def __init__(self, world: World, clock: TestClock) -> None:
        self.world = world
        self.clock = clock

    async def book(self, start: datetime = START, **values: Any) -> UUID:
        return await self.world.book(start, now=self.clock(), **values)

    async def book_and_confirm(self, start: datetime = START, **values: Any) -> UUID:
        """Book a session, of which everybody was told."""
        session_id = await self.book(start, **values)
        await self.tell_all(session_id)
        return session_id

    async def tell_all(self, session_id: UUID) -> None:
        """Let all mails about a session have left, but for reminders."""
        for row in await self.world.rows(Notification, session_id=session_id, status="pending"):
            if row.kind not in REMINDERS:
                await self.world.change(Notification, row.id, status="sent", attempts=1)

    async def move(
        self,
        session_id: UUID,
        start: datetime,
        *,
        kind: ChangeKind = "rescheduled",
        to_format: Format = Format.VIDEO,
        location_id: UUID | None = None,
        join_url: str | None = "https://video.example/maya",
        **change: Any,
    ) -> None:
        """Move a session, or change its format."""

        async def command(db: AsyncConnection) -> None:
            before = await self._meeting(db, session_id)
            length = before.ends_at - before.starts_at
            after = replace(
                before,
                starts_at=start,
                ends_at=start + length,
                format=to_format,
                location_id=location_id,
                join_url=join_url,
            )
            sessions = SessionRepository(db, self.world.practice_id)
            record = await read_session(db, self.world.practice_id, session_id)
            await sessions.move(record, after, by_client=True)
            await self._tell(db, session_id, kind, before, after, **change)

        await transact(self.world.engine, command)

    async def cancel(self, session_id: UUID, **change: Any) -> None:
        """Cancel a session."""

        async def command(db: AsyncConnection) -> None:
            meeting = await self._meeting(db, session_id)
            sessions = SessionRepository(db, self.world.practice_id)
            record = await read_session(db, self.world.practice_id, session_id)
            await sessions.set_status(record, Status.CANCELLED, self.clock(), in_calendar=True)
            await self._tell(db, session_id, "cancelled", meeting, meeting, **change)

        await transact(self.world.engine, command)

    async def miss(
        self, session_id: UUID, *, fee: Money | None = None, credit: Credit | None = None
    ) -> None:
        """Mark a session as missed, by staff."""
        await self._by_staff(session_id, "noshow", Status.NOSHOW, fee=fee, credit=credit)

    async def restore(
        self, session_id: UUID, *, undone: str = "cancelled", voided_fee: bool = False
    ) -> None:
        """Undo a cancelled or missed session, by staff."""
        details = {"undone": undone, "voided_fee": voided_fee}
        await self._by_staff(session_id, "restored", Status.BOOKED, details=details)

    async def waive(self, session_id: UUID, fee: Money) -> None:
        """Waive a session's fee, without a change to the session."""
        await self._by_staff(session_id, "fee_waived", None, fee=fee)

    async def notification(
        self, session_id: UUID, kind: Kind, recipient: Recipient = "client"
    ) -> UUID:
        """Return the latest notification of a kind."""
        async with self.world.engine.connect() as db:
            found = await db.scalar(
                select(Notification.id)
                .where(
                    Notification.session_id == session_id,
                    Notification.kind == kind,
                    Notification.recipient == recipient,
                )
                .order_by(Notification.starts_at.desc(), Notification.send_at.desc())
            )
        assert found is not None
        return found

    async def mail_data(
        self, session_id: UUID, kind: Kind, recipient: Recipient = "client"
    ) -> MailData:
        """Read a notification with all records that it refers to."""
        notification_id = await self.notification(session_id, kind, recipient)
        async with self.world.engine.connect() as db:
            data = await load_mail_data(db, self.world.practice_id, notification_id)
        assert data is not None
        return data

    async def state(self, notification_id: UUID) -> Row[Any]:
        """Return a notification's row."""
        async with self.world.engine.connect() as db:
            return (
                await db.execute(
                    select(Notification.__table__).where(Notification.id == notification_id)
                )
            ).one()

    async def _by_staff(
        self,
        session_id: UUID,
        kind: Kind,
        status: Status | None,
        *,
        fee: Money | None = None,
        credit: Credit | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        async def command(db: AsyncConnection) -> None:
            practice_id, now = self.world.practice_id, self.clock()
            if status is not None:
                record = await read_session(db, practice_id, session_id)
                sessions = SessionRepository(db, practice_id)
                await sessions.set_status(record, status, now, in_calendar=True)
            wanted = select(Session.__table__).where(Session.id == session_id)
            session = (await db.execute(wanted)).one()
            change_id = await write_change(
                db,
                practice_id,
                Actor("practice", "Front desk"),
                now,
                subject="session",
                subject_id=session_id,
                kind=kind,
                note="Secret words",
                details=details,
                session_id=session_id,
                session_version=session.version,
                calendar_sequence=session.calendar_sequence,
                starts_at=session.starts_at,
                ends_at=session.ends_at,
                format=session.format,
                location_id=session.location_id,
                fee_minor=fee and fee.amount_minor,
                currency=session.currency,
                credit=credit,
            )
            told: tuple[Recipient, ...] = ("client",) if kind == "fee_waived" else BOTH
            notifications = [
                NewNotification(kind, recipient, session.starts_at, now) for recipient in told
            ]
            await queue_notifications(db, practice_id, session_id, change_id, notifications, now)

        await transact(self.world.engine, command)

    async def _meeting(self, db: AsyncConnection, session_id: UUID) -> Meeting:
        row = (await db.execute(select(Session.__table__).where(Session.id == session_id))).one()
        return Meeting(
            row.starts_at,
            row.ends_at,
            Format(row.format),
            row.location_id,
            row.join_url,
            row.instructions,
        )

    async def _tell(
        self,
        db: AsyncConnection,
        session_id: UUID,
        kind: ChangeKind,
        before: Meeting,
        after: Meeting,
        **how: Any,
    ) -> None:
        how = {"actor": "client", "code": "work", "note": "Secret words"} | how
        practice_id, now = self.world.practice_id, self.clock()
        session = (
            await db.execute(select(Session.__table__).where(Session.id == session_id))
        ).one()
        change = NewChange(
            kind,
            Actor(how["actor"]),
            session.version,
            session.calendar_sequence,
            before,
            after,
            "USD",
            how.get("fee"),
            how.get("credit"),
            how["code"],
            how["note"],
            how.get("details"),
        )
        told: Kind = "cancelled" if kind == "cancelled" else "rescheduled"
        notifications = [
            NewNotification(told, recipient, after.starts_at, now) for recipient in BOTH
        ]
        if told != "cancelled":
            notifications += reminders(after.starts_at, [1440], now)
        await finish(db, practice_id, session_id, change, notifications, now)
