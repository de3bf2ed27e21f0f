"""Completes the demo's past sessions and their fees."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import transact
from app.fees import waiving
from app.fees.commands import settle_fee, waive_fee
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.sessions.commands.attendance import mark_fulfilled, mark_noshow
from app.sessions.commands.cancel import cancel_by_staff
from app.sessions.commands.orders import ChangeReason, StaffOrder, StaffOutcome
from app.sessions.read.staff_queries import StaffSession

LATE = timedelta(hours=3)
AFTERWARDS = timedelta(hours=2)
NEXT_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NO_GRACE = timedelta(0)


async def fulfil(engine: AsyncEngine, staff: Staff, booked: StaffSession) -> None:
    """Mark a session as having taken place."""
    session = booked.session
    now = session.starts_at + AFTERWARDS
    await transact(
        engine,
        lambda db: mark_fulfilled(db, staff, session.id, reason=None, if_match=None, now=now),
    )


async def miss(engine: AsyncEngine, staff: Staff, booked: StaffSession) -> UUID:
    """Mark a session as missed by its client, and return the id of its fee."""
    session, order = booked.session, StaffOrder(None, charged=True, if_match=None)
    now = session.starts_at + AFTERWARDS
    missed = await transact(
        engine,
        lambda db: mark_noshow(db, staff, session.id, order=order, now=now, credit_grace=NO_GRACE),
    )
    return _fee_of(missed)


async def cancel_late(engine: AsyncEngine, staff: Staff, booked: StaffSession) -> UUID:
    """Cancel a session late on behalf of the client, and return the id of its fee."""
    session, now = booked.session, booked.session.starts_at - LATE
    order = StaffOrder(ChangeReason("work", "She called: a meeting."), charged=True, if_match=None)
    cancelled = await transact(
        engine,
        lambda db: cancel_by_staff(
            db, staff, session.id, order=order, now=now, credit_grace=NO_GRACE
        ),
    )
    return _fee_of(cancelled)


async def settle(engine: AsyncEngine, staff: Staff, booked: StaffSession, fee_id: UUID) -> None:
    """Settle a fee, one day after the session."""
    now = booked.session.starts_at + NEXT_DAY
    await transact(
        engine,
        lambda db: settle_fee(db, staff, fee_id, payment_reference="INV-2041", now=now),
    )


async def waive(engine: AsyncEngine, staff: Staff, booked: StaffSession, fee_id: UUID) -> None:
    """Waive a fee, one day after the session."""
    reason = ChangeReason(None, "They were in hospital that day.")
    now = booked.session.starts_at + NEXT_DAY
    await transact(engine, lambda db: waive_fee(db, staff, fee_id, reason=reason, now=now))


async def ask_waiver(engine: AsyncEngine, client: Caller, fee_id: UUID, now: datetime) -> None:
    """Let a client ask the practice to waive a fee, an hour ago. Nobody has answered."""
    note, at = "I was in hospital that day.", now - HOUR
    await transact(engine, lambda db: waiving.ask_waiver(db, client, fee_id, note=note, now=at))


def _fee_of(outcome: StaffOutcome) -> UUID:
    return outcome.found.session.fees[0].id
