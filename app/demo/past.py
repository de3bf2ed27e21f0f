"""What the demo's practices did with their past sessions, and with the fees."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.auth.keys import Staff
from app.database.transactions import transact
from app.fees.commands import settle_fee, waive_fee
from app.sessions.commands import by_staff as commands
from app.sessions.commands.by_staff import Seen, StaffOutcome
from app.sessions.commands.steps import Reason
from app.sessions.read.for_staff import StaffSession

LATE = timedelta(hours=3)
AFTERWARDS = timedelta(hours=2)
NEXT_DAY = timedelta(days=1)


async def fulfil(engine: AsyncEngine, staff: Staff, booked: StaffSession) -> None:
    """Mark a session as having taken place."""
    command = partial(
        commands.mark_fulfilled,
        staff=staff,
        session_id=booked.session.id,
        reason=None,
        if_match=None,
        now=booked.session.starts_at + AFTERWARDS,
    )
    await transact(engine, command)


async def miss(engine: AsyncEngine, staff: Staff, booked: StaffSession) -> UUID:
    """Mark a session as missed by its client, and give the id of its fee."""
    command = partial(
        commands.mark_noshow,
        staff=staff,
        session_id=booked.session.id,
        seen=Seen(None, charged=True, if_match=None),
        now=booked.session.starts_at + AFTERWARDS,
        credit_grace=timedelta(0),
    )
    return _fee_of(await transact(engine, command))


async def cancel_late(engine: AsyncEngine, staff: Staff, booked: StaffSession) -> UUID:
    """Cancel a session late, for a client who called, and give the id of its fee."""
    command = partial(
        commands.cancel,
        staff=staff,
        session_id=booked.session.id,
        seen=Seen(Reason("work", "She called: a meeting."), charged=True, if_match=None),
        now=booked.session.starts_at - LATE,
        credit_grace=timedelta(0),
    )
    return _fee_of(await transact(engine, command))


async def settle(engine: AsyncEngine, staff: Staff, booked: StaffSession, fee_id: UUID) -> None:
    """Write down that a fee was paid, the day after."""
    command = partial(
        settle_fee,
        staff=staff,
        fee_id=fee_id,
        payment_reference="INV-2041",
        now=booked.session.starts_at + NEXT_DAY,
    )
    await transact(engine, command)


async def waive(engine: AsyncEngine, staff: Staff, booked: StaffSession, fee_id: UUID) -> None:
    """Waive a fee, the day after."""
    command = partial(
        waive_fee,
        staff=staff,
        fee_id=fee_id,
        reason=Reason(None, "He was in hospital that day."),
        now=booked.session.starts_at + NEXT_DAY,
    )
    await transact(engine, command)


def _fee_of(outcome: StaffOutcome) -> UUID:
    return outcome.found.fees[0].id
