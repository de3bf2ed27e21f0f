"""Judge whether a freed time was filled again (product.md section 10, "Refill").

Only the worker does this, once for each cancellation, after the freed start.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import SYSTEM
from app.calendar.locks import lock_session
from app.domain.policy.rules import Credit
from app.domain.refill import find_cover
from app.fees.queries import read_fee
from app.fees.refill_queries import (
    list_due_refills,
    read_others,
    read_pending,
    read_standing,
    session_of_refill,
)
from app.fees.repository import close_due_fee, set_judged
from app.fees.steps import fee_change, tell_client
from app.outbox.due import STILL_WAITING, run_for_due
from app.outbox.outbox import NewNotification
from app.sessions.commands.allowance_repository import give_back_use
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import entry_about, finish
from app.sessions.commands.history_repository import About
from app.sessions.commands.meeting import TimeOfEnd
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord


async def judge_due_refills(engine: AsyncEngine, now: datetime, *, credit_grace: timedelta) -> None:
    """Judge each cancellation whose freed start has passed."""
    await run_for_due(
        engine,
        lambda db, most: list_due_refills(db, now - STILL_WAITING, most),
        lambda db, practice_id, refill_id: judge_refill(
            db, practice_id, refill_id, now=now, credit_grace=credit_grace
        ),
        failure="refill_not_judged",
        id_name="refill_id",
    )


async def judge_refill(
    db: AsyncConnection,
    practice_id: UUID,
    refill_id: UUID,
    *,
    now: datetime,
    credit_grace: timedelta,
) -> None:
    """Forgive what a cancellation cost, if other clients have taken the time. Done once.

    What counts are the sessions that the practitioner had at the freed start, also if this runs
    late. A fee that was settled stays settled, and webhooks are told that it can be paid back. What
    the cancellation has used of the allowance is given back.
    """
    session_id = await session_of_refill(db, practice_id, refill_id)
    await lock_session(db, practice_id, session_id)
    pending = await read_pending(db, practice_id, refill_id)
    if pending is None or now < pending.starts_at:
        return
    others, used = await read_others(db, practice_id, pending)
    standing = await read_standing(db, practice_id, pending)
    cover = find_cover(pending.freed, others, standing, used)
    await set_judged(db, practice_id, refill_id, cover, now)
    if not cover:
        return
    record = await read_session(db, practice_id, session_id)
    about, end = About("refill", refill_id), TimeOfEnd(pending.starts_at, pending.ends_at)
    if await give_back_use(db, practice_id, refill_id, "refill", now):
        change = entry_about(about, "allowance_returned", SYSTEM, record, end=end)
        await tell_client(
            db, record, change, "allowance_returned", "session.allowance_returned", now
        )
    elif pending.fee_id is not None:
        await _forgive(db, record, pending.fee_id, str(pending.fee_status), now)
    elif await CreditRepository(db, practice_id).return_forfeited(
        session_id, pending.freed.cancelled_at, now, credit_grace
    ):
        change = entry_about(
            about, "credit_returned", SYSTEM, record, credit=Credit.RETURNED, end=end
        )
        await tell_client(db, record, change, "credit_returned", "session.credit_returned", now)


async def _forgive(
    db: AsyncConnection, record: SessionRecord, fee_id: UUID, status: str, now: datetime
) -> None:
    """Forgive a fee that is due, or tell that a settled one can be paid back."""
    fee = await read_fee(db, record.practice_id, fee_id)
    if status == "due":
        await close_due_fee(db, record.practice_id, fee_id, "forgiven", now)
        change = fee_change(SYSTEM, fee, record, "fee_forgiven")
        await tell_client(db, record, change, "fee_forgiven", "fee.forgiven", now)
    elif status == "settled":
        change = fee_change(SYSTEM, fee, record, "fee_refundable")
        event = NewNotification("fee.refundable", "webhook", record.starts_at, now)
        await finish(db, record.practice_id, record.id, change, [event], now)
