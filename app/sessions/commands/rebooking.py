"""Book a session again that was cancelled or missed (product.md section 10, "Rebooking").

`reschedule` has locked the session, and has checked policy, quote and slot as for any move.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.money import minor_of
from app.domain.policy.decide import counts_as_move
from app.domain.policy.judgement import Judged
from app.domain.policy.rebook import is_rebooking, paid_by_rebooking
from app.outbox.outbox import NewNotification, notifications_about
from app.policies.stored import rules_of
from app.sessions.commands.carried_repository import CarriedRepository
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import finish, new_change
from app.sessions.commands.history_repository import About, HistoryRepository, NewChange
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.orders import ClientOrder, Effect
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.request_repository import end_request
from app.sessions.commands.upcoming import mails_to_come
from app.sessions.read.records import SessionRecord


async def book_again(
    db: AsyncConnection,
    record: SessionRecord,
    to: Meeting,
    judged: Judged,
    *,
    actor: Actor,
    order: ClientOrder,
    now: datetime,
) -> Effect:
    """Write that a client has booked a session again, and queue its notifications.

    By the policy's rule, the cost of the end stands or is credited. If the practice has cancelled
    the session and asks for another time, there was no cost: the credit is taken anew.

    Raises:
        CreditUnavailableError: the package that paid has no usable credit.
    """
    rules, facts = rules_of(record.policy), record.facts
    forgiven = await _pay_again(db, record, now)
    answers = await end_request(db, record, "moved", actor, now)
    sessions = SessionRepository(db, record.practice_id)
    facts = await sessions.move(
        record, to, by_client=True, counted=counts_as_move(rules, facts, now)
    )
    carries = judged.cost.carries
    if carries != record.carried:
        since = record.carried_since or record.version + 1
        await CarriedRepository(db, record.practice_id).set(record.id, carries, since)
    paid = paid_by_rebooking(rules, record.facts, now)
    facts = replace(facts, carried=carries, paid_before=paid)
    change = new_change(
        "rescheduled",
        actor,
        record,
        to=to,
        judged=judged,
        reason=order.reason,
        answers=answers,
        details={"rebooked": record.status, "forgiven_fee": forgiven is not None},
    )
    notifications = [
        *notifications_about("rescheduled", to.starts_at, now),
        *mails_to_come(record, facts, now, confirmed=False),
    ]
    effect = await finish(db, record.practice_id, record.id, change, notifications, now)
    if forgiven is not None:
        booked = replace(change, command_id=effect.command_id)
        await _record_forgiven(db, record, booked, forgiven, now)
    return effect


async def _pay_again(db: AsyncConnection, record: SessionRecord, now: datetime) -> UUID | None:
    """Take a credit anew, and let the cost of the end stand or credit it; give a forgiven fee's id.

    Raises:
        CreditUnavailableError: the package that paid has no usable credit.
    """
    rules, package_credits = rules_of(record.policy), CreditRepository(db, record.practice_id)
    if rules.rebook is None or not is_rebooking(rules, record.facts, now):
        await package_credits.restore(record.id, now)
        return None
    if not rules.rebook.credited:
        await package_credits.replace(record.id, now)
        return None
    await package_credits.restore(record.id, now)
    return await _credit_fee(db, record, now)


async def _credit_fee(db: AsyncConnection, record: SessionRecord, now: datetime) -> UUID | None:
    """Forgive the fee of the end if it is due, and give its id; count it as paid if it is settled.

    The session carries a forgiven fee. What was paid is deducted from a later cancellation. Of a
    cost that was credited, nothing is left that others could refill; a use of the allowance is.
    """
    ended = record.ended
    if ended is None or not ended.has_cost:
        return None
    history = HistoryRepository(db, record.practice_id)
    await history.void_refill(record.id, record.status)
    if ended.due is not None:
        return await history.forgive_fee(record.id, record.status, now)
    paid = paid_by_rebooking(rules_of(record.policy), record.facts, now)
    if paid != record.paid_before:
        sessions = SessionRepository(db, record.practice_id)
        await sessions.set_paid_before(record.id, minor_of(paid))
    return None


async def _record_forgiven(
    db: AsyncConnection, record: SessionRecord, booked: NewChange, fee_id: UUID, now: datetime
) -> None:
    """Record that the fee of the end is forgiven, and tell webhooks. `booked` is the rebooking."""
    assert record.ended is not None  # noqa: S101 - it has a fee
    change = replace(
        booked,
        kind="fee_forgiven",
        judgement=None,
        before=None,
        fee=record.ended.due,
        credit=None,
        reason_code=None,
        note=None,
        details=None,
        answers=None,
        about=About("fee", fee_id),
    )
    event = NewNotification("fee.forgiven", "webhook", booked.after.starts_at, now)
    await finish(db, record.practice_id, record.id, change, [event], now)
