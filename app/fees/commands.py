"""Commands of staff on a fee that is due: waive it, or settle it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.fees.queries import FeeRecord, read_command_of, read_fee
from app.fees.repository import close_due_fee
from app.fees.steps import fee_change, lock_session_of, tell_client
from app.identity.api_keys.keys import Staff
from app.outbox.outbox import NewNotification
from app.sessions.commands.carried_repository import CarriedRepository
from app.sessions.commands.finish import finish
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.read.queries import read_session


class FeeOutcome(NamedTuple):
    """A fee that was waived or settled, or whose question was asked or answered, and the command.

    `too_early`: it was settled although the practice may collect it only later.
    """

    fee: FeeRecord
    command_id: UUID | None
    too_early: bool = False


async def waive_fee(
    db: AsyncConnection, staff: Staff, fee_id: UUID, *, reason: ChangeReason, now: datetime
) -> FeeOutcome:
    """Waive a fee and notify the client. Waiving a waived fee does nothing.

    The session's carried cost is removed too if the fee belongs to it
    (docs/decisions/0016-carried-cost.md).

    Raises:
        NotFoundError: the practice has no such fee.
        FeeClosedError: the fee is settled, forgiven or void.
        InvalidInputError: see `check_staff_reason`.
    """
    await check_staff_reason(db, staff.practice_id, reason)
    await lock_session_of(db, staff.practice_id, fee_id)
    return await waive_locked(db, staff.practice_id, staff.actor, fee_id, reason=reason, now=now)


async def waive_locked(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    fee_id: UUID,
    *,
    reason: ChangeReason | None,
    now: datetime,
    tells_client: bool = False,
) -> FeeOutcome:
    """Waive a fee whose session the caller has locked; see `waive_fee`.

    An open question of the client is granted. With `tells_client` the note of `reason` is for them.
    """
    if not await close_due_fee(db, practice_id, fee_id, "waived", now):
        return await _read_closed(db, practice_id, fee_id, "fee_waived")
    fee = await read_fee(db, practice_id, fee_id)
    record = await read_session(db, practice_id, fee.session_id)
    # It belongs to the move that carries the cost, or to the end that charged it, as do all fees
    # since that move but those for a change of format.
    if fee.cause != "format_changed":
        await CarriedRepository(db, practice_id).end(fee.session_id, fee.cause_version)
    is_granted = fee.question is not None and fee.question.state == "granted"
    details: dict[str, Any] | None = {"waiver": "granted"} if is_granted else None
    if details is not None and tells_client and reason is not None:
        details["message"] = True
    change = fee_change(actor, fee, record, "fee_waived", reason=reason, details=details)
    effect = await tell_client(db, record, change, "fee_waived", "fee.waived", now)
    return FeeOutcome(fee, effect.command_id)


async def settle_fee(
    db: AsyncConnection, staff: Staff, fee_id: UUID, *, payment_reference: str, now: datetime
) -> FeeOutcome:
    """Record that a fee was paid, with the reference of the payment. Repeating it does nothing.

    An open question of its client about it is void.

    Before `collect_after` this is allowed, and the answer says so: the fee may still be forgiven.

    Raises:
        NotFoundError: the practice has no such fee.
        FeeClosedError: the fee is waived, forgiven or void.
    """
    await lock_session_of(db, staff.practice_id, fee_id)
    values = {"payment_reference": payment_reference}
    if not await close_due_fee(db, staff.practice_id, fee_id, "settled", now, **values):
        return await _read_closed(db, staff.practice_id, fee_id, "fee_settled")
    fee = await read_fee(db, staff.practice_id, fee_id)
    record = await read_session(db, staff.practice_id, fee.session_id)
    change = fee_change(staff.actor, fee, record, "fee_settled", details=values)
    notifications = [NewNotification("fee.settled", "webhook", fee.starts_at, now)]
    effect = await finish(db, staff.practice_id, fee.session_id, change, notifications, now)
    too_early = fee.collect_after is not None and now <= fee.collect_after
    return FeeOutcome(fee, effect.command_id, too_early)


async def _read_closed(
    db: AsyncConnection, practice_id: UUID, fee_id: UUID, kind: str
) -> FeeOutcome:
    """Read a fee that an earlier command closed with an entry of this kind."""
    command_id = await read_command_of(db, practice_id, fee_id, kind)
    return FeeOutcome(await read_fee(db, practice_id, fee_id), command_id)
