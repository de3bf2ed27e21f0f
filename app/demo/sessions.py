"""Books the demo's sessions: past ones, and future ones before and after each deadline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import transact
from app.demo import MAIN_CLIENT, demo_id, past
from app.demo.bundles import ask_for_another_time, book_classes, book_weekly_series
from app.demo.free_time import FreeTime, Taken
from app.demo.records import (
    AM_PARK,
    ANA_PACKAGE,
    AROHA,
    ASSESSMENT,
    BEN_PACKAGE,
    CAMILLE,
    CLIENTS,
    COACHING,
    FOLLOW_UP,
    HARBOR,
    HARBOR_STREET,
    LENA,
    LUMIERE,
    MASSAGE,
    MAYA,
    OSTEOPATHY,
    PARK,
    PHYSIO,
    PRACTITIONERS,
    REHAB,
    RUE_DES_LILAS,
    TOM,
    DemoPractitioner,
)
from app.demo.waiting import wait_for_earlier_times
from app.domain.session import Format
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.outbox.outbox import MailKind
from app.sessions.commands.book import book_by_staff
from app.sessions.commands.booking import Booking
from app.sessions.commands.cancel import cancel
from app.sessions.commands.confirm import confirm
from app.sessions.commands.orders import ChangeReason, ClientOrder
from app.sessions.read.staff_queries import StaffSession

_PLACES = {HARBOR: HARBOR_STREET, PARK: AM_PARK, LUMIERE: RUE_DES_LILAS}
# What each client of a practice had in the past: with whom, and how many minutes.
_USUAL = {
    HARBOR: (MAYA, FOLLOW_UP, 50),
    PARK: (LENA, PHYSIO, 30),
    LUMIERE: (CAMILLE, OSTEOPATHY, 45),
}
# The clients with the latest sessions wait for earlier ones.
WAITING = 2


class DemoBooker:
    """Books the demo's sessions like the practices' own software. Times are relative to `now`."""

    def __init__(
        self, engine: AsyncEngine, now: datetime, quotes: Quotes, callers: Sequence[Staff]
    ) -> None:
        self._engine = engine
        self._staff = {caller.practice_id: caller for caller in callers}
        self._now = now
        self._quotes = quotes
        self._free = {who.id: FreeTime(ZoneInfo(who.zone), who.weekly) for who in PRACTITIONERS}
        self._of_clients: dict[str, Taken] = {email: [] for _, _, email, _, _ in CLIENTS}

    async def book_all(self) -> list[tuple[UUID, MailKind]]:
        """Book all sessions; return the mails to send: their sessions and kinds, in this order."""
        harbor = self._engine, self._staff[HARBOR], self._now
        of_ana = self._of_clients[MAIN_CLIENT]
        seat = await book_classes(*harbor, self._of_clients)
        free = self._free[AROHA.id]
        await book_weekly_series(*harbor, self._quotes, free=free, of_client=of_ana)
        asked_about = await self._book_the_past()
        assessment = await self._book_main_client()
        mailed = await self._book(MAIN_CLIENT, MAYA, FOLLOW_UP, 50, timedelta(days=4))
        with_maya = {}
        for number, (practice_id, _, email, _, _) in enumerate(CLIENTS):
            if practice_id == HARBOR and email != MAIN_CLIENT:
                ahead = timedelta(days=3 + number)
                with_maya[email] = await self._book(email, MAYA, FOLLOW_UP, 50, ahead)
                await self._book(email, AROHA, COACHING, 45, ahead + timedelta(days=2))
        await self._book_others()
        latest = dict(list(with_maya.items())[-WAITING:])
        of_latest = {email: found.session.id for email, found in latest.items()}
        await wait_for_earlier_times(self._engine, self._now, of_latest)
        asked = [assessment.session.id, with_maya["farid@example.com"].session.id]
        later = [self._now + timedelta(days=days) for days in (14, 15)]
        proposed = [self._free[MAYA.id].pick(day, 80, of_ana) for day in later]
        await ask_for_another_time(*harbor, asked, {assessment.session.id: proposed})
        return [
            (mailed.session.id, "booked"),
            (seat, "booked"),
            (assessment.session.id, "move_request"),
            (asked_about, "fee_waiver_asked"),
        ]

    async def _book_the_past(self) -> UUID:
        """Book past sessions, and return one about whose fee its client asks."""
        for number, (practice_id, _, email, _, _) in enumerate(CLIENTS):
            who, service, minutes = _USUAL[practice_id]
            ago = -timedelta(days=20 - number)
            booked = await self._book(email, who, service, minutes, ago)
            finish = past.miss if email == "emma@example.com" else past.fulfil
            await finish(self._engine, self._staff[practice_id], booked)
        harbor = self._engine, self._staff[HARBOR]
        paid = await self._book(MAIN_CLIENT, MAYA, FOLLOW_UP, 50, -timedelta(days=30))
        await past.settle(*harbor, paid, await past.cancel_late(*harbor, paid))
        forgiven = await self._book("ben@example.com", MAYA, FOLLOW_UP, 50, -timedelta(days=28))
        await past.waive(*harbor, forgiven, await past.miss(*harbor, forgiven))
        missed = await self._book("farid@example.com", MAYA, FOLLOW_UP, 50, -timedelta(days=3))
        asking = Caller(HARBOR, demo_id("farid@example.com"), 0)
        await past.ask_waiver(self._engine, asking, await past.miss(*harbor, missed), self._now)
        return missed.session.id

    async def _book_main_client(self) -> StaffSession:
        """Book the main client's single sessions, and return the assessment."""
        for_ana = partial(self._book, MAIN_CLIENT)
        await for_ana(MAYA, FOLLOW_UP, 50, timedelta(hours=3), format_=Format.PHONE)
        await for_ana(MAYA, FOLLOW_UP, 50, timedelta(days=6), package_id=ANA_PACKAGE)
        await for_ana(TOM, MASSAGE, 60, timedelta(hours=5), format_=Format.IN_PERSON)
        sure = await for_ana(TOM, MASSAGE, 60, timedelta(days=9), format_=Format.IN_PERSON)
        await for_ana(TOM, FOLLOW_UP, 50, timedelta(hours=20), ago=timedelta(minutes=10))
        asked = await for_ana(MAYA, ASSESSMENT, 80, timedelta(days=8), format_=Format.IN_PERSON)
        cancelled = await for_ana(MAYA, FOLLOW_UP, 50, timedelta(days=12), package_id=ANA_PACKAGE)
        await self._cancel(cancelled.session.id)
        await self._confirm(sure.session.id)
        return asked

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
        for email in ("julie@example.com", "lucia@example.com"):
            treatment = partial(self._book, email, CAMILLE, OSTEOPATHY, 45)
            await treatment(timedelta(days=3), format_=Format.IN_PERSON)
            await treatment(timedelta(days=10))

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
        ago: timedelta = timedelta(days=7),
    ) -> StaffSession:
        place = _PLACES[who.practice_id]
        start = self._free[who.id].pick(self._now + ahead, minutes, self._of_clients[email])
        booking = Booking(
            client_id=demo_id(email),
            practitioner_id=who.id,
            service_id=service_id,
            start=start,
            format=format_,
            location_id=place if format_ is Format.IN_PERSON else None,
            package_id=package_id,
        )
        booked_at = min(self._now, start) - ago
        staff = self._staff[who.practice_id]
        booked = await transact(
            self._engine,
            lambda db: book_by_staff(db, staff, booking, force=True, now=booked_at),
        )
        return booked.found

    async def _confirm(self, session_id: UUID) -> None:
        """Let the main client say that they are coming."""
        caller, now = Caller(HARBOR, demo_id(MAIN_CLIENT), 0), self._now - timedelta(hours=3)
        await transact(
            self._engine, lambda db: confirm(db, caller, session_id, if_match=None, now=now)
        )

    async def _cancel(self, session_id: UUID) -> None:
        reason = ChangeReason("family", "My sister is visiting that week.")
        order = ClientOrder(reason, quote=None, if_match=None)
        await transact(
            self._engine,
            lambda db: cancel(
                db,
                Caller(HARBOR, demo_id(MAIN_CLIENT), 0),
                session_id,
                order=order,
                quotes=self._quotes,
                now=self._now - timedelta(days=2),
                credit_grace=timedelta(0),
            ),
        )
