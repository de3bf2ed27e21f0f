"""The sessions of the demo: past, inside and outside of every deadline."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.tokens import Caller
from app.changes.trail import OPERATOR
from app.database.transactions import transact
from app.demo import MAIN_CLIENT, demo_id
from app.demo.records import (
    AM_PARK,
    ANA_PACKAGE,
    AROHA,
    ASSESSMENT,
    BEN_PACKAGE,
    CLIENTS,
    COACHING,
    FOLLOW_UP,
    HARBOR,
    HARBOR_STREET,
    LENA,
    MASSAGE,
    MAYA,
    PHYSIO,
    PRACTITIONERS,
    REHAB,
    TOM,
    DemoPractitioner,
    Weekly,
)
from app.domain.session import Format, Status
from app.sessions import commands
from app.sessions.booking import Booking, book
from app.sessions.models import Session
from app.sessions.quotes import Quotes
from app.sessions.steps import Reason

HALF_HOUR = timedelta(minutes=30)
BREAK = timedelta(minutes=15)


@dataclass
class FreeTime:
    """Finds believable times: inside a practitioner's hours, on the half hour, not yet taken."""

    zone: ZoneInfo
    weekly: Weekly
    taken: list[tuple[datetime, datetime]] = field(default_factory=list)

    def pick(self, after: datetime, minutes: int) -> datetime:
        """Take the first time after an instant that is free for so many minutes."""
        length = timedelta(minutes=minutes) + BREAK
        for start in self._starts(after, minutes):
            if all(start + length <= began or ended <= start for began, ended in self.taken):
                self.taken.append((start, start + length))
                return start
        raise AssertionError  # the hours never end

    def _starts(self, after: datetime, minutes: int) -> Iterator[datetime]:
        start = _next_half_hour(after)
        while True:
            local = start.astimezone(self.zone)
            opens, closes = self.weekly.get(local.isoweekday(), (0, 0))
            minute = local.hour * 60 + local.minute
            if opens * 60 <= minute and minute + minutes <= closes * 60:
                yield start
            start += HALF_HOUR


def _next_half_hour(instant: datetime) -> datetime:
    whole = instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0)
    return whole + HALF_HOUR


class DemoBooker:
    """Books the demo's sessions as of `now`, and remembers their ids."""

    def __init__(self, engine: AsyncEngine, now: datetime, quotes: Quotes) -> None:
        self._engine = engine
        self._now = now
        self._quotes = quotes
        self._free = {who.id: FreeTime(ZoneInfo(who.zone), who.weekly) for who in PRACTITIONERS}

    async def book_all(self) -> UUID:
        """Book everything, and give the id of the session whose mail is sent."""
        await self._book_the_past()
        await self._book_main_client()
        mailed = await self._book(MAIN_CLIENT, MAYA, FOLLOW_UP, 50, timedelta(days=4))
        for number, (practice_id, _, email, _, _) in enumerate(CLIENTS):
            if practice_id == HARBOR and email != MAIN_CLIENT:
                ahead = timedelta(days=3 + number)
                await self._book(email, MAYA, FOLLOW_UP, 50, ahead)
                await self._book(email, AROHA, COACHING, 45, ahead + timedelta(days=2))
        await self._book_others()
        return mailed

    async def _book_the_past(self) -> None:
        for number, (practice_id, _, email, _, _) in enumerate(CLIENTS):
            who, service, minutes = (
                (MAYA, FOLLOW_UP, 50) if practice_id == HARBOR else (LENA, PHYSIO, 30)
            )
            ago = -timedelta(days=20 - number)
            session_id = await self._book(email, who, service, minutes, ago)
            status = Status.NOSHOW if number == 4 else Status.FULFILLED  # noqa: PLR2004
            await self._finish(who.practice_id, session_id, status)

    async def _book_main_client(self) -> None:
        for_ana = partial(self._book, MAIN_CLIENT)
        await for_ana(MAYA, FOLLOW_UP, 50, timedelta(hours=3), format_=Format.PHONE)
        await for_ana(MAYA, FOLLOW_UP, 50, timedelta(days=6), package_id=ANA_PACKAGE)
        await for_ana(TOM, MASSAGE, 60, timedelta(hours=5), format_=Format.IN_PERSON)
        await for_ana(TOM, MASSAGE, 60, timedelta(days=9), format_=Format.IN_PERSON)
        await for_ana(MAYA, ASSESSMENT, 80, timedelta(days=8), format_=Format.IN_PERSON)
        cancelled = await for_ana(MAYA, FOLLOW_UP, 50, timedelta(days=12), package_id=ANA_PACKAGE)
        await self._cancel(cancelled)

    async def _book_others(self) -> None:
        ben, emma = "ben@example.com", "emma@example.com"
        soon = timedelta(minutes=45)
        await self._book(ben, TOM, FOLLOW_UP, 50, soon, package_id=BEN_PACKAGE)
        await self._book(ben, TOM, FOLLOW_UP, 50, timedelta(days=5), package_id=BEN_PACKAGE)
        await self._book(emma, MAYA, FOLLOW_UP, 50, timedelta(hours=4))
        await self._book(emma, TOM, MASSAGE, 60, timedelta(days=7), format_=Format.IN_PERSON)
        for email in ("johanna@example.com", "karl@example.com"):
            await self._book(email, LENA, PHYSIO, 30, timedelta(days=2))
            await self._book(email, LENA, REHAB, 60, timedelta(days=4), format_=Format.IN_PERSON)

    async def _book(
        self,
        email: str,
        who: DemoPractitioner,
        service_id: UUID,
        minutes: int,
        ahead: timedelta,
        *,
        format_: Format = Format.VIDEO,
        package_id: UUID | None = None,
    ) -> UUID:
        place = HARBOR_STREET if who.practice_id == HARBOR else AM_PARK
        start = self._free[who.id].pick(self._now + ahead, minutes)
        booking = Booking(
            client_id=demo_id(email),
            practitioner_id=who.id,
            service_id=service_id,
            start=start,
            format=format_,
            location_id=place if format_ is Format.IN_PERSON else None,
            package_id=package_id,
        )
        booked_at = min(self._now, start) - timedelta(days=7)
        command = partial(
            book,
            practice_id=who.practice_id,
            booking=booking,
            actor=OPERATOR,
            force=True,
            now=booked_at,
        )
        return await transact(self._engine, command)

    async def _cancel(self, session_id: UUID) -> None:
        command = partial(
            commands.cancel,
            caller=Caller(HARBOR, demo_id(MAIN_CLIENT), 0),
            session_id=session_id,
            reason=Reason("family", "My sister is visiting that week."),
            seen=commands.Seen(quote=None, if_match=None),
            quotes=self._quotes,
            now=self._now - timedelta(days=2),
            credit_grace=timedelta(0),
        )
        await transact(self._engine, command)

    async def _finish(self, practice_id: UUID, session_id: UUID, status: Status) -> None:
        statement = (
            update(Session)
            .where(Session.practice_id == practice_id, Session.id == session_id)
            .values(status=status, version=Session.version + 1)
        )
        await transact(self._engine, lambda db: db.execute(statement))
